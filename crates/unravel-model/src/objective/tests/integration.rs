//! Mutual information, total correlation and dimension-wise KL of a dataset of five images with two codes, against
//! integrals over a grid of codes.

use super::loops::normal;
use super::posteriors::{Batch, assert_close, host, placement};
use crate::kernels::differentiable::Tracked;
use crate::network::Posterior;
use crate::objective::log_densities;

const IMAGES: usize = 5;

/// Everything but the prior is spread over a few units; the trapezoidal rule is exact to rounding at these steps.
const REACH: f64 = 12.0;

/// `f` over all codes, on a grid of codes.
fn integral(f: impl Fn([f64; 2]) -> f64) -> f64 {
    const STEP: f64 = 0.05;
    let n = (2.0 * REACH / STEP) as usize;
    let place = |at: usize| at as f64 * STEP - REACH;
    let row = |i: usize| -> f64 { (0..=n).map(|j| f([place(i), place(j)])).sum() };
    (0..=n).map(row).sum::<f64>() * STEP * STEP
}

/// `p ln p/q`, 0 where there is nothing to lose.
fn part(p: f64, q: f64) -> f64 {
    if p > 1e-280 && q > 1e-280 {
        p * (p / q).ln()
    } else {
        0.0
    }
}

/// The three terms by integration over codes.
fn integrated(data: &Batch) -> [f64; 3] {
    let one = |image, code, z| normal(z, data.mean(0, image, code), data.variance(0, image, code));
    let posterior = |image, z: [f64; 2]| one(image, 0, z[0]) * one(image, 1, z[1]);
    let average = |of: &dyn Fn(usize) -> f64| (0..IMAGES).map(of).sum::<f64>() / IMAGES as f64;
    let joint = |z| average(&|image| posterior(image, z));
    let marginals = |z: [f64; 2]| average(&|i| one(i, 0, z[0])) * average(&|i| one(i, 1, z[1]));
    let prior = |z: [f64; 2]| normal(z[0], 0.0, 1.0) * normal(z[1], 0.0, 1.0);
    [
        average(&|image| integral(|z| part(posterior(image, z), joint(z)))),
        integral(|z| part(joint(z), marginals(z))),
        integral(|z| part(marginals(z), prior(z))),
    ]
}

/// The three terms from the densities that the objective uses, the expectation over the noise of each image taken
/// at the nodes of a grid of noise.
fn from_densities(data: &Batch) -> [f64; 3] {
    const STEP: f64 = 0.2;
    let n = (2.0 * 9.0 / STEP) as usize + 1;
    let noise = |at: usize| at as f64 * STEP - 9.0;
    let rows = IMAGES * n * n;
    let (mut z_mean, mut z_logvar, mut z, mut mass) = (vec![], vec![], vec![], vec![]);
    for row in 0..rows {
        let (image, node) = (row / (n * n), row % (n * n));
        let noise = [noise(node / n), noise(node % n)];
        for (code, noise) in noise.into_iter().enumerate() {
            let variance = data.variance(0, image, code);
            z_mean.push(data.mean(0, image, code));
            z_logvar.push(variance.ln());
            z.push(data.mean(0, image, code) + variance.sqrt() * noise);
        }
        mass.push(normal(noise[0], 0.0, 1.0) * normal(noise[1], 0.0, 1.0) * STEP * STEP);
    }
    let tracked = |values| Tracked::from_inner(placement().precise(values, [1, rows, 2]));
    let own = Posterior {
        z_mean: tracked(z_mean),
        z_logvar: tracked(z_logvar),
    };
    let uniform = vec![-(IMAGES as f64).ln(); rows * IMAGES];
    let uniform = placement().precise(uniform, [1, rows, IMAGES]);
    let densities = log_densities(&tracked(z), &own, &data.posterior(), &uniform);
    let expectation = |of: Tracked<_, 2>| -> f64 {
        let terms = host(of.inner()).into_iter().zip(&mass);
        terms.map(|(term, mass)| term * mass).sum::<f64>() / IMAGES as f64
    };
    [
        expectation(densities.given_image - densities.joint.clone()),
        expectation(densities.joint - densities.marginals.clone()),
        expectation(densities.marginals - densities.prior),
    ]
}

#[test]
fn the_decomposition_is_that_of_the_integrals_and_adds_up_to_the_kl() {
    let data = Batch::random(1, IMAGES, 2, 3);
    let (found, expected) = (from_densities(&data), integrated(&data));
    for (found, expected) in found.into_iter().zip(expected) {
        assert!(0.01 < expected, "the example is of no use: {expected}");
        assert_close(found, expected, 1e-8);
    }
    let kl = host(data.posterior().kl_per_code().inner())
        .iter()
        .sum::<f64>();
    assert_close(found.iter().sum(), kl, 1e-8);
}
