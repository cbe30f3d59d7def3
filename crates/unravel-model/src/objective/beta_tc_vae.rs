//! β-TCVAE. Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders", equation 4:
//!
//! ```text
//! reconstruction + α · MI + β · TC + γ · DKL
//! MI  = E[ln q(z | x) − ln q(z)]            mutual information of image and codes
//! TC  = E[ln q(z) − Σ_d ln q(z_d)]          total correlation of the codes
//! DKL = E[Σ_d ln q(z_d) − ln p(z_d)]        dimension-wise KL
//! ```
//!
//! The expectations are over the batch and its sampled codes. The densities are those of [`density`](super::density),
//! with all constants. In expectation, the sum of the three terms is the KL. The computed loss is therefore
//!
//! ```text
//! reconstruction + KL + (α − 1) · MI + (β − 1) · TC + (γ − 1) · DKL
//! ```
//!
//! with the analytic KL of [`PlainVae`](super::PlainVae), which has the same expectation and less noise. With α = γ =
//! 1, it is exactly the loss in the code of Locatello et al. 2019. This file has the three terms.

use burn::tensor::{Tensor, backend::Backend};

use super::density::log_densities;
use super::{CohortObjective, ModelWeights, Regulariser, StepContext};
use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;

/// The weighted sum of mutual information, total correlation and dimension-wise KL.
#[derive(Debug)]
pub struct Decomposition<B: Backend> {
    weights: [ModelWeights<B>; 3],
    /// Subtracted from each weight: 1 if the KL already contains each term once.
    counted: f64,
    /// `[1, batch, batch]`.
    log_weights: Tensor<B, 3>,
    names: [&'static str; 3],
}

/// Names of the terms.
pub(super) const NAMES: [&str; 3] = [
    "mutual_information_nats",
    "total_correlation_nats",
    "dimension_wise_kl_nats",
];

/// Names of the terms if the discriminator estimates the total correlation too.
pub(super) const NAMES_BESIDE_DISCRIMINATOR: [&str; 3] = [
    "mutual_information_nats",
    "batch_total_correlation_nats",
    "dimension_wise_kl_nats",
];

impl<B: Backend> Decomposition<B> {
    /// The three terms with their weights. `log_weights` is from [`log_weights`](super::density::log_weights).
    pub(super) fn new(
        weights: [ModelWeights<B>; 3],
        counted: f64,
        log_weights: Tensor<B, 3>,
        names: [&'static str; 3],
    ) -> Self {
        Self {
            weights,
            counted,
            log_weights,
            names,
        }
    }
}

impl<B: Kernels> CohortObjective<B> for Decomposition<B> {
    fn term_names(&self) -> Vec<&'static str> {
        self.names.to_vec()
    }

    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        let posterior = context.posterior;
        let densities = log_densities(context.z, posterior, posterior, &self.log_weights);
        let mean = |x: Tracked<B, 2>| -> Tracked<B, 1> { x.mean_dim(1).squeeze_dim(1) };
        let terms = [
            mean(densities.given_image - densities.joint.clone()),
            mean(densities.joint - densities.marginals.clone()),
            mean(densities.marginals - densities.prior),
        ];
        let weighted = |(weights, term): (&ModelWeights<B>, &Tracked<B, 1>)| {
            weights.at(context.step).sub_scalar(self.counted) * term.clone()
        };
        let [mi, tc, dkl] = [0, 1, 2].map(|at| weighted((&self.weights[at], &terms[at])));
        Regulariser {
            loss: mi + tc + dkl,
            terms: terms.map(Tensor::inner).to_vec(),
        }
    }

    fn keep(&mut self, models: &[usize]) {
        self.weights
            .iter_mut()
            .for_each(|weights| weights.keep(models));
    }
}
