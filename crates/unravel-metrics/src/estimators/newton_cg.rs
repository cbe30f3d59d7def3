//! Newton's method with conjugate gradients, for logistic regressions with many classes.
//!
//! The equations of a step are solved with an accuracy that depends on the distance to the minimum (Dembo et al. 1982,
//! "Inexact Newton methods"), with the second derivatives within each class as a preconditioner.

use super::blocked::{Blocked, Expansion};
use super::cholesky;
use super::step_halving::{halve_until_accepted, moved};
use super::vectors::{add_scaled, dot};
use crate::bytes::{Bytes, array_bytes};

/// Maximum number of conjugate gradient iterations per step.
const MAX_ROUNDS: usize = 500;

/// Vectors as long as the parameters that a step holds.
const N_VECTORS: usize = 10;

/// The stopping criteria.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stop {
    /// Maximum number of Newton steps.
    pub(super) max_iterations: usize,
    /// The predicted decrease of a step, in nats over all rows, below which the method ends.
    pub(super) tolerance_nats: f64,
}

/// Moves `parameters` (`[n_classes, n_features + 1]`) to the minimum of the objective with this penalty; returns the
/// number of steps, and whether it converged.
pub(super) fn minimise(
    problem: &Blocked,
    penalty: f64,
    parameters: &mut Vec<f64>,
    stop: Stop,
) -> (usize, bool) {
    let mut here = problem.expand(parameters, penalty);
    let mut first_norm = None;
    for iteration in 0..stop.max_iterations {
        let preconditioner = Preconditioner::new(problem, &here, penalty);
        let norm = dot(&here.gradient, &preconditioner.apply(&here.gradient)).sqrt();
        let share = norm / *first_norm.get_or_insert(norm);
        let accuracy = (0.3 * share.sqrt()).clamp(1e-6, 0.1);
        let step = solve(problem, &here, penalty, &preconditioner, accuracy);
        let promise = dot(&step, &here.gradient);
        if promise.is_nan() || promise <= stop.tolerance_nats {
            if promise.is_finite() {
                *parameters = moved(parameters, &step, 1.0);
            }
            return (iteration + 1, promise.is_finite());
        }
        let expand = |next: &[f64]| {
            let there = problem.expand(next, penalty);
            (there.value, there)
        };
        match halve_until_accepted(parameters, &step, here.value, promise, expand) {
            Some(accepted) => (*parameters, here) = accepted,
            None => return (iteration, false),
        }
    }
    (stop.max_iterations, false)
}

/// The solution of `H · step = gradient` by conjugate gradients, to a relative accuracy.
fn solve(
    problem: &Blocked,
    here: &Expansion,
    penalty: f64,
    preconditioner: &Preconditioner,
    accuracy: f64,
) -> Vec<f64> {
    let mut step = vec![0.0; here.gradient.len()];
    let mut residual = here.gradient.clone();
    let mut improved = preconditioner.apply(&residual);
    let mut direction = improved.clone();
    let mut size = dot(&residual, &improved);
    let enough = accuracy * accuracy * size;
    for _ in 0..MAX_ROUNDS {
        let along = problem.curvature_along(here, &direction, penalty);
        let length = size / dot(&direction, &along);
        if !length.is_finite() {
            break;
        }
        add_scaled(&mut step, length, &direction);
        add_scaled(&mut residual, -length, &along);
        improved = preconditioner.apply(&residual);
        let next = dot(&residual, &improved);
        if next <= enough {
            break;
        }
        let keep = next / size;
        for (direction, improved) in direction.iter_mut().zip(&improved) {
            *direction = improved + keep * *direction;
        }
        size = next;
    }
    step
}

/// Bytes that [`minimise`] holds at most: the rows, second derivatives of each class and of the one at hand, and the
/// vectors of a step.
pub(super) fn bytes(n_rows: usize, n_features: usize, n_classes: usize) -> Bytes {
    let width = n_features + 1;
    Blocked::bytes(n_rows, n_features, n_classes)
        + array_bytes::<f64>(&[n_classes + 2, width, width])
        + array_bytes::<f64>(&[N_VECTORS, n_classes, width])
}

/// The inverse of the second derivatives within each class.
struct Preconditioner {
    width: usize,
    /// A Cholesky factor for each class.
    factors: Vec<cholesky::Factor>,
}

impl Preconditioner {
    fn new(problem: &Blocked, here: &Expansion, penalty: f64) -> Self {
        let width = problem.width();
        let factor = |matrix: Vec<f64>| cholesky::Factor::new_with_ridge(matrix, width);
        Self {
            width,
            factors: problem
                .curvature_within(here, penalty)
                .into_iter()
                .map(factor)
                .collect(),
        }
    }

    fn apply(&self, values: &[f64]) -> Vec<f64> {
        let mut solved = values.to_vec();
        for (values, factor) in solved.chunks_exact_mut(self.width).zip(&self.factors) {
            factor.solve(values);
        }
        solved
    }
}
