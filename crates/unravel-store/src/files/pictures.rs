//! `pictures.npz`: what the report draws of one trial.

use std::path::Path;

use unravel_sweep::TrialId;

use crate::disk::npz::{self, NpzReader};
use crate::error::StoreError;

const POSTERIOR_TRAVERSALS: &str = "posterior_traversals";
const POSTERIOR_VALUES: &str = "posterior_values";

/// Pictures of one trial, row-major, pixels u8 in 0..=255, channels last.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// Height, width and channels of every picture.
    pub image_shape: [usize; 3],
    /// The values that a code takes along a traversal.
    pub traversal_values: Vec<f32>,
    /// `[n_codes, n_values, H, W, C]`: one code moved along `traversal_values`, the others as encoded.
    pub traversals: Vec<u8>,
    /// `[n_codes, n_posterior_values]`: the values that each code takes along a traversal of the range that the encoder
    /// gives to it; rising. Empty in files of programs that did not draw these.
    pub posterior_values: Vec<f32>,
    /// `[n_codes, n_posterior_values, H, W, C]`: one code moved along its `posterior_values`, the others as encoded.
    pub posterior_traversals: Vec<u8>,
    /// Mean KL of each code in nats, over the probe: `[n_codes]`.
    pub kl_per_code: Vec<f32>,
    /// `[n, H, W, C]`: observations.
    pub originals: Vec<u8>,
    /// `[n, H, W, C]`: the same through encoder and decoder.
    pub reconstructions: Vec<u8>,
    /// `[n_samples, H, W, C]`: codes drawn from the prior, decoded.
    pub samples: Vec<u8>,
}

impl Pictures {
    /// H * W * C.
    pub fn n_pixels(&self) -> usize {
        self.image_shape.iter().product()
    }

    /// How many codes were traversed.
    pub fn n_codes(&self) -> usize {
        self.kl_per_code.len()
    }

    /// How many values each traversal has.
    pub fn n_values(&self) -> usize {
        self.traversal_values.len()
    }

    /// How many values each traversal of a code's own range has; 0 where there is none.
    pub fn n_posterior_values(&self) -> usize {
        self.posterior_values.len() / self.n_codes().max(1)
    }

    /// How many observations were reconstructed.
    pub fn n_originals(&self) -> usize {
        self.originals.len() / self.n_pixels().max(1)
    }

    /// How many samples there are.
    pub fn n_samples(&self) -> usize {
        self.samples.len() / self.n_pixels().max(1)
    }

    /// The picture `[H, W, C]` of one code at one traversal value.
    ///
    /// # Panics
    /// When there is no such code or value.
    pub fn traversal(&self, code: usize, value: usize) -> &[u8] {
        assert!(
            value < self.n_values(),
            "value {value} of {}",
            self.n_values()
        );
        image(
            &self.traversals,
            self.n_pixels(),
            code * self.n_values() + value,
        )
    }

    /// The picture `[H, W, C]` of one code at one value of its own range.
    ///
    /// # Panics
    /// When there is no such code or value.
    pub fn posterior_traversal(&self, code: usize, value: usize) -> &[u8] {
        let n_values = self.n_posterior_values();
        assert!(value < n_values, "value {value} of {n_values}");
        let index = code * n_values + value;
        image(&self.posterior_traversals, self.n_pixels(), index)
    }

