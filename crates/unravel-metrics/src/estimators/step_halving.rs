//! Newton's method moves along a step as far as the objective decreases.

/// A step is accepted if the decrease is at least this share of the decrease predicted by the gradient.
const SUFFICIENT_GAIN: f64 = 1e-4;

/// The smallest share of a step that is tried.
const MIN_SCALE: f64 = 1e-10;

/// `parameters - scale * step`.
pub(super) fn moved(parameters: &[f64], step: &[f64], scale: f64) -> Vec<f64> {
    let pairs = parameters.iter().zip(step);
    pairs
        .map(|(parameter, step)| parameter - scale * step)
        .collect()
}

/// Halves a step until it decreases the objective enough. Returns the parameters there and their expansion; `None` if no
/// share of the step is accepted.
///
/// `value` is the objective at `parameters`, and `promise` the decrease that the gradient predicts for the whole step.
/// `expand` returns the objective at some parameters, and their expansion.
pub(super) fn halve_until_accepted<E>(
    parameters: &[f64],
    step: &[f64],
    value: f64,
    promise: f64,
    expand: impl Fn(&[f64]) -> (f64, E),
) -> Option<(Vec<f64>, E)> {
    let mut scale = 1.0;
    while MIN_SCALE <= scale {
        let next = moved(parameters, step, scale);
        let (value_there, there) = expand(&next);
        if value_there <= value - SUFFICIENT_GAIN * scale * promise {
            return Some((next, there));
        }
        scale *= 0.5;
    }
    None
}
