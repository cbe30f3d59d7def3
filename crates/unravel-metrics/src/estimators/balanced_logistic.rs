//! What linear functions of some features tell of a label: the cross-entropy of multinomial logistic regression without a
//! penalty, classes weighted equally, on the rows it was fitted to.
//!
//! The objective is that of scikit-learn's `LogisticRegression(penalty=None, class_weight="balanced")`: the mean of
//! `w_i · -ln p(y_i | x_i)` with `w_i = n / (n_classes · n_of_class)`. scikit-learn stops where no derivative is larger than
//! 1e-4; here it is 1e-6, so that the result is a property of the data. Where the classes can be told apart without error
//! there is no best classifier, only ever better ones: the cross-entropy then ends below some 1e-5 nats, which stands for 0.
//!
//! Costs some thirty passes over the rows of `4 · n_features · n_classes` operations and `n_classes` exponentials each.

use std::borrow::Cow;

use rayon::prelude::*;

use super::lbfgs::{self, Minimum, Start};
use super::vectors::check_rows;
use crate::bytes::{Bytes, array_bytes};

/// Rows summed by one task.
const ROWS_PER_TASK: usize = 1024;

/// Rows that the fit of many more rows starts from.
const N_FIRST_ROWS: usize = 20_000;

/// A feature of which no more than this share of the variance is left, when others have told what they can, is left out.
const SMALLEST_REST: f64 = 1e-10;

/// Largest derivative of the mean loss at the end, in nats by unit of feature.
const TOLERANCE: f64 = 1e-6;

/// Most iterations; thirty to fifty are usual, some hundred where classes are all but separable.
const MAX_ITERATIONS: usize = 1000;

/// A fitted classifier of some rows.
#[derive(Clone, Debug, PartialEq)]
pub struct BalancedFit {
    /// Mean of `-ln p(y | x)` over the rows, each counting once, in nats.
    pub cross_entropy_nats: f64,
    /// Number of labels that occur.
    pub n_classes: usize,
    /// Iterations taken.
    pub n_iterations: usize,
    /// Whether the minimum was reached.
    pub converged: bool,
}

/// Rows of features, as the classifier uses them. Scores are linear in *weights* of the features, and weights are linear in
/// the *parameters* that the solver sees.
pub(crate) trait Design: Sized + Sync {
    /// Parameters of a class beside its intercept.
    fn n_parameters(&self) -> usize;

    /// Weights of a class beside its intercept.
    fn n_weights(&self) -> usize;

    /// Number of rows.
    fn n_rows(&self) -> usize;

    /// The weights `[n_weights + 1, n_classes]` of parameters `[n_parameters + 1, n_classes]`, in both the intercepts last.
    fn weights<'p>(&self, parameters: &'p [f64], n_classes: usize) -> Cow<'p, [f64]>;

    /// Turns derivatives by the weights into those by the parameters.
    fn gradient(&self, by_weight: &[f64], n_classes: usize, by_parameter: &mut [f64]);

    /// Adds a row's scores without intercepts to `scores`, one for each class.
    fn add_scores(&self, row: usize, weights: &[f64], scores: &mut [f64]);

    /// Adds a row's share of the derivatives by the weights: residuals, one for each class, times `weight`.
    fn add_residuals(&self, row: usize, weight: f64, residuals: &[f64], by_weight: &mut [f64]);

    /// Some of the rows.
    fn rows(&self, rows: &[usize]) -> Self;
}

/// Features that are written down, `[n, n_features]`, each with one parameter, its weight.
struct Dense<'a> {
    features: Cow<'a, [f64]>,
    n_features: usize,
    n_rows: usize,
}

impl Dense<'_> {
    fn row(&self, row: usize) -> &[f64] {
        &self.features[row * self.n_features..][..self.n_features]
    }
}

impl Design for Dense<'_> {
    fn n_parameters(&self) -> usize {
        self.n_features
    }

    fn n_weights(&self) -> usize {
        self.n_features
    }

    fn n_rows(&self) -> usize {
        self.n_rows
    }

    fn weights<'p>(&self, parameters: &'p [f64], _: usize) -> Cow<'p, [f64]> {
        Cow::Borrowed(parameters)
    }

    fn gradient(&self, by_weight: &[f64], _: usize, by_parameter: &mut [f64]) {
        by_parameter.copy_from_slice(by_weight);
    }

    #[inline]
    fn add_scores(&self, row: usize, weights: &[f64], scores: &mut [f64]) {
        for (weights, x) in weights.chunks_exact(scores.len()).zip(self.row(row)) {
            for (score, weight) in scores.iter_mut().zip(weights) {
                *score += weight * x;
            }
        }
    }

    #[inline]
    fn add_residuals(&self, row: usize, weight: f64, residuals: &[f64], by_weight: &mut [f64]) {
        let features = self.row(row).iter().chain(&[1.0]);
        for (sums, x) in by_weight.chunks_exact_mut(residuals.len()).zip(features) {
            let share = weight * x;
            for (sum, residual) in sums.iter_mut().zip(residuals) {
                *sum += share * residual;
            }
        }
    }

    fn rows(&self, rows: &[usize]) -> Self {
        let features = rows.iter().flat_map(|&row| self.row(row)).copied();
        Self {
            features: features.collect(),
            n_features: self.n_features,
            n_rows: rows.len(),
        }
    }
}

