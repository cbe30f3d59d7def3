//! The axis of reconstruction errors, which have no sign and may differ by much.

use crate::axis::{Axis, Kind};

/// Errors whose largest is so many times the smallest have a logarithmic axis.
const WIDE: f64 = 3.0;
/// Of the least error, what an error bar may widen the axis to: a wild seed's bar is not to press the settings together.
const BAR_SHARE: f64 = 0.5;

/// An axis that shows every one of `errors`, and the ends of error bars unless they are near zero or below. Errors of a wide
/// range lie on a logarithmic axis: a few settings that reconstruct badly would push the others together.
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

/// `, log scale` where it is, for the axis' title.
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
