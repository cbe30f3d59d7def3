//! What a fitted classifier says.

use rayon::prelude::*;

use super::{BoostedTrees, winner};

/// Rows predicted by one task.
const ROWS_PER_TASK: usize = 256;

impl BoostedTrees {
    /// The labels that the model can predict, ascending.
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// Share of each feature in the reduction of the squared error over all splits, `[n_features]`: they sum to one, or
    /// are all 0 if nothing was split.
    pub fn importances(&self) -> &[f64] {
        &self.importances
    }

    /// Accuracy on the rows it was fitted to.
    pub fn train_accuracy(&self) -> f64 {
        self.train_accuracy
    }

    /// The label of each row of finite `features` (`[n, n_features]`).
    pub fn predict(&self, features: &[f32]) -> Vec<usize> {
        features
            .par_chunks(ROWS_PER_TASK * self.n_features)
            .flat_map_iter(|rows| self.predict_rows(rows))
            .collect()
    }

    /// The share of rows whose label is predicted; `features` is `[n, n_features]`. 0 without rows.
    pub fn accuracy(&self, features: &[f32], labels: &[usize]) -> f64 {
        let predicted = self.predict(features);
        let right = predicted.iter().zip(labels).filter(|(a, b)| a == b).count();
        right as f64 / labels.len().max(1) as f64
    }

    fn predict_rows(&self, rows: &[f32]) -> Vec<usize> {
        let n = rows.len() / self.n_features;
        if self.trees.is_empty() {
            return vec![self.classes[0]; n];
        }
        let n_trees = self.initial.len();
        let mut scores: Vec<Vec<f64>> = self.initial.iter().map(|&score| vec![score; n]).collect();
        for (tree, k) in self.trees.iter().zip((0..n_trees).cycle()) {
            for (score, row) in scores[k].iter_mut().zip(rows.chunks_exact(self.n_features)) {
                *score += tree.predict(|feature| row[feature]);
            }
        }
        (0..n)
            .map(|row| self.classes[winner(scores.iter().map(|scores| scores[row]))])
            .collect()
    }
}