/// The same rows in uncorrelated features of variance 1, of which linear functions tell the same: fewer, if some are
/// linear functions of others. Returns them with their number. `features` is `[n, n_features]`, each of mean 0.
///
/// Fitting then takes tens of iterations, and not thousands where features are nearly collinear.
///
/// # Panics
/// If `features` is not `[n, n_features]`.
pub fn uncorrelated(mut features: Vec<f64>, n_features: usize) -> (Vec<f64>, usize) {
    let n = features.len().checked_div(n_features).unwrap_or(0);
    assert_eq!(features.len(), n * n_features, "whole rows");
    let mut kept: Vec<usize> = Vec::new();
    // Gram and Schmidt's method, twice over for the sake of the digits.
    for feature in 0..n_features {
        let before = product(&features, n_features, feature, feature);
        for _ in 0..2 {
            for &other in &kept {
                let share = product(&features, n_features, feature, other);
                features
                    .par_chunks_mut(n_features)
                    .for_each(|row| row[feature] -= share * row[other]);
            }
        }
        let variance = product(&features, n_features, feature, feature);
        if SMALLEST_REST * before < variance {
            let scale = variance.sqrt().recip();
            features
                .par_chunks_mut(n_features)
                .for_each(|row| row[feature] *= scale);
            kept.push(feature);
        }
    }
    let rows = features.chunks_exact(n_features.max(1));
    let mut uncorrelated = Vec::with_capacity(n * kept.len());
    uncorrelated.extend(rows.flat_map(|row| kept.iter().map(|&feature| row[feature])));
    (uncorrelated, kept.len())
}

/// Bytes that [`fit`] holds at most beside the features: labels, the gradients of all tasks, and what the solver remembers.
pub(crate) fn bytes(n_rows: usize, n_features: usize, n_classes: usize) -> Bytes {
    array_bytes::<u32>(&[n_rows, 3])
        + array_bytes::<f64>(&[N_FIRST_ROWS.min(n_rows), n_features + 1])
        + array_bytes::<f64>(&[n_vectors(n_rows), n_features + 1, n_classes])
}

/// Vectors as long as the parameters that a fit of so many rows holds at most.
fn n_vectors(n_rows: usize) -> usize {
    n_rows.div_ceil(ROWS_PER_TASK) + lbfgs::N_VECTORS
}

/// The mean product of two features.
fn product(features: &[f64], n_features: usize, a: usize, b: usize) -> f64 {
    let chunks = features.par_chunks(ROWS_PER_TASK * n_features);
    let sums: Vec<f64> = chunks
        .map(|rows| {
            rows.chunks_exact(n_features)
                .map(|row| row[a] * row[b])
                .sum()
        })
        .collect();
    sums.into_iter().sum::<f64>() / (features.len() / n_features) as f64
}

/// Fits `features` (`[n, n_features]`, row-major, finite, of a scale near one) to `labels` (`[n]`). Without rows, or with one
/// class, there is nothing to tell.
///
/// Many rows are fitted from the classifier of some of them on, evenly spaced.
///
/// # Panics
/// If `features` is not `[labels.len(), n_features]`.
pub fn fit(features: &[f64], n_features: usize, labels: &[u32]) -> BalancedFit {
    check_rows(features, n_features, labels);
    let design = Dense {
        features: Cow::Borrowed(features),
        n_features,
        n_rows: labels.len(),
    };
    fit_design(&design, labels)
}

/// The same for any rows of features.
///
/// # Panics
/// If there is not a label for each row.
pub(crate) fn fit_design(design: &impl Design, labels: &[u32]) -> BalancedFit {
    assert_eq!(design.n_rows(), labels.len(), "a label for each row");
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let n_classes = classes.len();
    if n_classes < 2 {
        return BalancedFit {
            cross_entropy_nats: 0.0,
            n_classes,
            n_iterations: 0,
            converged: true,
        };
    }
    let targets: Vec<u32> = labels
        .iter()
        .map(|label| classes.partition_point(|class| class < label) as u32)
        .collect();
    let problem = Problem::new(design, &targets, n_classes);
    let minimum = problem.minimise(first_guess(&problem));
    BalancedFit {
        cross_entropy_nats: problem.cross_entropy(&minimum.end.parameters),
        n_classes,
        n_iterations: minimum.n_iterations,
        converged: minimum.converged,
    }
}

