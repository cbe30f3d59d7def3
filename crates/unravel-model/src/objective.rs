//! What a trial minimises beyond the reconstruction loss, one file an objective.
//!
//! Every loss is one number a model, `[M]`, in nats per image; the models' losses are added up before the backward
//! pass, which keeps them independent. An objective is a sum of regularisers: [`PlainVae`] has the KL, and most of the
//! others add to it. `docs/objectives.md` compares them with what other implementations compute.

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

/// Named terms of one step, `[M]` each.
pub type Terms<B> = Vec<Tensor<B, 1>>;

/// What one step has computed when the regulariser is asked for.
#[derive(Debug)]
pub struct StepContext<'a, B: Backend> {
    /// Updates made before.
    pub step: u64,
    /// The posterior of the batch.
    pub posterior: &'a Posterior<B>,
    /// Codes sampled from it, `[M, N, latents]`.
    pub z: &'a Tracked<B, 3>,
    /// KL from the prior by code, `[M, latents]`, in nats.
    pub kl_per_code: &'a Tracked<B, 2>,
}

/// What is added to the reconstruction loss.
#[derive(Debug)]
pub struct Regulariser<B: Backend> {
    /// `[M]`, weighted.
    pub loss: Tracked<B, 1>,
    /// The first of the objective's own terms, unweighted.
    pub terms: Terms<B>,
}

/// What an objective may use once the VAE has been updated.
pub struct AfterUpdate<'a, B: Backend> {
    /// Updates made before this step's.
    pub step: u64,
    /// The codes of the step's batch, `[M, N, latents]`, detached.
    pub z: Tensor<B, 3>,
    /// The random draws of the cohort.
    pub draws: &'a dyn Draws<B>,
    /// Codes `[M, N, latents]` of another batch, sampled with the updated encoder.
    pub second_batch: &'a dyn Fn() -> Tensor<B, 3>,
}

/// An objective for a cohort, or a summand of one: its weights are `[M]`, its networks stacked.
pub trait CohortObjective<B: Kernels>: Send {
    /// Names of the terms that [`Self::regulariser`] computes, with their unit: `…_nats` is nats per image.
    fn term_names(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// Names of the terms that [`Self::after_update`] computes.
    fn term_names_after_update(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The regulariser of this step.
    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B>;

    /// Updates networks of its own; the rest of its terms.
    fn after_update(&mut self, _after: &AfterUpdate<'_, B>) -> Terms<B> {
        Vec::new()
    }

    /// Networks of its own and their optimiser state, of one model.
    fn save(&self, _model: usize, _out: &mut Arrays) {}

    /// Only the models at these places.
    fn keep(&mut self, models: &[usize]);
}
