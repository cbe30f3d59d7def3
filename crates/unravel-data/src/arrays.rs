//! NumPy's files, read with care: `.npy` is one array, `.npz` a zip archive of them.
//!
//! A file may come from a stranger. Nothing in it is executed (arrays of pickled objects are refused), and every size
//! that it claims is compared with the bytes that are there before memory is taken, and what it unpacks to with the
//! memory that is left ([`free_memory`](crate::free_memory)). Stored and deflated archives are read, headers of versions 1 to 3, little-endian
//! elements, rows or (of a matrix) columns first.
//!
//! [`ArrayFile::open`] finds out what a file is, [`ArrayFile::of_stream`] what a pipe brings, and [`FileKind`] what it is if it is
//! none of these. An [`Archive`] returns an [`ArrayReader`] for each key, whose elements are read once, as
//! [`ArrayReader::values`] of one type, as [`ArrayReader::integers`], as [`ArrayReader::floats`] or
//! [`ArrayReader::rounded`]. [`Header`] is also for writing.
//!
//! ```no_run
//! use std::path::Path;
//! use unravel_data::arrays::Archive;
//!
//! let mut archive = Archive::open(Path::new("dsprites.npz"))?;
//! let classes = archive.array("latents_classes")?;
//! let [n_rows, n_columns] = classes.axes("[images, factors]")?;
//! let classes = classes.integers()?;
//! assert_eq!(classes.len(), n_rows * n_columns);
//! # Ok::<(), unravel_data::NpzError>(())
//! ```

mod archive;
mod elements;
mod fault;
mod file;
mod header;
mod kind;
mod open;
mod place;
mod reader;
mod rounding;
#[cfg(test)]
pub(crate) mod sample;
mod stream;
mod tail;

pub use archive::Archive;
pub use elements::Element;
pub(crate) use elements::of_type;
pub use fault::{ArrayFault, NpzError};
pub use file::ArrayFile;
pub use header::{Header, HeaderFault};
pub use kind::FileKind;
pub use place::ArrayPlace;
pub use reader::ArrayReader;
pub use rounding::Rounding;
pub use stream::MAX_STREAM_BYTES;