/// Where to start: from nothing, or from the classifier of every so many rows if that spares passes over all of them.
fn first_guess<D: Design>(all: &Problem<'_, D>) -> Start {
    let nothing = Start::at(vec![
        0.0;
        (all.design.n_parameters() + 1) * all.weights.len()
    ]);
    let n = all.targets.len();
    if n < 2 * N_FIRST_ROWS {
        return nothing;
    }
    let rows: Vec<usize> = (0..N_FIRST_ROWS).map(|k| k * n / N_FIRST_ROWS).collect();
    let design = all.design.rows(&rows);
    let targets: Vec<u32> = rows.iter().map(|&row| all.targets[row]).collect();
    let some = Problem::new(&design, &targets, all.weights.len());
    // Rows that lack a class know nothing of its parameters.
    if some.weights.iter().all(|weight| weight.is_finite()) {
        some.minimise(nothing).end
    } else {
        nothing
    }
}

struct Problem<'a, D> {
    design: &'a D,
    targets: &'a [u32],
    /// Weight of a row of each class.
    weights: Vec<f64>,
}

impl<'a, D: Design> Problem<'a, D> {
    fn new(design: &'a D, targets: &'a [u32], n_classes: usize) -> Self {
        let mut counts = vec![0.0; n_classes];
        for &target in targets {
            counts[target as usize] += 1.0;
        }
        Self {
            design,
            targets,
            // With the factor 1/n of the mean.
            weights: counts
                .iter()
                .map(|count| 1.0 / (n_classes as f64 * count))
                .collect(),
        }
    }

    fn minimise(&self, start: Start) -> Minimum {
        let evaluate =
            |parameters: &[f64], gradient: &mut [f64]| self.evaluate(parameters, gradient);
        lbfgs::minimise(evaluate, start, TOLERANCE, MAX_ITERATIONS)
    }

    /// The weighted loss, in nats; its gradient goes to `gradient`.
    fn evaluate(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let n_classes = self.weights.len();
        let n_sums = (self.design.n_weights() + 1) * n_classes;
        let chunks: Vec<(f64, Vec<f64>)> = self.map_chunks(parameters, |weights, rows| {
            let mut sums = vec![0.0; n_sums];
            let mut loss = 0.0;
            self.for_rows(rows, weights, |row, target, nats, probabilities| {
                let weight = self.weights[target];
                loss += weight * nats;
                probabilities[target] -= 1.0;
                self.design
                    .add_residuals(row, weight, probabilities, &mut sums);
            });
            (loss, sums)
        });
        let (mut loss, mut total) = (0.0, vec![0.0; n_sums]);
        for (part, sums) in chunks {
            loss += part;
            for (total, sum) in total.iter_mut().zip(sums) {
                *total += sum;
            }
        }
        self.design.gradient(&total, n_classes, gradient);
        loss
    }

    fn cross_entropy(&self, parameters: &[f64]) -> f64 {
        let chunks: Vec<f64> = self.map_chunks(parameters, |weights, rows| {
            let mut sum = 0.0;
            self.for_rows(rows, weights, |_, _, nats, _| sum += nats);
            sum
        });
        chunks.into_iter().sum::<f64>() / self.targets.len() as f64
    }

    /// Fixed chunks of rows, in order, so that nothing depends on the number of threads; with the weights of `parameters`.
    fn map_chunks<T: Send>(
        &self,
        parameters: &[f64],
        of_chunk: impl Fn(&[f64], std::ops::Range<usize>) -> T + Sync + Send,
    ) -> Vec<T> {
        let n = self.targets.len();
        let weights = self.design.weights(parameters, self.weights.len());
        (0..n.div_ceil(ROWS_PER_TASK))
            .into_par_iter()
            .map(|task| {
                of_chunk(
                    &weights,
                    task * ROWS_PER_TASK..n.min((task + 1) * ROWS_PER_TASK),
                )
            })
            .collect()
    }

    /// Calls `visit` with each row's number, target, loss in nats and probabilities.
    fn for_rows(
        &self,
        rows: std::ops::Range<usize>,
        weights: &[f64],
        mut visit: impl FnMut(usize, usize, f64, &mut [f64]),
    ) {
        let n_classes = self.weights.len();
        let (weights, intercepts) = weights.split_at(self.design.n_weights() * n_classes);
        let mut scores = vec![0.0; n_classes];
        for row in rows {
            scores.copy_from_slice(intercepts);
            self.design.add_scores(row, weights, &mut scores);
            let target = self.targets[row] as usize;
            let nats = softmax(&mut scores, target);
            visit(row, target, nats, &mut scores);
        }
    }
}

