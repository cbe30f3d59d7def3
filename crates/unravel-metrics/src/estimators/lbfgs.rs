//! Minimisation of a smooth convex function of many parameters, by limited-memory BFGS (Liu & Nocedal 1989).

use super::vectors::{add_scaled, dot};

/// Pairs of steps and changes of the gradient that are remembered.
const MEMORY: usize = 20;

/// Vectors as long as the parameters that are held at most: pairs that are remembered, and those of a step.
pub(super) const N_VECTORS: usize = 2 * MEMORY + 12;

/// A step must gain this share of what the slope promises, and leave no more than the other share of the slope.
const SUFFICIENT_GAIN: f64 = 1e-4;
const SUFFICIENT_FLATNESS: f64 = 0.9;

/// Tries of one line search.
const MAX_TRIES: usize = 40;

/// Where a minimisation begins: some parameters, and what is known of the curvature around them.
#[derive(Default)]
pub(super) struct Start {
    pub(super) parameters: Vec<f64>,
    memory: Vec<Pair>,
}

impl Start {
    pub(super) fn at(parameters: Vec<f64>) -> Self {
        Self {
            parameters,
            memory: Vec::new(),
        }
    }
}

/// Where the minimisation ended.
pub(super) struct Minimum {
    /// The parameters; a similar function is minimised in few steps from here.
    pub(super) end: Start,
    pub(super) n_iterations: usize,
    /// Whether no derivative is larger than the tolerance.
    pub(super) converged: bool,
}

/// Minimises from `start` until no derivative is larger than `tolerance`. `evaluate` fills in the gradient and returns the value.
pub(super) fn minimise(
    mut evaluate: impl FnMut(&[f64], &mut [f64]) -> f64,
    start: Start,
    tolerance: f64,
    max_iterations: usize,
) -> Minimum {
    let Start {
        parameters,
        mut memory,
    } = start;
    let mut gradient = vec![0.0; parameters.len()];
    let value = evaluate(&parameters, &mut gradient);
    let mut here = Place {
        parameters,
        gradient,
        value,
    };
    for n_iterations in 0..max_iterations {
        if here.steepest() <= tolerance {
            return here.end(memory, n_iterations, true);
        }
        let direction = here.direction(&memory);
        let Some(next) = here.search(&direction, memory.is_empty(), &mut evaluate) else {
            return here.end(memory, n_iterations, false);
        };
        if memory.len() == MEMORY {
            memory.remove(0);
        }
        memory.push(Pair::between(&here, &next));
        here = next;
    }
    let converged = here.steepest() <= tolerance;
    here.end(memory, max_iterations, converged)
}

struct Place {
    parameters: Vec<f64>,
    gradient: Vec<f64>,
    value: f64,
}

/// A step and the change of the gradient along it.
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    product: f64,
}

impl Pair {
    fn between(here: &Place, next: &Place) -> Self {
        let difference =
            |a: &[f64], b: &[f64]| -> Vec<f64> { a.iter().zip(b).map(|(a, b)| a - b).collect() };
        let step = difference(&next.parameters, &here.parameters);
        let change = difference(&next.gradient, &here.gradient);
        let product = dot(&step, &change);
        Self {
            step,
            change,
            product,
        }
    }
}

impl Place {
    fn steepest(&self) -> f64 {
        self.gradient.iter().map(|x| x.abs()).fold(0.0, f64::max)
    }

    fn end(self, memory: Vec<Pair>, n_iterations: usize, converged: bool) -> Minimum {
        Minimum {
            end: Start {
                parameters: self.parameters,
                memory,
            },
            n_iterations,
            converged,
        }
    }

    /// Minus the gradient, through the inverse curvature that the remembered steps show.
    fn direction(&self, memory: &[Pair]) -> Vec<f64> {
        let mut direction: Vec<f64> = self.gradient.iter().map(|x| -x).collect();
        let mut shares = Vec::with_capacity(memory.len());
        for pair in memory.iter().rev() {
            let share = dot(&pair.step, &direction) / pair.product;
            add_scaled(&mut direction, -share, &pair.change);
            shares.push(share);
        }
        if let Some(last) = memory.last() {
            let scale = last.product / dot(&last.change, &last.change);
            direction.iter_mut().for_each(|x| *x *= scale);
        }
        for (pair, share) in memory.iter().zip(shares.into_iter().rev()) {
            let back = dot(&pair.change, &direction) / pair.product;
            add_scaled(&mut direction, share - back, &pair.step);
        }
        direction
    }

