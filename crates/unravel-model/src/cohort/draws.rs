//! The random draws of a cohort: each model's from its own trial's seed.

use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};
use rayon::prelude::*;
use unravel_data::{Dataset, PackedObservations};

use crate::kernels::Kernels;
use crate::network::tensor;
use crate::random::{Purpose, Stream};

/// Batches, noise and permutations on the device, by step.
pub struct Draws<B: Backend> {
    pub(super) seeds: Vec<u64>,
    pub(super) batch_size: usize,
    pub(super) latents: usize,
    pub(super) dataset: Arc<Dataset>,
    pub(super) device: B::Device,
}

impl<B: Kernels> Draws<B> {
    /// Images `[M, N, pixels]`, their points drawn uniformly with replacement.
    pub fn images(&self, purpose: Purpose, step: u64) -> Tensor<B, 3> {
        let n_points = self.dataset.n_points();
        let draw = |seed| Stream::new(seed, purpose, step).points(self.batch_size, n_points);
        let points: Vec<usize> = self.seeds.iter().copied().flat_map(draw).collect();
        let dims = [self.seeds.len(), self.batch_size];
        match self.dataset.observations().packed() {
            Some(packed) if B::TAKES_BITS => self.unpacked(packed, &points, dims),
            _ => self.rendered(&points, dims),
        }
    }

    fn rendered(&self, points: &[usize], [models, batch]: [usize; 2]) -> Tensor<B, 3> {
        let pixels = self.dataset.n_pixels();
        let mut values = vec![0.0; points.len() * pixels];
        let images = values.par_chunks_mut(pixels).zip(points);
        images.for_each(|(image, point)| self.dataset.write_image(*point, image));
        tensor(values, [models, batch, pixels], &self.device)
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
        let images = B::unpack_bits(Tensor::from_data(data, &self.device));
        images.slice([0..models, 0..batch, 0..pixels])
    }

    /// Standard normal noise `[M, N, latents]`.
    pub fn noise(&self, purpose: Purpose, step: u64) -> Tensor<B, 3> {
        let len = self.batch_size * self.latents;
        let mut values = vec![0.0; self.seeds.len() * len];
        for (noise, seed) in values.chunks_mut(len).zip(&self.seeds) {
            Stream::new(*seed, purpose, step).normal(noise);
        }
        tensor(
            values,
            [self.seeds.len(), self.batch_size, self.latents],
            &self.device,
        )
    }

    /// A permutation of the batch for each code, `[M, N, latents]`.
    pub fn permutations(&self, step: u64) -> Tensor<B, 3, Int> {
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
        Tensor::from_data(TensorData::new(values, dims), &self.device)
    }
}
