//! DIP-VAE. Kumar, Sattigeri & Balakrishnan 2018, "Variational Inference of Disentangled Latent Concepts from Unlabeled
//! Observations", equations 6 and 7:
//!
//! ```text
//! reconstruction + KL + λ_od · Σ_{i≠j} C_ij² + λ_d · Σ_i (C_ii − 1)²,    λ_d = factor · λ_od
//! C = Cov_x[μ(x)]                                (DIP-VAE-I)
//! C = Cov_x[μ(x)] + E_x[diag σ²(x)]              (DIP-VAE-II: the covariance of the sampled codes)
//! ```
//!
//! Covariances are over the batch, divided by its size, as in the code of Locatello et al. 2019. They have no unit.
//! This file has the sums of squares; [`PlainVae`](super::PlainVae) has the KL.

use burn::tensor::{Tensor, backend::Backend};
use unravel_sweep::DipKind;

use super::{CohortObjective, ModelWeights, Regulariser, StepContext};
use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;
use crate::network::Posterior;
use crate::placement::Placement;

/// `lambda_od * sum of squares off the diagonal + lambda_d * sum of squares of (diagonal - 1)`.
#[derive(Debug)]
pub struct DipVae<B: Backend> {
    kind: DipKind,
    lambda_od: ModelWeights<B>,
    lambda_d_factor: ModelWeights<B>,
    /// `[1, latents, latents]`.
    identity: Tensor<B, 3>,
}

impl<B: Kernels> DipVae<B> {
    /// One λ_od and one λ_d / λ_od per model.
    pub fn new(
        kind: DipKind,
        lambda_od: ModelWeights<B>,
        lambda_d_factor: ModelWeights<B>,
        latents: usize,
        placement: &Placement<B>,
    ) -> Self {
        let identity = (0..latents * latents)
            .map(|at| {
                if at / latents == at % latents {
                    1.0
                } else {
                    0.0
                }
            })
            .collect();
        Self {
            kind,
            lambda_od,
            lambda_d_factor,
            identity: placement.precise(identity, [1, latents, latents]),
        }
    }

    /// The sums of squares off the diagonal and on it, `[M]` each.
    fn sums_of_squares(&self, posterior: &Posterior<B>) -> [Tracked<B, 1>; 2] {
        let identity = Tracked::<B, 3>::from_inner(self.identity.clone());
        let mut covariance = covariance::<B>(posterior.z_mean.clone());
        if self.kind == DipKind::Ii {
            let variances = posterior.z_logvar.clone().exp().mean_dim(1); // [M, 1, D]
            covariance = covariance + variances * identity.clone();
        }
        let diagonal = covariance.clone() * identity.clone();
        let off = covariance - diagonal.clone();
        [off, diagonal - identity].map(sum_of_squares::<B>)
    }
}

/// The covariance of codes `[M, N, D]` over the batch, divided by N: `[M, D, D]`.
fn covariance<B: Kernels>(codes: Tracked<B, 3>) -> Tracked<B, 3> {
    let batch = codes.dims()[1] as f64;
    let centred = codes.clone() - codes.mean_dim(1);
    centred
        .clone()
        .swap_dims(1, 2)
        .matmul(centred)
        .div_scalar(batch)
}

fn sum_of_squares<B: Kernels>(matrices: Tracked<B, 3>) -> Tracked<B, 1> {
    let models = matrices.dims()[0];
    let squares = matrices.clone() * matrices;
    squares.sum_dim(2).sum_dim(1).reshape([models])
}

impl<B: Kernels> CohortObjective<B> for DipVae<B> {
    fn term_names(&self) -> Vec<&'static str> {
        vec![
            "covariance_off_diagonal_squares",
            "covariance_diagonal_squares",
        ]
    }

    fn regulariser(&self, context: &StepContext<'_, B>) -> Regulariser<B> {
        let [off, diagonal] = self.sums_of_squares(context.posterior);
        let lambda_od = self.lambda_od.at(context.step);
        let lambda_d = lambda_od.clone() * self.lambda_d_factor.at(context.step);
        Regulariser {
            loss: off.clone() * lambda_od + diagonal.clone() * lambda_d,
            terms: vec![off.inner(), diagonal.inner()],
        }
    }

    fn keep(&mut self, models: &[usize]) {
        self.lambda_od.keep(models);
        self.lambda_d_factor.keep(models);
    }
}
