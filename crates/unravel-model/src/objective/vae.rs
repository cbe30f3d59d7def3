//! VAE. Kingma & Welling 2014, "Auto-Encoding Variational Bayes", equation 3: the negative evidence lower bound,
//!
//! ```text
//! reconstruction + KL,    KL = E_x Σ_d KL(q(z_d | x) || N(0, 1))
//! ```
//!
//! The KL is analytic (appendix B): sum over codes, mean over the batch, in nats per image.

use super::{CohortObjective, Regulariser, StepContext};
use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;

/// `KL`.
#[derive(Debug)]
pub struct PlainVae;

impl<B: Kernels> CohortObjective<B> for PlainVae {
    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        Regulariser {
            loss: kl_nats(context),
            terms: Vec::new(),
        }
    }

    fn keep(&mut self, _models: &[usize]) {}
}

/// KL divergence of the posterior from the prior, `[M]`, in nats.
pub(super) fn kl_nats<B: Kernels>(context: &StepContext<'_, B>) -> Tracked<B, 1> {
    context.kl_per_code.clone().sum_dim(1).squeeze_dim(1)
}
