//! β-VAE. Higgins et al. 2017, "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework",
//! equation 4: the reconstruction loss plus β times the KL from the prior, summed over codes.

use burn::tensor::{Tensor, backend::Backend};

use super::{CohortObjective, Regulariser, StepContext, pick};
use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;

/// `beta * KL`.
#[derive(Debug)]
pub struct BetaVae<B: Backend> {
    beta: Tensor<B, 1>,
}

impl<B: Backend> BetaVae<B> {
    /// One β a model, `[M]`.
    pub fn new(beta: Tensor<B, 1>) -> Self {
        Self { beta }
    }
}

impl<B: Kernels> CohortObjective<B> for BetaVae<B> {
    fn term_names(&self) -> &'static [&'static str] {
        &[]
    }

    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        let kl = context.kl_per_code.clone().sum_dim(1).squeeze_dim(1);
        let loss = kl * Tracked::<B, 1>::from_inner(self.beta.clone());
        Regulariser {
            loss,
            terms: Vec::new(),
        }
    }

    fn keep(&mut self, models: &[usize]) {
        self.beta = pick(&self.beta, models);
    }
}
