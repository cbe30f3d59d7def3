//! What the minibatch estimators of the density of the codes converge to.

use unravel_sweep::{Estimator, Objective};

use super::loops::{normal, weight};
use super::posteriors::{Batch, assert_close, evaluate, host, placement};
use crate::objective::log_weights;

fn tc(batch: &Batch, estimator: Estimator, n_points: usize) -> Vec<f64> {
    let objective = Objective::BetaTcVae {
        alpha: 1.0.into(),
        beta: 1.0.into(),
        gamma: 1.0.into(),
        estimator,
    };
    let found = evaluate(vec![objective; batch.models], batch, n_points, 0);
    found.term("total_correlation_nats").to_vec()
}

/// Images whose codes are, over the whole data, a Gaussian of unit variances and this correlation.
fn correlated(models: usize, size: usize, correlation: f64, key: u64) -> Batch {
    const WITHIN: f64 = 0.1; // variance of each posterior
    let mut batch = Batch::random(models, size, 2, key);
    let slope = correlation / (1.0 - WITHIN).sqrt();
    let rest = (1.0 - WITHIN - slope * slope).sqrt();
    for pair in batch.z_mean.chunks_exact_mut(2) {
        let [a, b] = [pair[0], pair[1]];
        pair[0] = (1.0 - WITHIN).sqrt() * a;
        pair[1] = slope * a + rest * b;
    }
    batch.z_logvar.fill(WITHIN.ln());
    batch
}

#[test]
fn the_total_correlation_of_a_correlated_gaussian_is_found_as_the_batch_grows() {
    let correlation: f64 = 0.8;
    let truth = -0.5 * (1.0 - correlation * correlation).ln();
    let errors: Vec<f64> = [30, 120, 480]
        .into_iter()
        .map(|size| {
            let batch = correlated(8, size, correlation, 5);
            let found = tc(&batch, Estimator::Stratified, size);
            found.iter().map(|tc| (tc - truth).abs()).sum::<f64>() / found.len() as f64
        })
        .collect();
    assert!(errors[2] < errors[1] && errors[1] < errors[0], "{errors:?}");
    assert!(errors[2] < 0.1 * truth, "{errors:?}");
    let independent = correlated(8, 480, 0.0, 6);
    let found = tc(&independent, Estimator::Stratified, 480);
    assert!(found.iter().sum::<f64>().abs() / 8.0 < 0.05, "{found:?}");
}

#[test]
fn weighted_sampling_has_the_constants_of_its_equation() {
    // With the whole data as the batch, every density is 1/N of that of the data: ln q(z) is short of ln N, and so is
    // each of the D marginals, so that the total correlation is (D − 1) ln N too large, and never absurdly negative.
    let size = 40;
    let batch = correlated(1, size, 0.8, 7);
    let uniform = super::loops::decomposition(&batch, 0, |_, _| 1.0 / size as f64)[1];
    let found = tc(&batch, Estimator::Weighted, size)[0];
    assert_close(found - (size as f64).ln(), uniform, 1e-10);
    assert!(0.0 < tc(&batch, Estimator::Weighted, 737_280)[0]);
}

#[test]
fn stratified_weights_are_those_of_one_strided_diagonal() {
    for (batch, n_points) in [(2, 2), (2, 100), (7, 7), (7, 50), (64, 737_280)] {
        let logs = host(log_weights(
            Estimator::Stratified,
            batch,
            n_points,
            &placement(),
        ));
        for (own, row) in logs.chunks(batch).enumerate() {
            assert_close(row.iter().map(|log| log.exp()).sum(), 1.0, 1e-12);
            assert_close(row[own].exp(), 1.0 / n_points as f64, 1e-12);
        }
        // Every image is the last stratum of exactly one other.
        for other in 0..batch {
            let column: f64 = (0..batch).map(|own| logs[own * batch + other].exp()).sum();
            assert_close(column, 1.0, 1e-12);
        }
    }
}

/// All ordered choices of `k` different numbers below `n` other than `own`.
fn choices(n: usize, k: usize, own: usize) -> Vec<Vec<usize>> {
    if k == 0 {
        return vec![Vec::new()];
    }
    let shorter = choices(n, k - 1, own);
    let extend = |chosen: Vec<usize>| -> Vec<Vec<usize>> {
        let new = (0..n).filter(|next| *next != own && !chosen.contains(next));
        new.map(|next| [chosen.clone(), vec![next]].concat())
            .collect()
    };
    shorter.into_iter().flat_map(extend).collect()
}

#[test]
fn stratified_sampling_is_unbiased_over_all_batches_and_weighted_sampling_is_not() {
    let (n_points, batch) = (6, 4);
    let data = Batch::random(1, n_points, 1, 8);
    let density =
        |image: usize, z: f64| normal(z, data.mean(0, image, 0), data.variance(0, image, 0));
    let own = 2;
    let z = data.z(0, own, 0);
    let truth = (0..n_points).map(|image| density(image, z)).sum::<f64>() / n_points as f64;
    let average = |estimator| {
        let batches = choices(n_points, batch - 1, own);
        let estimate = |others: &Vec<usize>| -> f64 {
            let images = std::iter::once(own).chain(others.iter().copied());
            let terms = images.enumerate().map(|(place, image)| {
                weight(estimator, 0, place, batch, n_points as f64) * density(image, z)
            });
            terms.sum()
        };
        batches.iter().map(estimate).sum::<f64>() / batches.len() as f64
    };
    assert_close(average(Estimator::Stratified), truth, 1e-12);
    assert!((average(Estimator::Weighted) - truth).abs() > 0.1 * truth);
}
