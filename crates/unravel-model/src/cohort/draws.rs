//! The random draws of a cohort: each model's from its own trial's seed.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use rayon::prelude::*;
use unravel_data::{Dataset, PackedObservations};

use crate::kernels::Kernels;
use crate::placement::Placement;
use crate::random::{Purpose, Stream};

/// Batches, noise and permutations on the device, by step.
pub trait Draws<B: Backend>: Send {
    /// Images `[M, N, pixels]`.
    fn images(&self, purpose: Purpose, step: u64) -> Tensor<B, 3>;

    /// Noise `[M, N, latents]`.
    fn noise(&self, purpose: Purpose, step: u64) -> Tensor<B, 3>;

    /// A permutation of the batch for each code, `[M, N, latents]`.
    fn permutations(&self, step: u64) -> Tensor<B, 3, Int>;

    /// Only the models at these places.
    fn keep(&mut self, models: &[usize]);
}

/// The draws of training: images uniformly with replacement, standard normal noise.
pub(super) struct RandomDraws<B: Backend> {
    /// One a model.
    pub(super) seeds: Vec<u64>,
    /// Images a model.
    pub(super) batch_size: usize,
    /// Number of codes.
    pub(super) latents: usize,
    /// Where images come from.
    pub(super) dataset: Arc<Dataset>,
    /// Where tensors go to, in single precision.
    pub(super) placement: Placement<B>,
}

impl<B: Kernels> RandomDraws<B> {
    fn rendered(&self, points: &[usize], [models, batch]: [usize; 2]) -> Tensor<B, 3> {
        let pixels = self.dataset.n_pixels();
        let mut values = vec![0.0; points.len() * pixels];
        let images = values.par_chunks_mut(pixels).zip(points);
        images.for_each(|(image, point)| self.dataset.write_image(*point, image));
        self.placement.tensor(values, [models, batch, pixels])
    }

    fn unpacked(
        &self,
        packed: &dyn PackedObservations,
        points: &[usize],
        [models, batch]: [usize; 2],
    ) -> Tensor<B, 3> {
        let (n_words, pixels) = (packed.n_words(), self.dataset.n_pixels());
        let mut words = vec![0u64; points.len() * n_words];
        let images = words.par_chunks_mut(n_words).zip(points);
        images.for_each(|(image, point)| {
            packed.write_packed(self.dataset.grid().source_index(*point), image);
        });
        let halves = words
            .into_iter()
            .flat_map(|word| [word as u32, (word >> 32) as u32]);
        let halves: Vec<i32> = halves.map(u32::cast_signed).collect();
        let data = TensorData::new(halves, [models, batch, 2 * n_words]);
        let words = Tensor::from_data(data, self.placement.device());
        let images = B::unpack_bits(words);
        images.slice([0..models, 0..batch, 0..pixels])
    }
}

impl<B: Kernels> Draws<B> for RandomDraws<B> {
    fn images(&self, purpose: Purpose, step: u64) -> Tensor<B, 3> {
        let n_points = self.dataset.n_points();
        let draw = |seed| Stream::new(seed, purpose, step).points(self.batch_size, n_points);
        let points: Vec<usize> = self.seeds.iter().copied().flat_map(draw).collect();
        let dims = [self.seeds.len(), self.batch_size];
        match self.dataset.observations().packed() {
            Some(packed) if B::TAKES_BITS => self.unpacked(packed, &points, dims),
            _ => self.rendered(&points, dims),
        }
    }

    fn noise(&self, purpose: Purpose, step: u64) -> Tensor<B, 3> {
        let len = self.batch_size * self.latents;
        let mut values = vec![0.0; self.seeds.len() * len];
        for (noise, seed) in values.chunks_mut(len).zip(&self.seeds) {
            Stream::new(*seed, purpose, step).normal(noise);
        }
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
