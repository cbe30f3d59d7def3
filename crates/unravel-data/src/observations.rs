//! What every dataset offers: an image for each point of a factor space.

use crate::space::FactorSpace;

/// One image for every point of a complete factor space.
///
/// The image of a point is always the same: no noise, no state, any number of threads.
pub trait Observations: Send + Sync {
    /// The factors, and so the points.
    fn space(&self) -> &FactorSpace;

    /// `[height, width, channels]` of every image, in pixels.
    fn shape(&self) -> [usize; 3];

    /// Writes the image of point `index`, row by row, channels last, values in `0.0..=1.0`.
    ///
    /// # Panics
    /// When `index` is no point of the space or `out` is not height * width * channels long.
    fn write(&self, index: usize, out: &mut [f32]);

    /// What the images are, as one word: a versioned name or a hash of the pixels.
    ///
    /// Equal contents mean equal images at equal points.
    fn content(&self) -> &str;

    /// A sentence for each thing about the images that whoever trains on them should know: how they were read where that is
    /// not the usual way, and that they are all alike.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// Bytes of memory that the images take, on the host, as long as the observations live; 0 where each is made as it is
    /// asked for.
    fn held_bytes(&self) -> u64 {
        0
    }

    /// The packed view of images whose values are 0 and 1 only; `None` for all others.
    fn packed(&self) -> Option<&dyn PackedObservations> {
        None
    }

    /// Values in an image: height * width * channels.
    fn n_pixels(&self) -> usize {
        self.shape().iter().product()
    }
}

/// Images of zeros and ones, as bits: a 32nd of the floats, to unpack where they are used.
pub trait PackedObservations: Send + Sync {
    /// Words in an image: its number of values over 64, rounded up.
    fn n_words(&self) -> usize;

    /// Writes the image of point `index`: value `p` of [`Observations::write`] is bit `p % 64`,
    /// counted from the lowest, of word `p / 64`. Bits past the last value are 0.
    ///
    /// # Panics
    /// When `index` is no point of the space or `out` is not [`Self::n_words`] long.
    fn write_packed(&self, index: usize, out: &mut [u64]);
}
