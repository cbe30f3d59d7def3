//! Log densities of sampled codes under mixtures of posteriors, for the decomposition of the KL.
//!
//! Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders", estimate the density of the
//! codes over the whole dataset, `q(z) = 1/N Σ_n q(z | x_n)`, from a batch of `B` images (appendix C). A code sampled
//! for image `i` of the batch has the density `Σ_j w_ij q(z | x_j)`. The two estimators have different weights.

use burn::tensor::{Tensor, backend::Backend};
use unravel_sweep::Estimator;

use crate::kernels::Kernels;
use crate::kernels::differentiable::Tracked;
use crate::network::Posterior;
use crate::placement::Placement;

/// `ln 2π`.
const LN_TAU: f64 = 1.837_877_066_409_345_5;

/// Log densities of codes, `[M, R]` each, in nats.
#[derive(Clone, Debug)]
pub struct LogDensities<B: Backend> {
    /// Under the posterior of the code's own image, `ln q(z | x)`.
    pub given_image: Tracked<B, 2>,
    /// Under the mixture, `ln q(z)`.
    pub joint: Tracked<B, 2>,
    /// Under the mixture, each code separately: `Σ_d ln q(z_d)`.
    pub marginals: Tracked<B, 2>,
    /// Under the prior, `Σ_d ln p(z_d)`.
    pub prior: Tracked<B, 2>,
}

/// The logarithms of a batch's weights, `[1, B, B]`: row `i` is for the code of image `i`, column `j` for the posterior
/// of image `j`.
///
/// `n_points` is N. With stratified sampling, it is at least the batch size B.
pub fn log_weights<B: Backend>(
    estimator: Estimator,
    batch: usize,
    n_points: usize,
    placement: &Placement<B>,
) -> Tensor<B, 3> {
    let weights = (0..batch * batch)
        .map(|at| match estimator {
            Estimator::Weighted => 1.0 / (n_points as f64 * batch as f64),
            Estimator::Stratified => stratified(at / batch, at % batch, batch, n_points as f64),
        })
        .map(f64::ln)
        .collect();
    placement.precise(weights, [1, batch, batch])
}

/// Equation S6 with M = B − 1 other images: `1/N` for the image itself, `(N − M) / (N M)` for one other image, and
/// `1/M` for the rest, so that the sum is 1. The one other image is the next one of the batch, so each image is it
/// once.
fn stratified(row: usize, column: usize, batch: usize, n_points: f64) -> f64 {
    let others = (batch - 1) as f64;
    if column == row {
        1.0 / n_points
    } else if column == (row + 1) % batch {
        (n_points - others) / (n_points * others)
    } else {
        1.0 / others
    }
}

/// Log densities of codes `[M, R, D]` under the mixture of the posteriors `[M, B, D]` with log weights `[1, R, B]`. The
/// code of row `i` was sampled from row `i` of the posteriors `own`, `[M, R, D]`.
pub fn log_densities<B: Kernels>(
    z: &Tracked<B, 3>,
    own: &Posterior<B>,
    mixture: &Posterior<B>,
    log_weights: &Tensor<B, 3>,
) -> LogDensities<B> {
    let [models, rows, latents] = z.dims();
    let components = mixture.z_mean.dims()[1];
    let sum_codes = |x: Tracked<B, 3>| -> Tracked<B, 2> { x.sum_dim(2).squeeze_dim(2) };

    let at_own = log_normal::<B, 3>(z.clone(), own.z_mean.clone(), own.z_logvar.clone());
    let square = z.clone() * z.clone();
    let at_prior = square.add_scalar(LN_TAU).mul_scalar(-0.5);

    let pairs = log_normal::<B, 4>(
        z.clone().reshape([models, rows, 1, latents]),
        mixture
            .z_mean
            .clone()
            .reshape([models, 1, components, latents]),
        mixture
            .z_logvar
            .clone()
            .reshape([models, 1, components, latents]),
    ); // [M, R, B, D]
    let log_weights = Tracked::<B, 3>::from_inner(log_weights.clone());
    let joint: Tracked<B, 3> = pairs.clone().sum_dim(3).squeeze_dim(3);
    let joint = log_sum_exp::<B, 3>(joint + log_weights.clone(), 2);
    let each = log_sum_exp::<B, 4>(pairs + log_weights.unsqueeze_dim(3), 2);
    LogDensities {
        given_image: sum_codes(at_own),
        joint: joint.reshape([models, rows]),
        marginals: sum_codes(each.reshape([models, rows, latents])),
        prior: sum_codes(at_prior),
    }
}

/// Elementwise log density of a Gaussian.
fn log_normal<B: Kernels, const D: usize>(
    x: Tracked<B, D>,
    mean: Tracked<B, D>,
    logvar: Tracked<B, D>,
) -> Tracked<B, D> {
    let distance = x - mean;
    let scaled = distance.clone() * distance * logvar.clone().neg().exp();
    (scaled + logvar).add_scalar(LN_TAU).mul_scalar(-0.5)
}

/// `ln Σ exp` along an axis, whose length becomes 1.
fn log_sum_exp<B: Kernels, const D: usize>(x: Tracked<B, D>, axis: usize) -> Tracked<B, D> {
    let largest = Tracked::<B, D>::from_inner(x.clone().inner().max_dim(axis));
    (x - largest.clone()).exp().sum_dim(axis).log() + largest
}
