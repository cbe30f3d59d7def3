//! An npz of images without its pixels.

use std::path::Path;

use super::images::Images;
use crate::arrays::{Archive, NpzError};
use crate::factorial::{Factorial, FactorialKeys};
use crate::space::FactorSpace;

/// What an npz of images says of them before any is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpzOutline {
    space: FactorSpace,
    shape: [usize; 3],
    image_bytes: u64,
    notes: Vec<String>,
}

impl NpzOutline {
    /// Reads the table of factor values, and the header of the images.
    ///
    /// # Errors
    /// As [`NpzObservations::open`](crate::NpzObservations::open), but for what only the pixels show.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NpzError> {
        let mut archive = Archive::open(path.as_ref())?;
        let factorial = Factorial::read(&mut archive, FactorialKeys::OFFICIAL)?;
        let (layout, image_bytes) = Images::look(&mut archive, factorial.point_of_row.len())?;
        Ok(Self {
            space: factorial.space,
            shape: layout.shape(),
            image_bytes,
            notes: layout.note().into_iter().collect(),
        })
    }

    /// The factors.
    #[must_use]
    pub fn space(&self) -> &FactorSpace {
        &self.space
    }

    /// `[height, width, channels]` of every image, in pixels.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Bytes that the images take in the file, unpacked: what reading them takes time for.
    #[must_use]
    pub fn image_bytes(&self) -> u64 {
        self.image_bytes
    }

    /// A sentence for each thing that is not as it usually is, as far as the headers show it.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }
}
