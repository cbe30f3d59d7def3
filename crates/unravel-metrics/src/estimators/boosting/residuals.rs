//! What the trees of the next stage are fitted to: how far each class's probability is from the truth.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::root::{Lanes, N_LANES};
use crate::estimators::exp::exp_of_negative;

/// Rows taken by one task.
const ROWS_PER_TASK: usize = 256;

/// `[row is of class k] - p_k` for each row and tree, by lanes of eight: `[n_rows, n_blocks]`. A single tree is that of the
/// second of two classes. `scores` are `[n_trees, n_rows]`.
pub(super) fn residuals(scores: &[Vec<f64>], targets: &[u32]) -> Vec<Lanes> {
    let n_blocks = scores.len().div_ceil(N_LANES);
    let mut residuals = vec![Lanes::default(); targets.len() * n_blocks];
    residuals
        .par_chunks_mut(ROWS_PER_TASK * n_blocks)
        .zip(targets.par_chunks(ROWS_PER_TASK))
        .enumerate()
        .for_each(|(task, (residuals, targets))| {
            let rows = task * ROWS_PER_TASK..task * ROWS_PER_TASK + targets.len();
            if let [scores] = scores {
                binary(&scores[rows], targets, residuals);
            } else {
                let mut probabilities: Vec<Vec<f64>> = scores
                    .iter()
                    .map(|scores| scores[rows.clone()].to_vec())
                    .collect();
                Arch::new().dispatch(Softmax(&mut probabilities));
                transpose(&probabilities, targets, residuals);
            }
        });
    residuals
}

fn binary(scores: &[f64], targets: &[u32], residuals: &mut [Lanes]) {
    for ((score, &target), residual) in scores.iter().zip(targets).zip(residuals) {
        residual.0[0] = f64::from(target) - (1.0 + (-score).exp()).recip();
    }
}

/// Turns scores into probabilities, `[n_classes, n_rows]`.
struct Softmax<'a>(&'a mut [Vec<f64>]);

impl WithSimd for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let n_rows = self.0[0].len();
        let mut highest = vec![f64::NEG_INFINITY; n_rows];
        for scores in &*self.0 {
            for (highest, &score) in highest.iter_mut().zip(scores) {
                *highest = if *highest < score { score } else { *highest };
            }
        }
        let mut sums = vec![0.0; n_rows];
        for scores in &mut *self.0 {
            for ((score, highest), sum) in scores.iter_mut().zip(&highest).zip(&mut sums) {
                *score = exp_of_negative(*score - highest);
                *sum += *score;
            }
        }
        for weights in self.0 {
            for (weight, sum) in weights.iter_mut().zip(&sums) {
                *weight /= sum;
            }
        }
    }
}

fn transpose(probabilities: &[Vec<f64>], targets: &[u32], residuals: &mut [Lanes]) {
    let n_blocks = probabilities.len().div_ceil(N_LANES);
    for (k, probabilities) in probabilities.iter().enumerate() {
        let lanes = residuals.iter_mut().skip(k / N_LANES).step_by(n_blocks);
        for (lanes, probability) in lanes.zip(probabilities) {
            lanes.0[k % N_LANES] = -probability;
        }
    }
    for (row, &target) in residuals.chunks_exact_mut(n_blocks).zip(targets) {
        row[target as usize / N_LANES].0[target as usize % N_LANES] += 1.0;
    }
}
