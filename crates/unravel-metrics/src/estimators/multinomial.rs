//! The objective of penalised multinomial logistic regression, its derivatives, and Newton's method on it.
//!
//! Rows are summed in fixed chunks and the chunks in order, so nothing depends on the number of threads.

use rayon::prelude::*;

use super::cholesky;
use super::step_halving::{halve_until_accepted, moved};
use super::vectors::{add, add_scaled, dot};

/// Rows summed by one task.
const ROWS_PER_TASK: usize = 512;

/// Newton's method ends if the predicted decrease of the objective is at most this, in nats.
const TOLERANCE_NATS: f64 = 1e-9;

/// The minimisation, in units where the data have weight 1.
pub(super) struct Problem<'a> {
    pub(super) features: &'a [f64],
    pub(super) n_features: usize,
    pub(super) targets: &'a [usize],
    pub(super) n_classes: usize,
    pub(super) penalty: f64,
}

/// The objective, its gradient and its second derivatives at some parameters, over some rows.
struct Expansion {
    value: f64,
    /// `[n_classes, n_features + 1]`.
    gradient: Vec<f64>,
    /// For each pair of classes a <= b the lower triangle of `Σ_i p_a (δ_ab - p_b) x xᵀ`.
    curvature: Vec<f64>,
}

impl Problem<'_> {
    /// Parameters of one class.
    fn width(&self) -> usize {
        self.n_features + 1
    }

    pub(super) fn n_parameters(&self) -> usize {
        self.n_classes * self.width()
    }

    /// Newton's method with step halving; returns the number of steps, and whether it converged.
    pub(super) fn minimise(
        &self,
        parameters: &mut Vec<f64>,
        max_iterations: usize,
    ) -> (usize, bool) {
        let mut here = self.expand(parameters);
        for iteration in 0..max_iterations {
            let Some(step) = self.newton_step(&here) else {
                return (iteration, false);
            };
            let promise = dot(&step, &here.gradient);
            if promise <= TOLERANCE_NATS {
                // The last step is not checked, because near the minimum it squares the error.
                *parameters = moved(parameters, &step, 1.0);
                return (iteration + 1, true);
            }
            let expand = |next: &[f64]| {
                let there = self.expand(next);
                (there.value, there)
            };
            match halve_until_accepted(parameters, &step, here.value, promise, expand) {
                Some(accepted) => (*parameters, here) = accepted,
                None => return (iteration, false),
            }
        }
        (max_iterations, false)
    }

    /// The solution of `H · step = gradient`; `None` if there is no finite solution.
    fn newton_step(&self, here: &Expansion) -> Option<Vec<f64>> {
        let mut ridge = 0.0;
        // Rounding can make the second derivatives indefinite, for features of extreme size; a ridge corrects this.
        for _ in 0..8 {
            let matrix = self.second_derivatives(here, ridge);
            let mut step = here.gradient.clone();
            if cholesky::solve(matrix, &mut step) && step.iter().all(|x| x.is_finite()) {
                return Some(step);
            }
            ridge = f64::max(1e-12, 100.0 * ridge);
        }
        None
    }

    /// The full matrix of second derivatives, `[n_parameters, n_parameters]`, its diagonal raised by the share `ridge`.
    fn second_derivatives(&self, here: &Expansion, ridge: f64) -> Vec<f64> {
        let (width, n) = (self.width(), self.n_parameters());
        let mut matrix = vec![0.0; n * n];
        let mut blocks = here.curvature.chunks_exact(width * (width + 1) / 2);
        for a in 0..self.n_classes {
            for b in a..self.n_classes {
                let mut block = blocks
                    .next()
                    .expect("a block for each pair of classes")
                    .iter();
                for i in 0..width {
                    for j in 0..=i {
                        let value = *block.next().expect("a lower triangle");
                        for (row, col) in [(a, b), (b, a)] {
                            matrix[(row * width + i) * n + col * width + j] = value;
                            matrix[(row * width + j) * n + col * width + i] = value;
                        }
                    }
                }
            }
        }
        // Adding a constant to all intercepts changes no probability. This term penalises it, which keeps the sum of
        // the intercepts at zero and does not change the step otherwise.
        let intercepts = (0..self.n_classes).map(|class| class * width + self.n_features);
        for row in intercepts.clone() {
            for col in intercepts.clone() {
                matrix[row * n + col] +=
                    self.targets.len() as f64 / (self.n_classes * self.n_classes) as f64;
            }
        }
        for i in 0..n {
            let is_intercept = i % width == self.n_features;
            matrix[i * n + i] += if is_intercept { 0.0 } else { self.penalty };
            matrix[i * n + i] *= 1.0 + ridge;
        }
        matrix
    }

    fn expand(&self, parameters: &[f64]) -> Expansion {
        let chunks: Vec<Expansion> = self
            .features
            .par_chunks(ROWS_PER_TASK * self.n_features)
            .zip(self.targets.par_chunks(ROWS_PER_TASK))
            .map(|(features, targets)| self.expand_rows(parameters, features, targets))
            .collect();
        let mut sum = self.nothing();
        for chunk in chunks {
            sum.value += chunk.value;
            add(&mut sum.gradient, &chunk.gradient);
            add(&mut sum.curvature, &chunk.curvature);
        }
        for (class, parameters) in parameters.chunks_exact(self.width()).enumerate() {
            for (feature, weight) in parameters[..self.n_features].iter().enumerate() {
                sum.value += 0.5 * self.penalty * weight * weight;
                sum.gradient[class * self.width() + feature] += self.penalty * weight;
            }
        }
        sum
    }

    fn nothing(&self) -> Expansion {
        let n_pairs = self.n_classes * (self.n_classes + 1) / 2;
        Expansion {
            value: 0.0,
            gradient: vec![0.0; self.n_parameters()],
            curvature: vec![0.0; n_pairs * self.width() * (self.width() + 1) / 2],
        }
    }

    fn expand_rows(&self, parameters: &[f64], features: &[f64], targets: &[usize]) -> Expansion {
        let width = self.width();
        let mut sum = self.nothing();
        let mut row = vec![1.0; width];
        let mut products = vec![0.0; width * (width + 1) / 2];
        let mut probabilities = vec![0.0; self.n_classes];
        for (features, &target) in features.chunks_exact(self.n_features).zip(targets) {
            row[..self.n_features].copy_from_slice(features);
            sum.value += softmax(parameters, &row, target, &mut probabilities);
            for (class, gradient) in sum.gradient.chunks_exact_mut(width).enumerate() {
                let residual = probabilities[class] - f64::from(u8::from(class == target));
                add_scaled(gradient, residual, &row);
            }
            let mut filled = 0;
            for (i, &x) in row.iter().enumerate() {
                for (product, y) in products[filled..].iter_mut().zip(&row[..=i]) {
                    *product = x * y;
                }
                filled += i + 1;
            }
            let mut blocks = sum.curvature.chunks_exact_mut(products.len());
            for (a, p_a) in probabilities.iter().enumerate() {
                for (offset, p_b) in probabilities[a..].iter().enumerate() {
                    let weight = p_a * (f64::from(u8::from(offset == 0)) - p_b);
                    let block = blocks.next().expect("a block for each pair of classes");
                    // What is left out changes the length of a step in the sixteenth digit and not the minimum.
                    if 1e-16 < weight.abs() {
                        add_scaled(block, weight, &products);
                    }
                }
            }
        }
        sum
    }
}

