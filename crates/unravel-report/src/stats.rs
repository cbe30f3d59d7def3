//! What figures and sentences compute from scores; each file one idea, none of them knows where numbers come from.

pub mod density;
pub mod difference;
pub mod interval;
pub mod pareto;
pub mod rank;
mod spread;
pub mod variance;

pub use spread::Spread;

/// Values larger than this have squares that overflow.
const LARGE: f64 = 1e150;

/// What to divide values by so that sums of their squares are finite: 1, or the largest of very large ones.
fn safe_scale(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0, |most: f64, v| most.max(v.abs()));
    if LARGE < largest { largest } else { 1.0 }
}
