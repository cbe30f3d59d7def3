//! β-VAE. Higgins et al. 2017, "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework",
//! equation 4:
//!
//! ```text
//! reconstruction + β · KL
//! ```
//!
//! The KL is that of [`PlainVae`](super::PlainVae). β multiplies the sum over codes, and the reconstruction loss is a
//! sum over pixels. An implementation with means has another scale of β.

use burn::tensor::backend::Backend;

use super::vae::kl_nats;
use super::{CohortObjective, ModelWeights, Regulariser, StepContext};
use crate::kernels::Kernels;

/// `beta * KL`.
#[derive(Debug)]
pub struct BetaVae<B: Backend> {
    beta: ModelWeights<B>,
}

impl<B: Backend> BetaVae<B> {
    /// One β per model.
    pub fn new(beta: ModelWeights<B>) -> Self {
        Self { beta }
    }
}

impl<B: Kernels> CohortObjective<B> for BetaVae<B> {
    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        Regulariser {
            loss: kl_nats(context) * self.beta.at(context.step),
            terms: Vec::new(),
        }
    }

    fn keep(&mut self, models: &[usize]) {
        self.beta.keep(models);
    }
}
