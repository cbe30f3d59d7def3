//! The random draws of a cohort. Each model draws from its own trial's seed.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};
use rayon::prelude::*;
use unravel_data::{Dataset, PackedObservations};
use unravel_sweep::Trial;

use super::resident::{Resident, packed_words, pixels};
use crate::draws::Draws;
use crate::kernels::Kernels;
use crate::placement::Placement;
use crate::random::{Purpose, Stream};

/// The draws of training: images sampled uniformly with replacement, and standard normal noise.
pub(super) struct RandomDraws<B: Kernels> {
    /// One per model.
    seeds: Vec<u64>,
    /// Number of images per model.
    batch_size: usize,
    /// Number of codes.
    latents: usize,
    /// The images, if the device holds them.
    resident: Option<Resident<B>>,
    /// The source of the images.
    dataset: Arc<Dataset>,
    /// The device and precision of the draws.
    placement: Placement<B>,
}

impl<B: Kernels> RandomDraws<B> {
    /// The draws of these models. The dataset is sent to the device if the device can hold it.
    pub(super) fn new(
        seeds: Vec<u64>,
        trial: &Trial,
        dataset: Arc<Dataset>,
        placement: Placement<B>,
    ) -> Self {
        let resident = B::TAKES_BITS.then(|| Resident::new(&dataset, placement.device()));
        Self {
            seeds,
            batch_size: trial.training.batch_size,
            latents: trial.model.latents,
            resident: resident.flatten(),
            dataset,
            placement,
        }
    }

    fn rendered(&self, points: &[usize], [models, batch]: [usize; 2]) -> Tensor<B, 3> {
        let n_pixels = self.dataset.n_pixels();
        let mut values = vec![0.0; points.len() * n_pixels];
        let images = values.par_chunks_mut(n_pixels).zip(points);
        images.for_each(|(image, point)| self.dataset.write_image(*point, image));
        self.placement.tensor(values, [models, batch, n_pixels])
    }

    fn unpacked(
        &self,
        packed: &dyn PackedObservations,
        points: &[usize],
        [models, batch]: [usize; 2],
    ) -> Tensor<B, 3> {
        let words = packed_words(&self.dataset, packed, points);
        let data = TensorData::new(words, [models, batch, 2 * packed.n_words()]);
        let words = Tensor::from_data(data, self.placement.device());
        pixels::<B>(words, self.dataset.n_pixels())
    }
}

impl<B: Kernels> Draws<B> for RandomDraws<B> {
    fn images(&self, purpose: Purpose, step: u64) -> Tensor<B, 3> {
        let n_points = self.dataset.n_points();
        let draw = |seed| Stream::new(seed, purpose, step).points(self.batch_size, n_points);
        let points: Vec<usize> = self.seeds.iter().copied().flat_map(draw).collect();
        let dims = [self.seeds.len(), self.batch_size];
        match (&self.resident, self.dataset.observations().packed()) {
            (Some(resident), _) => resident.images(&points, dims),
            (None, Some(packed)) if B::TAKES_BITS => self.unpacked(packed, &points, dims),
            _ => self.rendered(&points, dims),
        }
    }

    fn noise(&self, purpose: Purpose, step: u64) -> Tensor<B, 3> {
        let len = self.batch_size * self.latents;
        let mut values = vec![0.0; self.seeds.len() * len];
        let models = values.par_chunks_mut(len).zip(&self.seeds);
        models.for_each(|(noise, seed)| Stream::new(*seed, purpose, step).normal(noise));
        let dims = [self.seeds.len(), self.batch_size, self.latents];
        self.placement.tensor(values, dims)
    }

    fn permutations(&self, step: u64) -> Tensor<B, 3, Int> {
        let (batch, latents) = (self.batch_size, self.latents);
        let mut values = vec![0i32; self.seeds.len() * batch * latents];
        for (order, seed) in values.chunks_mut(batch * latents).zip(&self.seeds) {
            let mut stream = Stream::new(*seed, Purpose::Permutation, step);
            for code in 0..latents {
                for (at, from) in stream.permutation(batch).into_iter().enumerate() {
                    order[at * latents + code] = from as i32;
                }
            }
        }
        let dims = [self.seeds.len(), batch, latents];
        Tensor::from_data(TensorData::new(values, dims), self.placement.device())
    }

    fn keep(&mut self, models: &[usize]) {
        self.seeds = models.iter().map(|m| self.seeds[*m]).collect();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use burn::backend::Flex;
    use unravel_data::{Dsprites, FactorSpace, Grid};
    use unravel_sweep::Objective;

    use super::*;

    const BATCH: usize = 32;
    const LATENTS: usize = 4;

    fn draws(seeds: &[u64]) -> RandomDraws<Flex> {
        let keep = [("orientation", 4), ("pos-x", 4), ("pos-y", 4)];
        let keep: BTreeMap<String, usize> = keep.map(|(name, n)| (name.to_owned(), n)).into();
        let grid = Grid::keep(FactorSpace::dsprites(), &keep).unwrap();
        let mut trial = Trial::new(Objective::factor_vae(1.0), 0);
        trial.training.batch_size = BATCH;
        trial.model.latents = LATENTS;
        RandomDraws::new(
            seeds.to_vec(),
            &trial,
            Arc::new(Dataset::new(Arc::new(Dsprites::new()), grid)),
            Placement::single(&Default::default()),
        )
    }

    fn floats(tensor: Tensor<Flex, 3>) -> Vec<f32> {
        tensor.into_data().to_vec().unwrap()
    }

    #[test]
    fn the_second_batch_is_another_one_and_so_is_its_noise() {
        let draws = draws(&[1]);
        let images = |purpose, step| floats(draws.images(purpose, step));
        assert!(images(Purpose::Batch, 3) != images(Purpose::SecondBatch, 3));
        assert!(images(Purpose::Batch, 3) != images(Purpose::Batch, 4));
        assert!(images(Purpose::Batch, 3) == images(Purpose::Batch, 3));
        let noise = |purpose| floats(draws.noise(purpose, 3));
        assert!(noise(Purpose::Noise) != noise(Purpose::SecondNoise));
    }

    #[test]
    fn every_code_of_every_model_has_a_permutation_of_its_own() {
        let order = draws(&[1, 2]).permutations(3).into_data();
        let order = order.convert::<i32>().to_vec::<i32>().unwrap();
        let mut seen = BTreeSet::new();
        for model in order.chunks(BATCH * LATENTS) {
            for code in 0..LATENTS {
                let column: Vec<i32> = model.iter().skip(code).step_by(LATENTS).copied().collect();
                let mut sorted = column.clone();
                sorted.sort_unstable();
                assert!(sorted.into_iter().eq(0..BATCH as i32));
                seen.insert(column);
            }
        }
        assert_eq!(seen.len(), 2 * LATENTS);
    }

    #[test]
    fn a_model_draws_the_same_alone_and_in_company() {
        let (alone, mut company) = (draws(&[2]), draws(&[1, 2, 3]));
        let middle = |all: Vec<f32>| all[all.len() / 3..2 * all.len() / 3].to_vec();
        let (batch, noise) = (Purpose::Batch, Purpose::Noise);
        assert!(floats(alone.images(batch, 5)) == middle(floats(company.images(batch, 5))));
        assert!(floats(alone.noise(noise, 5)) == middle(floats(company.noise(noise, 5))));
        company.keep(&[1]);
        assert!(floats(alone.images(batch, 6)) == floats(company.images(batch, 6)));
    }
}