    /// An observation `[H, W, C]`.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn original(&self, index: usize) -> &[u8] {
        image(&self.originals, self.n_pixels(), index)
    }

    /// The reconstruction `[H, W, C]` of an observation.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn reconstruction(&self, index: usize) -> &[u8] {
        image(&self.reconstructions, self.n_pixels(), index)
    }

    /// A decoded sample `[H, W, C]` of the prior.
    ///
    /// # Panics
    /// When there are not so many.
    pub fn sample(&self, index: usize) -> &[u8] {
        image(&self.samples, self.n_pixels(), index)
    }

    fn is_consistent(&self) -> bool {
        let n_pixels = self
            .image_shape
            .iter()
            .try_fold(1_usize, |n, length| n.checked_mul(*length));
        let Some(n_pixels) = n_pixels.filter(|n| 0 < *n) else {
            return false;
        };
        let n_traversed = self.n_codes().checked_mul(self.n_values());
        let n_posterior = self.posterior_values.len();
        n_traversed.and_then(|n| n.checked_mul(n_pixels)) == Some(self.traversals.len())
            && n_posterior == self.n_codes() * self.n_posterior_values()
            && n_posterior.checked_mul(n_pixels) == Some(self.posterior_traversals.len())
            && self.originals.len() == self.reconstructions.len()
            && self.originals.len().is_multiple_of(n_pixels)
            && self.samples.len().is_multiple_of(n_pixels)
    }

    pub(crate) fn write(&self, path: &Path, trial: &TrialId) -> Result<(), StoreError> {
        if !self.is_consistent() {
            return Err(StoreError::unwritable(
                path,
                "the pictures are not all of one shape",
            ));
        }
        let [h, w, c] = self.image_shape;
        let (n_codes, n_values) = (self.n_codes(), self.n_values());
        let n_posterior = self.n_posterior_values();
        let (n, n_samples) = (self.n_originals(), self.n_samples());
        npz::write(path, trial, |file| {
            file.array(
                "traversals",
                &[n_codes, n_values, h, w, c],
                &self.traversals,
            )?;
            file.array("traversal_values", &[n_values], &self.traversal_values)?;
            if 0 < n_posterior {
                file.array(
                    POSTERIOR_TRAVERSALS,
                    &[n_codes, n_posterior, h, w, c],
                    &self.posterior_traversals,
                )?;
                let shape = [n_codes, n_posterior];
                file.array(POSTERIOR_VALUES, &shape, &self.posterior_values)?;
            }
            file.array("kl_per_code", &[n_codes], &self.kl_per_code)?;
            file.array("originals", &[n, h, w, c], &self.originals)?;
            file.array("reconstructions", &[n, h, w, c], &self.reconstructions)?;
            file.array("samples", &[n_samples, h, w, c], &self.samples)
        })
    }

    pub(crate) fn read(path: &Path, trial: &TrialId) -> Result<Option<Self>, StoreError> {
        let Some(mut file) = NpzReader::open(path, trial)? else {
            return Ok(None);
        };
        let ([n_codes, n_values, h, w, c], traversals) = file.array("traversals")?;
        let ([n_traversal_values], traversal_values) = file.array("traversal_values")?;
        let ([n_kl], kl_per_code) = file.array("kl_per_code")?;
        let ([n, images @ ..], originals) = file.array::<_, 4>("originals")?;
        let ([n_reconstructed, reconstructed @ ..], reconstructions) =
            file.array::<_, 4>("reconstructions")?;
        let ([_, sampled @ ..], samples) = file.array::<_, 4>("samples")?;
        let image_shape = [h, w, c];
        let posterior = Posterior::read(&mut file, n_codes, image_shape)?;
        let pictures = Self {
            image_shape,
            traversal_values,
            traversals,
            posterior_values: posterior.values,
            posterior_traversals: posterior.traversals,
            kl_per_code,
            originals,
            reconstructions,
            samples,
        };
        let shapes_agree = [images, reconstructed, sampled]
            .iter()
            .all(|shape| *shape == image_shape);
        let lengths_agree = (n_codes, n_values, n) == (n_kl, n_traversal_values, n_reconstructed);
        if shapes_agree && lengths_agree && pictures.is_consistent() {
            Ok(Some(pictures))
        } else {
            Err(file.misfit())
        }
    }
}

/// The traversals of each code's own range, which earlier programs did not draw.
#[derive(Default)]
struct Posterior {
    values: Vec<f32>,
    traversals: Vec<u8>,
}

