//! dSprites, rendered: 737,280 images of 64x64 black and white pixels, drawn when asked for.
//!
//! Dataset: Matthey, Higgins, Hassabis and Lerchner, "dSprites: Disentanglement testing Sprites
//! dataset", 2017. A sprite is one of three polygons, scaled, turned and moved; its vertices are
//! snapped to 1/256 pixel and the pixels whose centres are inside are on, without anti-aliasing.
//! Every real image that the rendering was held against, several hundred, agrees in each pixel; of
//! the whole dataset some tens of images may differ by a pixel ([`crate::verify_npz`] counts them).

mod fill;
pub(crate) mod latents;
mod outline;

#[cfg(test)]
mod check_values;

use crate::bits;
use crate::observations::{Observations, PackedObservations};
use crate::space::FactorSpace;
use outline::{HEART_VERTICES, Outline, STEPS};

/// Side of an image, in pixels.
pub(crate) const SIDE: usize = 64;

/// Number of images.
pub(crate) const N_IMAGES: usize = 737_280;

/// Positions along each axis.
const N_POSITIONS: usize = 32;

/// Changes whenever a pixel of any image does.
const CONTENT: &str = "dsprites-rendered-1";

/// The rendered dSprites.
///
/// An image costs about a microsecond; the 720 outlines kept take 1 MB. Index and factors are as
/// in the original: `((((shape * 6 + scale) * 40 + orientation) * 32 + pos_x) * 32 + pos_y`.
pub struct Dsprites {
    space: FactorSpace,
    outlines: Vec<Outline>,
    /// Centres of the sprite along an axis, in 1/256 pixel.
    centres: [f64; N_POSITIONS],
}

impl Dsprites {
    /// Prepares the outlines.
    #[must_use]
    pub fn new() -> Self {
        let centre = |p: usize| f64::from(STEPS) * (16.0 + 32.0 * p as f64 / 31.0);
        Self {
            space: FactorSpace::dsprites(),
            outlines: outline::all(),
            centres: std::array::from_fn(centre),
        }
    }

    /// The 64 rows of image `index`, from the top: column `c` is bit `c`, counted from the lowest.
    ///
    /// # Panics
    /// When `index` is not below 737,280.
    #[must_use]
    pub fn rows(&self, index: usize) -> [u64; 64] {
        let (mut x, mut y) = ([0; HEART_VERTICES], [0; HEART_VERTICES]);
        let n = self.snap(index, &mut x, &mut y);
        fill::fill(&x[..n], &y[..n])
    }

    /// Writes the vertices of image `index`, snapped to 1/256 pixel, and says how many they are.
    fn snap(
        &self,
        index: usize,
        x: &mut [i32; HEART_VERTICES],
        y: &mut [i32; HEART_VERTICES],
    ) -> usize {
        assert!(index < N_IMAGES, "image {index} of {N_IMAGES}");
        let outline = &self.outlines[index / (N_POSITIONS * N_POSITIONS)];
        snap_axis(
            &outline.x,
            self.centres[index / N_POSITIONS % N_POSITIONS],
            x,
        );
        snap_axis(&outline.y, self.centres[index % N_POSITIONS], y);
        outline.x.len()
    }
}

/// `from` moved by `centre` and rounded to integers.
fn snap_axis(from: &[f64], centre: f64, to: &mut [i32]) {
    // Adding 1.5 * 2^52 leaves the nearest integer in the low bits of the mantissa, which is what
    // `floor(v + 0.5)` would be, without its function call on machines before SSE4.1. No vertex
    // comes within 2.8e-7 of a tie, so the kind of rounding does not matter.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    for (to, from) in to.iter_mut().zip(from) {
        *to = (from + centre + ROUND).to_bits() as i32;
    }
}

impl Default for Dsprites {
    fn default() -> Self {
        Self::new()
    }
}

impl Observations for Dsprites {
    fn space(&self) -> &FactorSpace {
        &self.space
    }

    fn shape(&self) -> [usize; 3] {
        [SIDE, SIDE, 1]
    }

    fn write(&self, index: usize, out: &mut [f32]) {
        assert_eq!(out.len(), SIDE * SIDE, "one value per pixel");
        bits::unpack(&self.rows(index), out);
    }

    fn content(&self) -> &str {
        CONTENT
    }

    fn packed(&self) -> Option<&dyn PackedObservations> {
        Some(self)
    }
}

impl PackedObservations for Dsprites {
    fn n_words(&self) -> usize {
        SIDE
    }

    fn write_packed(&self, index: usize, out: &mut [u64]) {
        out.copy_from_slice(&self.rows(index));
    }
}
