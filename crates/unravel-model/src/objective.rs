//! What a trial minimises beyond the reconstruction loss, one file an objective.
//!
//! Every loss is one number a model, `[M]`, in nats per image; the models' losses are added up before the backward
//! pass, which keeps them independent.

mod beta_vae;
mod factor_vae;

use burn::tensor::{Tensor, backend::Backend};
use unravel_sweep::{Objective, Trial};

pub use beta_vae::BetaVae;
pub use factor_vae::FactorVae;

use crate::arrays::Arrays;
use crate::cohort::Draws;
use crate::error::ModelError;
use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;
use crate::network::Posterior;

/// Named terms of one step, `[M]` each.
pub type Terms<B> = Vec<Tensor<B, 1>>;

/// What one step has computed when the regulariser is asked for.
#[derive(Debug)]
pub struct StepContext<'a, B: Backend> {
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
    /// The step, from 0.
    pub step: u64,
    /// The codes of the step's batch, `[M, N, latents]`, detached.
    pub z: Tensor<B, 3>,
    /// The random draws of the cohort.
    pub draws: &'a Draws<B>,
    /// Codes `[M, N, latents]` of another batch, sampled with the updated encoder.
    pub second_batch: &'a dyn Fn() -> Tensor<B, 3>,
}

/// An objective for a cohort: its weights are `[M]`, its networks stacked.
pub trait CohortObjective<B: Kernels>: Send {
    /// Names of the terms, in the order in which they are computed.
    fn term_names(&self) -> &'static [&'static str];

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

/// The objective of a cohort, its networks restored where there is something to restore.
///
/// # Errors
/// Where a saved array is missing or does not fit.
pub(crate) fn build<B: Kernels>(
    trials: &[Trial],
    saved: Option<&[&Arrays]>,
    device: &B::Device,
) -> Result<Box<dyn CohortObjective<B>>, ModelError> {
    let strengths = trials
        .iter()
        .map(|trial| trial.objective.strength() as f32)
        .collect();
    let strengths = crate::network::tensor(strengths, [trials.len()], device);
    Ok(match &trials[0].objective {
        Objective::BetaVae { .. } => Box::new(BetaVae::new(strengths)),
        Objective::FactorVae {
            permuted_batch,
            discriminator,
            ..
        } => Box::new(FactorVae::build(
            strengths,
            *permuted_batch,
            discriminator,
            trials,
            saved,
            device,
        )?),
    })
}

/// The entries of `[M]` at these places.
fn pick<B: Backend>(values: &Tensor<B, 1>, models: &[usize]) -> Tensor<B, 1> {
    Tensor::cat(
        models
            .iter()
            .map(|m| values.clone().narrow(0, *m, 1))
            .collect(),
        0,
    )
}
