//! The axis of reconstruction errors, which are positive and can differ by orders of magnitude.

use crate::axis::{Axis, Kind};

/// The axis is logarithmic if the largest error is at least this many times the smallest.
const WIDE: f64 = 3.0;
/// An error bar can extend the axis down to this share of the least error. The error bar of one diverging seed must not
/// compress the other settings.
const BAR_SHARE: f64 = 0.5;

/// An axis that includes all `errors`, and the ends of error bars unless they are near or below zero. It is logarithmic
/// for a wide range, because a few settings with large errors would compress the others.
pub fn reconstruction_axis(
    errors: Vec<f64>,
    bar_ends: impl Iterator<Item = f64>,
    pixels: (f64, f64),
) -> Axis {
    let least = BAR_SHARE * errors.iter().copied().fold(f64::INFINITY, f64::min);
    let mut shown = errors;
    shown.extend(bar_ends.filter(|end| least <= *end));
    let low = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let high = shown.iter().copied().fold(0.0, f64::max);
    let kind = if 0.0 < low && WIDE * low < high {
        Kind::Log
    } else {
        Kind::Linear
    };
    Axis::around(kind, shown, 0.07, pixels)
}

/// `, log scale` for the axis title if the axis is logarithmic.
pub fn scale_words(axis: &Axis) -> &'static str {
    if axis.is_log() { ", log scale" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PIXELS: (f64, f64) = (0.0, 100.0);

    #[test]
    fn a_bar_below_zero_neither_widens_the_axis_nor_keeps_it_from_being_logarithmic() {
        let errors = || vec![20.0, 22.0, 100.0];
        let axis = reconstruction_axis(errors(), [-30.0, 130.0].into_iter(), PIXELS);
        assert!(axis.is_log());
        assert_eq!(axis.pixel(-30.0), 0.0);
        assert!(0.0 < axis.pixel(20.0) && axis.pixel(130.0) < 100.0);
        let axis = reconstruction_axis(errors(), [15.0].into_iter(), PIXELS);
        assert!(0.0 < axis.pixel(15.0));
    }

    #[test]
    fn near_errors_lie_on_a_linear_axis() {
        assert!(!reconstruction_axis(vec![20.0, 30.0], [18.0].into_iter(), PIXELS).is_log());
        assert!(!reconstruction_axis(Vec::new(), std::iter::empty(), PIXELS).is_log());
    }
}