/// Fills in the probability of each class and returns the loss of the true one, in nats.
fn softmax(parameters: &[f64], row: &[f64], target: usize, probabilities: &mut [f64]) -> f64 {
    for (score, weights) in probabilities
        .iter_mut()
        .zip(parameters.chunks_exact(row.len()))
    {
        *score = weights.iter().zip(row).map(|(w, x)| w * x).sum();
    }
    let highest = probabilities
        .iter()
        .copied()
        .fold(f64::NEG_INFINITY, f64::max);
    let of_target = probabilities[target] - highest;
    let mut sum = 0.0;
    for score in probabilities.iter_mut() {
        *score = (*score - highest).exp();
        sum += *score;
    }
    for probability in probabilities.iter_mut() {
        *probability /= sum;
    }
    sum.ln() - of_target
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three classes with overlapping clouds of two features, by a small deterministic hash.
    fn clouds() -> (Vec<f64>, Vec<usize>) {
        let noise = |i: usize| ((i * 2_654_435_761) % 1000) as f64 / 500.0 - 1.0;
        let centres = [[0.0, 0.0], [1.0, 0.3], [0.2, 1.2]];
        let labels: Vec<usize> = (0..300).map(|row| row % 3).collect();
        let row = |(row, &label): (usize, &usize)| {
            [0, 1].map(|k| centres[label][k] + 1.5 * noise(2 * row + k + 1))
        };
        (labels.iter().enumerate().flat_map(row).collect(), labels)
    }

    #[test]
    fn the_gradient_vanishes_at_the_minimum() {
        let (features, labels) = clouds();
        let problem = Problem {
            features: &features,
            n_features: 2,
            targets: &labels,
            n_classes: 3,
            penalty: 1.0,
        };
        let mut parameters = vec![0.0; 9];
        let (n_steps, converged) = problem.minimise(&mut parameters, 100);
        assert!(converged && n_steps < 12, "{n_steps} steps");
        let gradient = problem.expand(&parameters).gradient;
        assert!(gradient.iter().all(|x| x.abs() < 1e-7), "{gradient:?}");
        let intercepts: f64 = parameters.iter().skip(2).step_by(3).sum();
        assert!(intercepts.abs() < 1e-9);
    }

    #[test]
    fn derivatives_are_those_of_the_objective() {
        let (features, labels) = clouds();
        let problem = Problem {
            features: &features,
            n_features: 2,
            targets: &labels,
            n_classes: 3,
            penalty: 0.7,
        };
        let parameters: Vec<f64> = (0..9).map(|i| 0.3 * (i as f64).sin()).collect();
        let here = problem.expand(&parameters);
        let matrix = problem.second_derivatives(&here, 0.0);
        let step = 1e-5;
        for i in 0..9 {
            let mut shifted = [parameters.clone(), parameters.clone()];
            shifted[0][i] += step;
            shifted[1][i] -= step;
            let [up, down] = shifted.map(|parameters| problem.expand(&parameters));
            assert!(((up.value - down.value) / (2.0 * step) - here.gradient[i]).abs() < 1e-6);
            for j in 0..9 {
                let numeric = (up.gradient[j] - down.gradient[j]) / (2.0 * step);
                let tie = if i % 3 == 2 && j % 3 == 2 {
                    300.0 / 9.0
                } else {
                    0.0
                };
                assert!((numeric + tie - matrix[i * 9 + j]).abs() < 1e-5, "{i} {j}");
            }
        }
    }
}