    /// A place along the direction that meets Wolfe's weak conditions, by bisection; none if rounding allows no gain.
    fn search(
        &self,
        direction: &[f64],
        first: bool,
        evaluate: &mut impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> Option<Self> {
        let slope = dot(&self.gradient, direction);
        if slope.is_nan() || 0.0 <= slope {
            return None;
        }
        let (mut near, mut far) = (0.0, f64::INFINITY);
        let mut scale = if first {
            (1.0 / dot(direction, direction).sqrt()).min(1.0)
        } else {
            1.0
        };
        for _ in 0..MAX_TRIES {
            let mut parameters = self.parameters.clone();
            add_scaled(&mut parameters, scale, direction);
            let mut gradient = vec![0.0; parameters.len()];
            let value = evaluate(&parameters, &mut gradient);
            let enough = value <= self.value + SUFFICIENT_GAIN * scale * slope;
            let flat = SUFFICIENT_FLATNESS * slope <= dot(&gradient, direction);
            if enough && flat {
                let next = Self {
                    parameters,
                    gradient,
                    value,
                };
                let gains = 0.0 < Pair::between(self, &next).product;
                return gains.then_some(next);
            }
            // Written so that a value that is not finite counts as too far.
            if enough {
                near = scale;
            } else {
                far = scale;
            }
            scale = if far.is_finite() {
                0.5 * (near + far)
            } else {
                2.0 * near
            };
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badly_scaled_bowl_is_minimised() {
        // Σ c_i (x_i - i)² / 2 + (Σ x_i - 10)⁴ with scales from 1 to 1e4, minimum at x_i = i where Σ i = 10.
        let scales = [1.0, 10.0, 100.0, 1e3, 1e4];
        let evaluate = |x: &[f64], gradient: &mut [f64]| {
            let excess = x.iter().sum::<f64>() - 10.0;
            let mut value = excess.powi(4);
            for (i, (x, gradient)) in x.iter().zip(gradient).enumerate() {
                let off = x - i as f64;
                value += 0.5 * scales[i] * off * off;
                *gradient = scales[i] * off + 4.0 * excess.powi(3);
            }
            value
        };
        let minimum = minimise(evaluate, Start::at(vec![0.0; 5]), 1e-9, 500);
        assert!(minimum.converged && minimum.n_iterations < 80);
        for (i, x) in minimum.end.parameters.iter().enumerate() {
            assert!((x - i as f64).abs() < 1e-8);
        }
    }

    #[test]
    fn a_similar_function_is_minimised_in_few_steps() {
        let bowl = |centre: f64| {
            move |x: &[f64], gradient: &mut [f64]| {
                let scale = |i: usize| 10_f64.powi(i as i32);
                let off = |i: usize| x[i] - centre * i as f64;
                (0..4).for_each(|i| gradient[i] = scale(i) * off(i));
                (0..4).map(|i| 0.5 * scale(i) * off(i) * off(i)).sum()
            }
        };
        let first = minimise(bowl(1.0), Start::at(vec![0.0; 4]), 1e-9, 500);
        let second = minimise(bowl(1.1), first.end, 1e-9, 500);
        assert!(
            second.converged && 2 * second.n_iterations < first.n_iterations,
            "{}",
            second.n_iterations
        );
    }

    #[test]
    fn a_start_at_the_minimum_ends_there() {
        let evaluate = |_: &[f64], gradient: &mut [f64]| {
            gradient.fill(0.0);
            3.0
        };
        let minimum = minimise(evaluate, Start::at(vec![2.0]), 0.0, 10);
        assert_eq!(
            (
                minimum.end.parameters,
                minimum.n_iterations,
                minimum.converged
            ),
            (vec![2.0], 0, true)
        );
    }

    #[test]
    fn a_function_without_a_minimum_is_followed_until_it_is_flat() {
        let evaluate = |x: &[f64], gradient: &mut [f64]| {
            gradient[0] = -(-x[0]).exp();
            (-x[0]).exp()
        };
        let minimum = minimise(evaluate, Start::at(vec![0.0]), 1e-7, 100);
        assert!(minimum.converged && 16.0 < minimum.end.parameters[0]);
    }
}
