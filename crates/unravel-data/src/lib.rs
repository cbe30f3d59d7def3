//! Factor spaces and the images on them.
//!
//! - [`FactorSpace`]: ground-truth factors and the numbering of their combinations; [`Grid`]: a
//!   complete, evenly spaced part of one, on which a sweep trains and scores.
//! - [`Observations`]: an image for every point, from [`Dsprites`], which renders the dataset as
//!   it is asked for, or its coloured or noisy [`DspritesVariant`], or from [`NpzObservations`], which reads it, or any other complete factorial,
//!   from a file. [`Dataset`] is observations on a grid.
//! - [`arrays`]: NumPy's files read with care; [`Factorial`]: the grid that a table of factor values spans; [`Labels`]: any
//!   table of them.
//! - [`export_npz`], [`verify_npz`] and [`preview`]: the official npz written and checked, and a
//!   picture of it.
//!
//! Images are `[height, width, channels]`, channels last, values in 0 to 1. The crate knows
//! nothing of tensors, models or sweeps and prints nothing; its only random numbers are the colours
//! and the noise of the variants, the same for an image at all times.
//!
//! ```
//! use std::{collections::BTreeMap, sync::Arc};
//! use unravel_data::{Dataset, Dsprites, FactorSpace, Grid};
//!
//! let keep = BTreeMap::from([("orientation".to_owned(), 10)]);
//! let grid = Grid::keep(FactorSpace::dsprites(), &keep)?;
//! assert_eq!(grid.name(), "3x6x10x32x32");
//! let dataset = Dataset::new(Arc::new(Dsprites::new()), grid);
//! let mut batch = vec![0.0; 2 * dataset.n_pixels()];
//! dataset.write_batch(&[0, 184_319], &mut batch);
//! # Ok::<(), unravel_data::GridError>(())
//! ```

pub mod arrays;
mod bits;
mod dataset;
mod dsprites;
mod export;
mod factorial;
mod fails_once;
pub mod free_memory;
mod grid;
mod named_arrays;
mod npz;
mod observations;
mod preview;
mod space;
mod target;
mod variants;
mod verify;

pub use arrays::{ArrayFault, FileKind, NpzError};
pub use dataset::Dataset;
pub use dsprites::Dsprites;
pub use export::{ExportError, export_npz};
pub use factorial::{Factorial, FactorialKeys, Labels, Merge};
pub use fails_once::FailsOnce;
pub use grid::{Grid, GridError};
pub use named_arrays::{Array, Arrays};
pub use npz::{NpzObservations, NpzOutline};
pub use observations::{Observations, PackedObservations};
pub use preview::{Sheet, preview};
pub use space::{Factor, FactorSpace, SpaceError};
pub use target::check_replaceable;
pub use variants::DspritesVariant;
pub use verify::{Verification, verify_npz};
