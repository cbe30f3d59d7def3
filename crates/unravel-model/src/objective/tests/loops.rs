//! The equations once more, as loops over numbers: no tensor, no logarithm of a sum of exponentials.

use std::f64::consts::TAU;

use unravel_sweep::{DipKind, Estimator};

use super::posteriors::Batch;

/// Mean over the batch of `Σ_d (μ² + σ² − 1 − ln σ²) / 2`.
pub fn kl(batch: &Batch, model: usize) -> f64 {
    let mut sum = 0.0;
    for image in 0..batch.size {
        for code in 0..batch.latents {
            let (mean, variance) = (
                batch.mean(model, image, code),
                batch.variance(model, image, code),
            );
            sum += 0.5 * (mean * mean + variance - 1.0 - variance.ln());
        }
    }
    sum / batch.size as f64
}

pub fn normal(x: f64, mean: f64, variance: f64) -> f64 {
    (-0.5 * (x - mean) * (x - mean) / variance).exp() / (TAU * variance).sqrt()
}

/// The weight of the posterior of image `other` in the density of the code of image `own`.
pub fn weight(estimator: Estimator, own: usize, other: usize, batch: usize, n_points: f64) -> f64 {
    let m = batch as f64 - 1.0;
    match estimator {
        Estimator::Weighted => 1.0 / (n_points * batch as f64),
        Estimator::Stratified if own == other => 1.0 / n_points,
        Estimator::Stratified if (own + 1) % batch == other => (n_points - m) / (n_points * m),
        Estimator::Stratified => 1.0 / m,
    }
}

/// Mutual information, total correlation and dimension-wise KL of a batch.
pub fn decomposition(
    batch: &Batch,
    model: usize,
    weight: impl Fn(usize, usize) -> f64,
) -> [f64; 3] {
    let mut sums = [0.0; 3];
    for own in 0..batch.size {
        let density = |other: usize, code: usize| {
            let (mean, variance) = (
                batch.mean(model, other, code),
                batch.variance(model, other, code),
            );
            normal(batch.z(model, own, code), mean, variance)
        };
        let at_all_codes = |other| {
            (0..batch.latents)
                .map(|code| density(other, code))
                .product::<f64>()
        };
        let mixture = |of: &dyn Fn(usize) -> f64| -> f64 {
            (0..batch.size)
                .map(|other| weight(own, other) * of(other))
                .sum()
        };
        let joint = mixture(&at_all_codes);
        let marginals: f64 = (0..batch.latents)
            .map(|code| mixture(&|other| density(other, code)))
            .product();
        let prior: f64 = (0..batch.latents)
            .map(|code| normal(batch.z(model, own, code), 0.0, 1.0))
            .product();
        sums[0] += (at_all_codes(own) / joint).ln();
        sums[1] += (joint / marginals).ln();
        sums[2] += (marginals / prior).ln();
    }
    sums.map(|sum| sum / batch.size as f64)
}

/// Sums of squares of the covariance off the diagonal, and of the diagonal minus 1.
pub fn dip(batch: &Batch, model: usize, kind: DipKind) -> [f64; 2] {
    let average =
        |of: &dyn Fn(usize) -> f64| (0..batch.size).map(of).sum::<f64>() / batch.size as f64;
    let (mut off, mut on) = (0.0, 0.0);
    for i in 0..batch.latents {
        for j in 0..batch.latents {
            let (a, b) = (|n| batch.mean(model, n, i), |n| batch.mean(model, n, j));
            let mut covariance = average(&|n| a(n) * b(n)) - average(&a) * average(&b);
            if i != j {
                off += covariance * covariance;
                continue;
            }
            if kind == DipKind::Ii {
                covariance += average(&|n| batch.variance(model, n, i));
            }
            on += (covariance - 1.0) * (covariance - 1.0);
        }
    }
    [off, on]
}
