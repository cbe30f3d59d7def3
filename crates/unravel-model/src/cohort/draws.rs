//! The random draws of a cohort: each model's from its own trial's seed.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use rayon::prelude::*;
use unravel_data::Dataset;

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
pub struct RandomDraws<B: Backend> {
    /// One a model.
    pub seeds: Vec<u64>,
    /// Images a model.
    pub batch_size: usize,
    /// Number of codes.
    pub latents: usize,
    /// Where images come from.
    pub dataset: Arc<Dataset>,
    /// Where tensors go to.
    pub placement: Placement<B>,
}

impl<B: Backend> Draws<B> for RandomDraws<B> {
    fn images(&self, purpose: Purpose, step: u64) -> Tensor<B, 3> {
        let (batch, pixels) = (self.batch_size, self.dataset.n_pixels());
        let mut values = vec![0.0; self.seeds.len() * batch * pixels];
        for (images, seed) in values.chunks_mut(batch * pixels).zip(&self.seeds) {
            let points = Stream::new(*seed, purpose, step).points(batch, self.dataset.n_points());
            let images = images.par_chunks_mut(pixels).zip(points);
            images.for_each(|(image, point)| self.dataset.write_image(point, image));
        }
        let dims = [self.seeds.len(), batch, pixels];
        self.placement.tensor(values, dims)
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
