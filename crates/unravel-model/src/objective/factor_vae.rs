//! FactorVAE. Kim & Mnih 2018, "Disentangling by Factorising", equation 2 and Algorithm 2:
//!
//! ```text
//! reconstruction + KL + γ · TC,    TC = E[ln D(z) − ln(1 − D(z))]
//! ```
//!
//! A discriminator estimates the total correlation of the sampled codes: the mean log odds (equation 3) that a code
//! vector is from the posterior, not permuted over the batch. This file has the TC; [`PlainVae`](super::PlainVae) has
//! the KL.
//!
//! In each step, the discriminator is updated after the VAE. It distinguishes the codes of the batch from permuted
//! codes of a second batch (`permuted-batch = "second"`, Algorithm 2) or of the same batch (`"same"`, as in the code of
//! Locatello et al. 2019). Each code is permuted over the batch separately.

use burn::backend::Autodiff;
use burn::tensor::{Int, Tensor, activation::relu, backend::Backend};
use unravel_sweep::{DiscriminatorConfig, PermutedBatch};

use super::{AfterUpdate, CohortObjective, ModelWeights, Regulariser, Setup, StepContext, Terms};
use crate::arrays::Arrays;
use crate::error::ModelError;
use crate::kernels::differentiable::Tracked;
use crate::kernels::{AdamStep, Kernels};
use crate::network::{Leaves, Network, discriminator_layers};
use crate::random::Purpose;

/// `gamma * TC`, and the discriminator that estimates TC.
#[derive(Debug)]
pub struct FactorVae<B: Backend> {
    gamma: ModelWeights<B>,
    permuted_batch: PermutedBatch,
    discriminator: Network<B>,
    adam: DiscriminatorConfig,
}

/// Adam's epsilon for the discriminator.
const EPSILON: f64 = 1e-8;

impl<B: Kernels> FactorVae<B> {
    /// One γ per model.
    pub(crate) fn build(
        gamma: ModelWeights<B>,
        permuted_batch: PermutedBatch,
        config: &DiscriminatorConfig,
        setup: &Setup<'_, B>,
    ) -> Result<Self, ModelError> {
        let Setup {
            trials, placement, ..
        } = setup;
        let latents = trials[0].model.latents;
        let layers = discriminator_layers(latents, config.layers, config.units);
        let discriminator = match setup.saved {
            Some(saved) => Network::restore("discriminator", layers, saved, placement)?,
            None => {
                let seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
                let rule = trials[0].model.initialisation;
                let purpose = Purpose::DiscriminatorInit;
                Network::init("discriminator", layers, rule, purpose, &seeds, placement)
            }
        };
        Ok(Self {
            gamma,
            permuted_batch,
            discriminator,
            adam: config.clone(),
        })
    }
}

impl<B: Kernels> FactorVae<B> {
    /// Cross entropy of "from the posterior" and "permuted", in nats per code vector, `[M]`.
    pub(super) fn discriminator_loss(
        &self,
        leaves: &Leaves<B>,
        z: Tensor<B, 3>,
        permuted: Tensor<B, 3>,
    ) -> Tracked<B, 1> {
        let [models, batch, _] = z.dims();
        // Both halves in one pass, so that the discriminator's weights are read once.
        let codes = Tracked::<B, 3>::from_inner(Tensor::cat(vec![z, permuted], 1));
        let odds = log_odds::<B>(self.discriminator.forward(leaves, codes));
        // The cross entropies of the two labels are the softplus of the negative and of the positive log odds.
        let as_they_are = softplus::<B>(odds.clone().slice([0..models, 0..batch]).neg());
        let as_permuted = softplus::<B>(odds.slice([0..models, batch..2 * batch]));
        (as_they_are + as_permuted)
            .mean_dim(1)
            .mul_scalar(0.5)
            .squeeze_dim(1)
    }

    #[cfg(test)]
    pub(super) fn discriminator(&self) -> &Network<B> {
        &self.discriminator
    }

    #[cfg(test)]
    pub(super) fn discriminator_mut(&mut self) -> &mut Network<B> {
        &mut self.discriminator
    }
}

/// Permutes each code of `[M, N, latents]` over the batch separately.
pub(super) fn permute<B: Backend>(
    codes: Tensor<B, 3>,
    permutations: Tensor<B, 3, Int>,
) -> Tensor<B, 3> {
    codes.gather(1, permutations)
}

impl<B: Kernels> CohortObjective<B> for FactorVae<B> {
    fn term_names(&self) -> Vec<&'static str> {
        vec!["total_correlation_nats"]
    }

    fn term_names_after_update(&self) -> Vec<&'static str> {
        vec!["discriminator_loss_nats"]
    }

    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        let fixed = self.discriminator.leaves(false);
        let odds = log_odds::<B>(self.discriminator.forward(&fixed, context.z.clone()));
        let total_correlation: Tracked<B, 1> = odds.mean_dim(1).squeeze_dim(1);
        let terms = vec![total_correlation.clone().inner()];
        Regulariser {
            loss: self.gamma.at(context.step) * total_correlation,
            terms,
        }
    }

    fn after_update(&mut self, after: &AfterUpdate<'_, B>) -> Terms<B> {
        let z = after.z.clone();
        let others = match self.permuted_batch {
            PermutedBatch::Second => (after.second_batch)(),
            PermutedBatch::Same => z.clone(),
        };
        let permuted = permute(others, after.draws.permutations(after.step));
        let leaves = self.discriminator.leaves(true);
        let loss = self.discriminator_loss(&leaves, z, permuted);
        let terms = vec![loss.clone().inner()];
        let mut gradients = loss.sum().backward();
        let step = AdamStep {
            learning_rate: self.adam.learning_rate,
            beta1: self.adam.adam_beta1,
            beta2: self.adam.adam_beta2,
            epsilon: EPSILON,
            t: after.step + 1,
        };
        self.discriminator.update(leaves, &mut gradients, step);
        terms
    }

    fn save(&self, model: usize, out: &mut Arrays) {
        self.discriminator.save(model, true, out);
    }

    fn keep(&mut self, models: &[usize]) {
        self.gamma.keep(models);
        self.discriminator.keep(models);
    }
}

/// Log odds of "from the posterior": `[M, N, 2]` to `[M, N]`.
fn log_odds<B: Kernels>(logits: Tracked<B, 3>) -> Tracked<B, 2> {
    let [models, batch, _] = logits.dims();
    let first = logits.clone().slice([0..models, 0..batch, 0..1]);
    let second = logits.slice([0..models, 0..batch, 1..2]);
    (first - second).reshape([models, batch])
}

/// `ln(1 + exp x)` without overflow.
fn softplus<B: Kernels>(x: Tensor<Autodiff<B>, 2>) -> Tensor<Autodiff<B>, 2> {
    relu(x.clone()) + x.abs().neg().exp().log1p()
}
