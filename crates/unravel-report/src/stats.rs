//! Statistics for figures and sentences: one method per file, on plain numbers.

pub mod density;
pub mod difference;
pub mod interval;
pub mod pareto;
pub mod rank;
mod spread;
pub mod variance;

pub use spread::Spread;

/// The smallest and the largest value; infinities of the opposite signs if there is none.
pub fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    })
}

/// Values larger than this have squares that overflow.
const LARGE: f64 = 1e150;

/// The divisor that keeps sums of squares finite: 1, or the largest absolute value if it is very large.
fn safe_scale(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    if LARGE < largest { largest } else { 1.0 }
}
