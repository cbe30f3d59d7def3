//! FactorVAE. Kim & Mnih 2018, "Disentangling by Factorising", equation 2 and Algorithm 2.
//!
//! The loss is the negative ELBO plus γ times the total correlation of the sampled codes, which a discriminator
//! estimates as its mean log odds (equation 3) that the codes came as they are rather than permuted over the batch.
//! The discriminator is updated after the VAE in every step, on the codes of the batch against codes of a second
//! batch (`permuted-batch = "second"`, Algorithm 2) or of the same one (`"same"`, as the code of Locatello et al. 2019),
//! each code permuted over the batch on its own.

use burn::backend::Autodiff;
use burn::tensor::{Tensor, activation::relu, backend::Backend};
use unravel_sweep::{DiscriminatorConfig, PermutedBatch, Trial};

use super::{AfterUpdate, CohortObjective, Regulariser, StepContext, Terms, pick};
use crate::arrays::Arrays;
use crate::error::ModelError;
use crate::kernels::differentiable::Tracked;
use crate::kernels::{AdamStep, Kernels};
use crate::network::{Network, discriminator_layers};
use crate::random::Purpose;

/// `KL + gamma * TC`, and the discriminator that estimates TC.
#[derive(Debug)]
pub struct FactorVae<B: Backend> {
    gamma: Tensor<B, 1>,
    permuted_batch: PermutedBatch,
    discriminator: Network<B>,
    adam: DiscriminatorConfig,
}

/// Adam's epsilon for the discriminator.
const EPSILON: f64 = 1e-8;

impl<B: Kernels> FactorVae<B> {
    /// One γ a model, `[M]`.
    pub(crate) fn build(
        gamma: Tensor<B, 1>,
        permuted_batch: PermutedBatch,
        config: &DiscriminatorConfig,
        trials: &[Trial],
        saved: Option<&[&Arrays]>,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        let latents = trials[0].model.latents;
        let layers = discriminator_layers(latents, config.layers, config.units);
        let discriminator = match saved {
            Some(saved) => Network::restore("discriminator", layers, saved, device)?,
            None => {
                let seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
                let rule = trials[0].model.initialisation;
                let purpose = Purpose::DiscriminatorInit;
                Network::init("discriminator", layers, rule, purpose, &seeds, device)
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

impl<B: Kernels> CohortObjective<B> for FactorVae<B> {
    fn term_names(&self) -> &'static [&'static str] {
        &["total_correlation_nats", "discriminator_loss"]
    }

    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        let fixed = self.discriminator.leaves(false);
        let odds = log_odds::<B>(self.discriminator.forward(&fixed, context.z.clone()));
        let total_correlation = odds.mean_dim(1).squeeze_dim(1);
        let kl: Tracked<B, 1> = context.kl_per_code.clone().sum_dim(1).squeeze_dim(1);
        let gamma = Tracked::<B, 1>::from_inner(self.gamma.clone());
        let terms = vec![total_correlation.clone().inner()];
        Regulariser {
            loss: kl + gamma * total_correlation,
            terms,
        }
    }

    fn after_update(&mut self, after: &AfterUpdate<'_, B>) -> Terms<B> {
        let z = after.z.clone();
        let others = match self.permuted_batch {
            PermutedBatch::Second => (after.second_batch)(),
            PermutedBatch::Same => z.clone(),
        };
        let permuted = others.gather(1, after.draws.permutations(after.step));

        let leaves = self.discriminator.leaves(true);
        let [models, batch, _] = z.dims();
        // Both halves in one pass: the discriminator's weights are read once.
        let codes = Tracked::<B, 3>::from_inner(Tensor::cat(vec![z, permuted], 1));
        let odds = log_odds::<B>(self.discriminator.forward(&leaves, codes));
        // Cross entropy with the two labels: softplus of minus and plus the log odds.
        let as_they_are = softplus::<B>(odds.clone().slice([0..models, 0..batch]).neg());
        let as_permuted = softplus::<B>(odds.slice([0..models, batch..2 * batch]));
        let loss = (as_they_are + as_permuted)
            .mean_dim(1)
            .mul_scalar(0.5)
            .squeeze_dim(1);
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
        self.gamma = pick(&self.gamma, models);
        self.discriminator.keep(models);
    }
}

/// Logit "as they are" minus logit "permuted": `[M, N, 2]` to `[M, N]`.
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