impl Posterior {
    fn read(
        file: &mut NpzReader,
        n_codes: usize,
        image_shape: [usize; 3],
    ) -> Result<Self, StoreError> {
        if !file.has(POSTERIOR_TRAVERSALS) {
            return Ok(Self::default());
        }
        let ([n, n_values, images @ ..], traversals) = file.array::<_, 5>(POSTERIOR_TRAVERSALS)?;
        let (shape, values) = file.array::<_, 2>(POSTERIOR_VALUES)?;
        if n == n_codes && shape == [n_codes, n_values] && images == image_shape {
            Ok(Self { values, traversals })
        } else {
            Err(file.misfit())
        }
    }
}

fn image(images: &[u8], n_pixels: usize, index: usize) -> &[u8] {
    &images[index * n_pixels..(index + 1) * n_pixels]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial() -> TrialId {
        "0123456789abcdef".parse().unwrap()
    }

    fn pictures() -> Pictures {
        let bytes = |n: u8| (0..n).collect::<Vec<u8>>();
        Pictures {
            image_shape: [2, 3, 1],
            traversal_values: vec![-2.0, 0.0, 2.0],
            traversals: bytes(2 * 3 * 6),
            posterior_values: vec![-1.0, 1.0, -0.1, 0.1],
            posterior_traversals: bytes(2 * 2 * 6),
            kl_per_code: vec![1.5, 0.0],
            originals: bytes(12),
            reconstructions: bytes(12),
            samples: bytes(24),
        }
    }

    #[test]
    fn pictures_come_back_and_are_found_by_their_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pictures.npz");
        assert_eq!(Pictures::read(&path, &trial()).unwrap(), None);
        pictures().write(&path, &trial()).unwrap();
        let read = Pictures::read(&path, &trial()).unwrap().unwrap();
        assert_eq!(read, pictures());
        assert_eq!(
            (
                read.n_codes(),
                read.n_values(),
                read.n_originals(),
                read.n_samples()
            ),
            (2, 3, 2, 4)
        );
        assert_eq!(read.traversal(1, 2), [30, 31, 32, 33, 34, 35]);
        assert_eq!(read.posterior_traversal(1, 1), [18, 19, 20, 21, 22, 23]);
        assert_eq!(read.sample(3), read.samples[18..].to_vec());
    }

    /// As programs before posterior traversals wrote them.
    #[test]
    fn pictures_without_posterior_traversals_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pictures.npz");
        let earlier = Pictures {
            posterior_values: Vec::new(),
            posterior_traversals: Vec::new(),
            ..pictures()
        };
        earlier.write(&path, &trial()).unwrap();
        let mut file = NpzReader::open(&path, &trial()).unwrap().unwrap();
        assert!(!file.has(POSTERIOR_VALUES) && file.array::<u8, 5>("traversals").is_ok());
        let read = Pictures::read(&path, &trial()).unwrap().unwrap();
        assert_eq!((read.n_posterior_values(), read), (0, earlier));
    }

    #[test]
    fn pictures_that_do_not_fit_each_other_are_neither_written_nor_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pictures.npz");
        let check = |change: fn(&mut Pictures)| {
            let mut changed = pictures();
            change(&mut changed);
            assert!(changed.write(&path, &trial()).is_err());
        };
        check(|pictures| pictures.image_shape = [0, 3, 1]);
        check(|pictures| pictures.image_shape = [usize::MAX, 3, 1]);
        check(|pictures| pictures.kl_per_code.push(0.0));
        check(|pictures| pictures.posterior_values.truncate(3));
        check(|pictures| pictures.posterior_traversals.truncate(6));
        check(|pictures| pictures.originals.truncate(6));
        check(|pictures| pictures.samples.truncate(5));
        npz::write(&path, &trial(), |file| {
            file.array("traversals", &[1, 1, 1, 1, 1], &[0_u8])?;
            file.array("traversal_values", &[2], &[0.0_f32; 2])?;
            file.array("kl_per_code", &[1], &[0.0_f32])?;
            file.array("originals", &[0, 1, 1, 1], &[0_u8; 0])?;
            file.array("reconstructions", &[0, 1, 1, 1], &[0_u8; 0])?;
            file.array("samples", &[0, 1, 1, 1], &[0_u8; 0])
        })
        .unwrap();
        assert!(Pictures::read(&path, &trial()).unwrap_err().is_damaged());
    }
}
