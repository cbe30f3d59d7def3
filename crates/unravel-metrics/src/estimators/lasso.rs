//! Linear regression with an L1 penalty, as scikit-learn's `Lasso`.
//!
//! The objective is `1/(2n) ‖y - Xw‖² + alpha ‖w‖₁` (Tibshirani 1996, "Regression shrinkage and selection via the lasso").
//! With standardised columns it depends on the data through their correlations alone, so these are what is given; and so a
//! whole grid costs no more than a sample of it. Solved by coordinate descent.

/// Coordinate descent ends when no weight moves by more than this.
const TOLERANCE: f64 = 1e-12;

/// What to fit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lasso {
    /// Weight of the penalty, at least 0.
    pub alpha: f64,
    /// Most rounds of coordinate descent.
    pub max_iterations: usize,
}

impl Lasso {
    /// A penalty of `alpha`.
    pub fn new(alpha: f64) -> Self {
        Self {
            alpha,
            max_iterations: 100_000,
        }
    }

    /// The weights of the standardised features, `[n]`, for a standardised target.
    ///
    /// `between` holds the correlations between the features, `[n, n]`, with zeros for features that do not vary, whose
    /// weights are 0; `with_target` those of each feature with the target, `[n]`.
    ///
    /// # Panics
    /// If `between` is not `[n, n]`.
    pub fn fit(&self, between: &[f64], with_target: &[f64]) -> Vec<f64> {
        let n = with_target.len();
        assert_eq!(
            between.len(),
            n * n,
            "a correlation for each pair of features"
        );
        let mut weights = vec![0.0; n];
        for _ in 0..self.max_iterations {
            let mut largest_move = 0.0_f64;
            for j in 0..n {
                let row = &between[j * n..][..n];
                if row[j] == 0.0 {
                    continue;
                }
                let explained: f64 = row.iter().zip(&weights).map(|(r, w)| r * w).sum();
                let rest = with_target[j] - explained + row[j] * weights[j];
                let weight = rest.signum() * (rest.abs() - self.alpha).max(0.0) / row[j];
                largest_move = largest_move.max((weight - weights[j]).abs());
                weights[j] = weight;
            }
            if largest_move <= TOLERANCE {
                break;
            }
        }
        weights
    }

    /// What the weights leave of the variance of the standardised target: the mean squared error.
    pub fn squared_error(between: &[f64], with_target: &[f64], weights: &[f64]) -> f64 {
        let n = weights.len();
        let mut error = 1.0;
        for (j, weight) in weights.iter().enumerate() {
            let explained: f64 = between[j * n..][..n]
                .iter()
                .zip(weights)
                .map(|(r, w)| r * w)
                .sum();
            error += weight * (explained - 2.0 * with_target[j]);
        }
        error.max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uncorrelated_features_are_shrunk_one_by_one() {
        let weights = Lasso::new(0.1).fit(&[1.0, 0.0, 0.0, 1.0], &[0.6, -0.05]);
        assert_eq!(weights, [0.5, 0.0]);
        let error = Lasso::squared_error(&[1.0, 0.0, 0.0, 1.0], &[0.6, -0.05], &weights);
        assert!((error - (1.0 - 0.6 + 0.25)).abs() < 1e-15);
    }

    #[test]
    fn the_conditions_of_the_minimum_hold() {
        let between = [1.0, 0.7, 0.2, 0.7, 1.0, -0.3, 0.2, -0.3, 1.0];
        let with_target = [0.8, 0.75, 0.1];
        let alpha = 0.02;
        let weights = Lasso::new(alpha).fit(&between, &with_target);
        for j in 0..3 {
            let explained: f64 = (0..3).map(|k| between[3 * j + k] * weights[k]).sum();
            let slope = with_target[j] - explained;
            if weights[j] == 0.0 {
                assert!(slope.abs() <= alpha);
            } else {
                assert!((slope - alpha * weights[j].signum()).abs() < 1e-10);
            }
        }
    }

    #[test]
    fn features_that_do_not_vary_have_no_weight() {
        assert_eq!(
            Lasso::new(0.0).fit(&[0.0, 0.0, 0.0, 1.0], &[0.0, 0.3]),
            [0.0, 0.3]
        );
    }
}
