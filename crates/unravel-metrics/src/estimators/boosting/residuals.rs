//! What the trees of the next stage are fitted to: how far each class's probability is from the truth.

use rayon::prelude::*;

use super::root::{Lanes, N_LANES};

/// Rows taken by one task.
const ROWS_PER_TASK: usize = 256;

/// `[row is of class k] - p_k` for each row and tree, by lanes of eight: `[n_rows, n_blocks]`. A single tree is that of the
/// second of two classes.
pub(super) fn residuals(scores: &[Vec<f64>], targets: &[u32]) -> Vec<Lanes> {
    let n_blocks = scores.len().div_ceil(N_LANES);
    let mut residuals = vec![Lanes::default(); targets.len() * n_blocks];
    residuals
        .par_chunks_mut(ROWS_PER_TASK * n_blocks)
        .zip(targets.par_chunks(ROWS_PER_TASK))
        .enumerate()
        .for_each(|(task, (residuals, targets))| {
            let first = task * ROWS_PER_TASK;
            let scores: Vec<&[f64]> = scores
                .iter()
                .map(|scores| &scores[first..][..targets.len()])
                .collect();
            if let [scores] = scores[..] {
                binary(scores, targets, residuals);
            } else {
                multinomial(&scores, targets, residuals);
            }
        });
    residuals
}

fn binary(scores: &[f64], targets: &[u32], residuals: &mut [Lanes]) {
    for ((score, &target), residual) in scores.iter().zip(targets).zip(residuals) {
        residual.0[0] = f64::from(target) - (1.0 + (-score).exp()).recip();
    }
}

fn multinomial(scores: &[&[f64]], targets: &[u32], residuals: &mut [Lanes]) {
    let n_blocks = scores.len().div_ceil(N_LANES);
    let mut highest = vec![f64::NEG_INFINITY; targets.len()];
    for scores in scores {
        for (highest, score) in highest.iter_mut().zip(*scores) {
            *highest = highest.max(*score);
        }
    }
    let mut sums = vec![0.0; targets.len()];
    for (k, scores) in scores.iter().enumerate() {
        let lanes = residuals.iter_mut().skip(k / N_LANES).step_by(n_blocks);
        for (((score, highest), sum), lanes) in scores.iter().zip(&highest).zip(&mut sums).zip(lanes) {
            let weight = (score - highest).exp();
            *sum += weight;
            lanes.0[k % N_LANES] = weight;
        }
    }
    for ((lanes, sum), &target) in residuals.chunks_exact_mut(n_blocks).zip(sums).zip(targets) {
        for lane in lanes.iter_mut().flat_map(|lanes| &mut lanes.0) {
            *lane /= -sum;
        }
        lanes[target as usize / N_LANES].0[target as usize % N_LANES] += 1.0;
    }
}
