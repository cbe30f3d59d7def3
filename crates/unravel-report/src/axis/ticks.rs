//! Round values on an axis, with their labels.
//!
//! The ends of an axis are finite, and their distance is at least a billionth of the larger absolute value.

use super::number::{plain, scientific, short};

/// The maximum number of ticks, approximately, whatever number is requested.
const MOST: usize = 20;
/// The tolerance for rounding errors, as a share of a step.
const SLACK: f64 = 1e-9;
/// Values of at least this size, and steps below the second constant, have labels with a power of ten.
const LARGE: f64 = 1e9;
const SMALL: f64 = 1e-6;
/// The maximum number of decimals of a label with a power of ten.
const MOST_DECIMALS: i32 = 12;
/// A logarithmic axis with more decades than this has ticks only at every n-th decade.
const STRIDES: [i32; 10] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];

/// Ticks at the multiples, within the range, of a step of 1, 2 or 5 times a power of ten.
pub fn linear((low, high): (f64, f64), n: usize) -> Vec<(f64, String)> {
    let raw = (high - low) / n.clamp(1, MOST) as f64;
    let magnitude = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * magnitude)
        .into_iter()
        .find(|s| raw <= *s * (1.0 + SLACK))
        .unwrap_or(raw);
    let first = (low / step - SLACK).ceil() as i64;
    let last = (high / step + SLACK).floor() as i64;
    let ticks = (first..=last).take(2 * MOST).map(|i| i as f64 * step);
    let farthest = low.abs().max(high.abs());
    ticks.map(|v| (v, label(v, step, farthest))).collect()
}

/// The label of a tick. The ticks of the axis are `step` apart and at most `farthest` from 0.
fn label(value: f64, step: f64, farthest: f64) -> String {
    if farthest < LARGE && SMALL <= step {
        return plain(value, decimals_of(step));
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let decimals = (exponent(value) - exponent(step)).clamp(0, MOST_DECIMALS);
    let text = scientific(value, decimals as usize);
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let mantissa = match mantissa.contains('.') {
        true => mantissa.trim_end_matches('0').trim_end_matches('.'),
        false => mantissa,
    };
    format!("{mantissa}e{power}")
}

/// `mantissa` times a power of ten, correctly rounded. A multiplication would give `1e100` with a rounding error.
fn power(mantissa: f64, exponent: i32) -> f64 {
    let exact = format!("{mantissa}e{exponent}").parse();
    exact.unwrap_or(mantissa * 10f64.powi(exponent))
}

/// The power of ten of a number's first digit, with a tolerance for rounding errors.
fn exponent(value: f64) -> i32 {
    (value.abs() * 1.000_001).log10().floor() as i32
}

/// Powers of ten, with 2 and 5 (or only 3) between them where there is room; even ticks within a decade.
pub fn logarithmic((low, high): (f64, f64), n: usize) -> Vec<(f64, String)> {
    let most = n.clamp(1, MOST) + 2;
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let within = |mantissas: &[f64], stride: i32| -> Vec<f64> {
        decades
            .clone()
            .filter(|decade| decade % stride == 0)
            .flat_map(|decade| mantissas.iter().map(move |m| power(*m, decade)))
            .filter(|v| (low..=high).contains(v))
            .collect()
    };
    let fine = [[1.0, 2.0, 5.0].as_slice(), &[1.0, 3.0]].map(|mantissas| within(mantissas, 1));
    let coarse = STRIDES.iter().map(|stride| within(&[1.0], *stride));
    let ticks = fine.into_iter().chain(coarse).find(|t| t.len() <= most);
    let ticks = ticks.unwrap_or_default();
    if ticks.len() < 2 {
        return linear((low, high), n);
    }
    let labelled = |v: f64| match (SMALL..LARGE).contains(&v) {
        true => (v, plain(v, decimals_of(v))),
        false => (v, short(v)),
    };
    ticks.into_iter().map(labelled).collect()
}

fn decimals_of(step: f64) -> usize {
    (-exponent(step)).clamp(0, 9) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::axis::{Axis, Kind};
    use proptest::prelude::*;

    /// Finite numbers of every size and sign, including common ones.
    fn numbers() -> impl Strategy<Value = f64> {
        prop_oneof![
            proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO,
            -1e3..1e3,
            Just(f64::MAX),
            Just(f64::MIN),
            Just(f64::MIN_POSITIVE),
            Just(1e300),
        ]
    }

    /// Pairs of numbers, some of them adjacent.
    fn pairs() -> impl Strategy<Value = (f64, f64)> {
        prop_oneof![
            (numbers(), numbers()),
            numbers().prop_map(|v| (v, v)),
            (numbers(), 0.0..1e-6).prop_map(|(v, share)| (v, v + v * share)),
            numbers().prop_map(|v| (v, f64::from_bits(v.to_bits() ^ 1))),
        ]
    }

    proptest! {
        #[test]
        fn every_axis_has_some_ticks_with_short_labels_and_every_value_a_pixel(
            (a, b) in pairs(),
            is_log: bool,
            is_exact: bool,
            n in 5_usize..9,
            others in prop::collection::vec(proptest::num::f64::ANY, 0..4),
        ) {
            let kind = if is_log { Kind::Log } else { Kind::Linear };
            let axis = if is_exact {
                Axis::exact(kind, (a, b), (40.0, 500.0))
            } else {
                Axis::around(kind, [a, b].into_iter().chain(others.iter().copied()), 0.07, (40.0, 500.0))
            };
            let ticks = axis.ticks(n);
            prop_assert!((2..=2 * MOST).contains(&ticks.len()), "{axis:?} has {} ticks", ticks.len());
            prop_assert!(ticks.windows(2).all(|two| two[0].0 < two[1].0), "{axis:?}: {ticks:?}");
            for (value, label) in &ticks {
                prop_assert!(value.is_finite() && label.chars().count() <= 22, "{axis:?}: {label}");
            }
            let labels: std::collections::BTreeSet<&String> = ticks.iter().map(|(_, label)| label).collect();
            prop_assert_eq!(labels.len(), ticks.len(), "{:?}: {:?}", axis, ticks);
            for value in [a, b, f64::NAN, f64::INFINITY].iter().chain(&others) {
                prop_assert!((40.0..=500.0).contains(&axis.pixel(*value)), "{axis:?}: {value}");
            }
        }
    }

    fn labels(values: (f64, f64), kind: Kind) -> Vec<String> {
        let ticks = Axis::exact(kind, values, (0.0, 1.0)).ticks(5);
        ticks.into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn far_values_have_powers_of_ten() {
        let linear = |low, high| labels((low, high), Kind::Linear);
        assert_eq!(
            linear(0.0, 1e30),
            ["0", "2e29", "4e29", "6e29", "8e29", "1e30"]
        );
        assert_eq!(
            linear(0.0, 4e-12),
            ["0", "1e−12", "2e−12", "3e−12", "4e−12"]
        );
        assert_eq!(
            linear(1e30, 1.000_1e30),
            [
                "1e30",
                "1.00002e30",
                "1.00004e30",
                "1.00006e30",
                "1.00008e30",
                "1.0001e30"
            ]
        );
        assert_eq!(
            labels((20.0, 1e300), Kind::Log),
            ["1e50", "1e100", "1e150", "1e200", "1e250", "1e300"]
        );
    }
}
