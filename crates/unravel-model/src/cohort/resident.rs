//! Binary images in the device's memory, as bits.
//!
//! The whole of dSprites is 737,280 images of 4096 bits: 377 MB. A step then transfers 64 indices of images (256 bytes)
//! and 640 noise values (2.5 kB) for a model with a batch of 64 and 10 codes. FactorVAE transfers the same again for
//! the second batch, and 640 indices of its permutations (2.5 kB). For 128 models that is 0.4 MB, or 1 MB: 40 µs at 25
//! GB/s. The step itself moves tens of gigabytes within the device (see `BENCHMARKS.md`). Only the losses are read
//! back, every [`Kernels::STEPS_PER_READ`] steps: 0.4 MB for 128 models, 50 steps and 15 terms.

use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;
use unravel_data::{Dataset, PackedObservations};

use crate::kernels::Kernels;

/// Maximum number of bytes on the device. Larger datasets stay on the host, and each step sends the bits of its batch.
const MOST_BYTES: u64 = 1 << 30;

/// All images of a dataset on the device.
pub struct Resident<B: Kernels> {
    /// `[n_points, words of 32 bits]`.
    words: Tensor<B, 2, Int>,
    pixels: usize,
}

/// Bytes of a dataset's images as bits. Returns `None` if they are not binary or do not fit into the limit.
#[must_use]
pub fn resident_bytes(dataset: &Dataset) -> Option<u64> {
    let packed = dataset.observations().packed()?;
    let bytes = 8 * packed.n_words() as u64 * dataset.n_points() as u64;
    (bytes <= MOST_BYTES).then_some(bytes)
}

impl<B: Kernels> Resident<B> {
    /// Sends the images to the device. Returns `None` if [`resident_bytes`] does.
    pub fn new(dataset: &Dataset, device: &B::Device) -> Option<Self> {
        resident_bytes(dataset)?;
        let packed = dataset.observations().packed()?;
        let points: Vec<usize> = (0..dataset.n_points()).collect();
        let words = packed_words(dataset, packed, &points);
        let dims = [points.len(), 2 * packed.n_words()];
        Some(Self {
            words: Tensor::from_data(TensorData::new(words, dims), device),
            pixels: dataset.n_pixels(),
        })
    }

    /// The images of these points, model by model: `[M, N, pixels]`.
    pub fn images(&self, points: &[usize], [models, batch]: [usize; 2]) -> Tensor<B, 3> {
        let numbers: Vec<i32> = points.iter().map(|point| *point as i32).collect();
        let data = TensorData::new(numbers, [points.len()]);
        let numbers = Tensor::<B, 1, Int>::from_data(data, &self.words.device());
        let n_words = self.words.dims()[1];
        let words = self.words.clone().select(0, numbers);
        pixels::<B>(words.reshape([models, batch, n_words]), self.pixels)
    }
}

/// The bits of these points, image by image, in words of 32 bits.
pub fn packed_words(
    dataset: &Dataset,
    packed: &dyn PackedObservations,
    points: &[usize],
) -> Vec<i32> {
    let n_words = packed.n_words();
    let mut words = vec![0u64; points.len() * n_words];
    let images = words.par_chunks_mut(n_words).zip(points);
    images.for_each(|(image, point)| {
        packed.write_packed(dataset.grid().source_index(*point), image);
    });
    let halves = words
        .into_iter()
        .flat_map(|word| [word as u32, (word >> 32) as u32]);
    halves.map(u32::cast_signed).collect()
}

/// Unpacks the bits `[M, N, words]` to images `[M, N, pixels]`.
pub fn pixels<B: Kernels>(words: Tensor<B, 3, Int>, pixels: usize) -> Tensor<B, 3> {
    let [models, batch, _] = words.dims();
    B::unpack_bits(words).slice([0..models, 0..batch, 0..pixels])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use burn::backend::Flex;
    use unravel_data::{Dsprites, DspritesVariant, FactorSpace, Grid, Observations};

    use super::*;

    fn dataset(observations: Arc<dyn Observations>) -> Dataset {
        let keep = [("orientation", 3), ("pos-x", 4), ("pos-y", 5)];
        let keep: BTreeMap<String, usize> = keep.map(|(name, n)| (name.to_owned(), n)).into();
        Dataset::new(
            observations,
            Grid::keep(FactorSpace::dsprites(), &keep).unwrap(),
        )
    }

    #[test]
    fn images_from_the_device_are_those_that_are_rendered() {
        let dataset = dataset(Arc::new(Dsprites::new()));
        let resident = Resident::<Flex>::new(&dataset, &Default::default()).unwrap();
        let points = [0, dataset.n_points() - 1, 17, 17, 400, 3];
        let found = resident.images(&points, [2, 3]);
        assert_eq!(found.dims(), [2, 3, dataset.n_pixels()]);
        let mut expected = vec![0.0; points.len() * dataset.n_pixels()];
        dataset.write_batch(&points, &mut expected);
        assert!(found.into_data().to_vec::<f32>().unwrap() == expected);
    }

    #[test]
    fn only_binary_images_are_kept_as_bits() {
        let coloured = dataset(Arc::new(DspritesVariant::color()));
        assert_eq!(resident_bytes(&coloured), None);
        assert!(Resident::<Flex>::new(&coloured, &Default::default()).is_none());
        let whole = Grid::full(FactorSpace::dsprites());
        let whole = Dataset::new(Arc::new(Dsprites::new()), whole);
        assert_eq!(resident_bytes(&whole), Some(737_280 * 4096 / 8));
    }
}
