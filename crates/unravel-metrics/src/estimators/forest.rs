//! Random forests of regression trees, equivalent to the `RandomForestRegressor` of scikit-learn 1.5 with defaults.
//!
//! Each of 100 trees is grown on a bootstrap sample of the rows until its leaves are pure. Every split considers every
//! feature. The prediction is the mean over the trees (Breiman 2001, "Random forests"). Random draws depend on a seed
//! and the number of the tree, so scores agree with scikit-learn's only in distribution. Trees are distributed over
//! threads, and the result does not depend on the number of threads.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

use super::tree::{Growth, Presorted, Tree, Workspace};
use crate::bytes::{Bytes, array_bytes};

/// The settings of a fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RandomForest {
    /// Number of trees.
    pub n_trees: usize,
    /// Maximum depth of a tree, at least 1.
    pub max_depth: usize,
    /// Seed of the draws.
    pub seed: u64,
}

impl Default for RandomForest {
    fn default() -> Self {
        Self {
            n_trees: 100,
            max_depth: usize::MAX,
            seed: 0,
        }
    }
}

/// A fitted regression.
#[derive(Clone, Debug, PartialEq)]
pub struct Forest {
    n_features: usize,
    trees: Vec<Tree>,
    importances: Vec<f64>,
}

impl RandomForest {
    /// Fits finite `features` (`[n, n_features]`, row-major) to `target` (`[n]`). Without rows, the prediction is
    /// always 0.
    ///
    /// # Panics
    /// If `features` is not `[target.len(), n_features]`.
    pub fn fit(&self, features: &[f32], n_features: usize, target: &[f64]) -> Forest {
        assert_eq!(
            features.len(),
            target.len() * n_features,
            "one row of features for each target"
        );
        let n_trees = if target.is_empty() { 0 } else { self.n_trees };
        let rows = Presorted::new(features, n_features);
        let grown: Vec<(Tree, Vec<f64>)> = (0..n_trees as u64)
            .into_par_iter()
            .map_init(Workspace::default, |workspace, number| {
                self.grow(workspace, &rows, target, number)
            })
            .collect();
        let mut importances = vec![0.0; n_features];
        let mut trees = Vec::with_capacity(n_trees);
        for (tree, by_feature) in grown {
            for (sum, importance) in importances.iter_mut().zip(shares(&by_feature)) {
                *sum += importance;
            }
            trees.push(tree);
        }
        Forest {
            n_features,
            trees,
            importances: shares(&importances),
        }
    }

    /// Bytes that a fit of the default settings holds at most, on so many threads: the rows, sorted, once for all and three
    /// times for each tree that is growing; and the trees, with a leaf for each row.
    pub(crate) fn bytes(n_rows: usize, n_features: usize, n_threads: usize) -> Bytes {
        let n_trees = Self::default().n_trees;
        let rows = Presorted::bytes(n_rows, n_features);
        let growing = rows + Workspace::bytes(n_rows, n_features);
        // rayon may start a workspace for every run of trees, but holds one for each thread.
        rows + growing * n_threads.min(n_trees) as Bytes
            + Tree::bytes(n_rows) * n_trees as Bytes
            + array_bytes::<f64>(&[n_trees, n_features])
    }

    fn grow(
        &self,
        workspace: &mut Workspace,
        rows: &Presorted,
        target: &[f64],
        number: u64,
    ) -> (Tree, Vec<f64>) {
        let drawn = rows.sampled(&self.times_drawn(target.len(), number));
        workspace.fit(&drawn, target.len());
        let growth = Growth {
            rows: &drawn,
            target,
            max_depth: self.max_depth,
            number,
        };
        let root = workspace.root(&growth);
        let mut importances = vec![0.0; rows.n_features()];
        let tree = workspace.grow(&growth, root, &mut importances, |leaf| {
            let sum: f64 = leaf.iter().map(|entry| target[entry.row as usize]).sum();
            sum / leaf.len() as f64
        });
        (tree, importances)
    }

    /// How often each row is drawn for a tree.
    fn times_drawn(&self, n_rows: usize, number: u64) -> Vec<u32> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(number);
        let mut times = vec![0; n_rows];
        for _ in 0..n_rows {
            // The bias of this is below n / 2⁶⁴.
            let row = (u128::from(rng.next_u64()) * n_rows as u128) >> 64;
            times[row as usize] += 1;
        }
        times
    }
}

/// Each value's share in their sum; zeros if that is zero.
fn shares(values: &[f64]) -> Vec<f64> {
    let total: f64 = values.iter().sum();
    let share = |value: &f64| if total == 0.0 { 0.0 } else { value / total };
    values.iter().map(share).collect()
}

impl Forest {
    /// Share of each feature in the reduction of the squared error, as a mean over the trees, `[n_features]`: they sum to
    /// one, or are all 0 if nothing was split.
    pub fn importances(&self) -> &[f64] {
        &self.importances
    }

    /// The prediction for each row of finite `features` (`[n, n_features]`).
    pub fn predict(&self, features: &[f32]) -> Vec<f64> {
        let answer = |row: &[f32]| {
            let sum: f64 = self
                .trees
                .iter()
                .map(|tree| tree.predict(|feature| row[feature]))
                .sum();
            sum / self.trees.len().max(1) as f64
        };
        features.par_chunks(self.n_features).map(answer).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of three features in (0, 1).
    fn rows(n: usize, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..3 * n)
            .map(|_| (rng.next_u32() >> 8) as f32 / (1 << 24) as f32)
            .collect()
    }

    #[test]
    fn a_smooth_function_is_learnt() {
        let truth = |row: &[f32]| f64::from(4.0 * row[0] + row[1] * row[1]);
        let features = rows(2000, 0);
        let target: Vec<f64> = features.chunks(3).map(truth).collect();
        let forest = RandomForest::default().fit(&features, 3, &target);
        let fresh = rows(500, 1);
        let errors = forest
            .predict(&fresh)
            .into_iter()
            .zip(fresh.chunks(3))
            .map(|(found, row)| found - truth(row));
        let mean_square = errors.map(|error| error * error).sum::<f64>() / 500.0;
        assert!(mean_square < 0.01, "{mean_square}");
        let importances = forest.importances();
        assert!(
            0.85 < importances[0] && importances[2] < 0.02,
            "{importances:?}"
        );
        assert!((importances.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn constant_features_and_no_rows_have_an_answer() {
        let forest = RandomForest::default().fit(&[1.0; 8], 2, &[0.0, 1.0, 0.0, 1.0]);
        assert_eq!(forest.importances(), [0.0, 0.0]);
        assert!((forest.predict(&[3.0, 4.0])[0] - 0.5).abs() < 0.1);
        assert_eq!(
            RandomForest::default()
                .fit(&[], 2, &[])
                .predict(&[3.0, 4.0]),
            [0.0]
        );
    }
}