/// Turns scores into probabilities and returns the loss of the target, in nats.
fn softmax(scores: &mut [f64], target: usize) -> f64 {
    let highest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let of_target = scores[target] - highest;
    let mut sum = 0.0;
    for score in scores.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    let scale = 1.0 / sum;
    for score in scores.iter_mut() {
        *score *= scale;
    }
    sum.ln() - of_target
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_features_every_class_is_as_likely() {
        // Shares of 6/10, 3/10, 1/10, but balanced: the loss is ln 3 whatever the class.
        let labels = [5, 5, 5, 5, 5, 5, 2, 2, 2, 9];
        let fit = fit(&[], 0, &labels);
        assert_eq!(fit.n_classes, 3);
        assert!((fit.cross_entropy_nats - 3_f64.ln()).abs() < 1e-9);
    }

    #[test]
    fn a_binary_feature_tells_its_conditional_entropy() {
        // The feature equals the label in 25 of 40 rows of class 0, and in 70 of 80 rows of class 1.
        let labels: Vec<u32> = (0..120).map(|row| u32::from(40 <= row)).collect();
        let features: Vec<f64> = (0..120)
            .map(|row| {
                f64::from(u8::from(
                    (25..40).contains(&row) || (50..120).contains(&row),
                ))
            })
            .collect();
        let hit = [25.0_f64 / 40.0, 70.0 / 80.0];
        let fit = fit(&features, 1, &labels);
        // The best classifier gives the balanced conditional shares.
        let share = |class: usize| -> f64 {
            let (own, other) = (hit[class], 1.0 - hit[1 - class]);
            own / (own + other)
        };
        // Rows count once each in the cross-entropy, though the classifier weighs classes equally.
        let nats = |class: usize| {
            let (right, wrong) = (share(class), 1.0 - share(1 - class));
            hit[class] * -right.ln() + (1.0 - hit[class]) * -wrong.ln()
        };
        let expected = (40.0 * nats(0) + 80.0 * nats(1)) / 120.0;
        assert!(
            (fit.cross_entropy_nats - expected).abs() < 1e-7,
            "{fit:?} {expected}"
        );
    }

    #[test]
    fn classes_in_a_row_are_told_apart_without_error() {
        let labels: Vec<u32> = (0..400).map(|row| row % 40).collect();
        let features: Vec<f64> = labels
            .iter()
            .map(|&label| (f64::from(label) - 19.5) / 11.5)
            .collect();
        let fit = fit(&features, 1, &labels);
        assert!(fit.converged && fit.cross_entropy_nats < 1e-4, "{fit:?}");
    }

    #[test]
    fn uncorrelated_features_tell_the_same() {
        let hash = |i: usize| ((i * 2_654_435_761) % 100_003) as f64 / 50_000.0 - 1.0;
        let mut features: Vec<f64> = (0..900)
            .flat_map(|row| {
                let (a, b) = (hash(2 * row), hash(2 * row + 1));
                [a, a + 1e-3 * b, 2.0 * a - b, 0.0]
            })
            .collect();
        for feature in 0..4 {
            let mean = features.iter().skip(feature).step_by(4).sum::<f64>() / 900.0;
            features
                .iter_mut()
                .skip(feature)
                .step_by(4)
                .for_each(|x| *x -= mean);
        }
        let (found, n_features) = uncorrelated(features, 4);
        assert_eq!(n_features, 2);
        for (a, b, expected) in [(0, 0, 1.0), (1, 1, 1.0), (0, 1, 0.0)] {
            assert!((product(&found, 2, a, b) - expected).abs() < 1e-12);
        }
    }

    #[test]
    fn many_rows_are_fitted_as_few() {
        // 2,000 rows of three overlapping classes, and 30 copies of each.
        let hash = |i: usize| ((i * 2_654_435_761) % 100_003) as f64 / 50_000.0 - 1.0;
        let labels: Vec<u32> = (0..2000).map(|row| row % 3).collect();
        let features: Vec<f64> = labels
            .iter()
            .enumerate()
            .map(|(row, &label)| hash(row) + 0.7 * f64::from(label))
            .collect();
        let once = fit(&features, 1, &labels);
        let often = fit(&features.repeat(30), 1, &labels.repeat(30));
        assert!(
            once.converged && often.converged && often.n_iterations < once.n_iterations,
            "{often:?}"
        );
        assert!((once.cross_entropy_nats - often.cross_entropy_nats).abs() < 1e-9);
    }

    #[test]
    fn one_class_and_no_rows_tell_nothing() {
        assert_eq!(fit(&[1.0, 2.0], 1, &[4, 4]).cross_entropy_nats, 0.0);
        assert_eq!(fit(&[], 3, &[]).n_classes, 0);
    }
}
