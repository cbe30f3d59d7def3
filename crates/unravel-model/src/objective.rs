//! The terms that a trial minimises in addition to the reconstruction loss. Each objective has its own file.
//!
//! A loss has one value per model, `[M]`, in nats per image. The backward pass starts at the sum over models, which
//! keeps the models independent. An objective is a sum of regularisers: [`PlainVae`] has the KL, and most others add to
//! it. `docs/objectives.md` compares them with other implementations.

mod annealed_vae;
mod beta_tc_vae;
mod beta_vae;
mod build;
mod density;
mod dip_vae;
mod factor_vae;
mod sum;
mod vae;
mod weights;

#[cfg(test)]
mod tests;

use burn::tensor::{Tensor, backend::Backend};

pub use annealed_vae::AnnealedVae;
pub use beta_tc_vae::Decomposition;
pub use beta_vae::BetaVae;
pub use build::check_batch;
pub(crate) use build::{Setup, build};
pub use density::{LogDensities, log_densities, log_weights};
pub use dip_vae::DipVae;
pub use factor_vae::FactorVae;
pub use sum::Sum;
pub use vae::PlainVae;
pub use weights::ModelWeights;

use crate::arrays::Arrays;
use crate::draws::Draws;
use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;
use crate::network::Posterior;

/// Terms of one step, `[M]` each.
pub type Terms<B> = Vec<Tensor<B, 1>>;

/// The values of a step that a regulariser may use.
#[derive(Debug)]
pub struct StepContext<'a, B: Backend> {
    /// Number of updates before this step.
    pub step: u64,
    /// Posterior of the batch.
    pub posterior: &'a Posterior<B>,
    /// Codes sampled from the posterior, `[M, N, latents]`.
    pub z: &'a Tracked<B, 3>,
    /// KL divergence of each code from the prior, `[M, latents]`, in nats.
    pub kl_per_code: &'a Tracked<B, 2>,
}

/// The addition to the reconstruction loss.
#[derive(Debug)]
pub struct Regulariser<B: Backend> {
    /// Weighted sum, `[M]`.
    pub loss: Tracked<B, 1>,
    /// The objective's own terms, unweighted.
    pub terms: Terms<B>,
}

/// The values that an objective may use after the update of the VAE.
pub struct AfterUpdate<'a, B: Backend> {
    /// Number of updates before this step.
    pub step: u64,
    /// The codes of the step's batch, `[M, N, latents]`, detached.
    pub z: Tensor<B, 3>,
    /// The random draws of the cohort.
    pub draws: &'a dyn Draws<B>,
    /// Samples codes `[M, N, latents]` of another batch with the updated encoder.
    pub second_batch: &'a dyn Fn() -> Tensor<B, 3>,
}

/// An objective of a cohort, or a summand of one. Its weights are `[M]`, and its networks are stacked.
pub trait CohortObjective<B: Kernels>: Send {
    /// Names of the terms that [`Self::regulariser`] computes, with their unit: `…_nats` is nats per image.
    fn term_names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Names of the terms that [`Self::after_update`] computes.
    fn term_names_after_update(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Computes the regulariser of this step.
    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B>;

    /// Updates the objective's own networks. Returns the terms of [`Self::term_names_after_update`].
    fn after_update(&mut self, _after: &AfterUpdate<'_, B>) -> Terms<B> {
        Vec::new()
    }

    /// Adds the objective's own networks and their optimiser state, of one model, to `out`.
    fn save(&self, _model: usize, _out: &mut Arrays) {}

    /// Keeps the models at these indices.
    fn keep(&mut self, models: &[usize]);
}
