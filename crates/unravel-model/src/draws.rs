//! What a training step draws at random, as a trait, so that a test can supply given values.

use burn::tensor::{Int, Tensor, backend::Backend};

use crate::random::Purpose;

/// The random draws of a cohort for each step: batches, noise and permutations, as tensors on the device.
pub trait Draws<B: Backend>: Send {
    /// The images of a batch, `[M, N, pixels]`.
    fn images(&self, purpose: Purpose, step: u64) -> Tensor<B, 3>;

    /// Standard normal noise for a batch, `[M, N, latents]`.
    fn noise(&self, purpose: Purpose, step: u64) -> Tensor<B, 3>;

    /// A permutation of the batch for each code, `[M, N, latents]`.
    fn permutations(&self, step: u64) -> Tensor<B, 3, Int>;

    /// Keeps the models at these indices and drops the others.
    fn keep(&mut self, models: &[usize]);
}
