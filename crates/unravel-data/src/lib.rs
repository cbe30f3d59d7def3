//! Factor spaces, and dSprites rendered, read from and written to the official npz.

mod bits;
mod dataset;
mod dsprites;
mod grid;
mod observations;
mod space;

pub use dataset::Dataset;
pub use dsprites::Dsprites;
pub use grid::{Grid, GridError};
pub use observations::{Observations, PackedObservations};
pub use space::{Factor, FactorSpace, SpaceError};
