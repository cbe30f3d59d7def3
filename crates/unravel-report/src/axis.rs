//! Scales from values to pixels, with ticks at round values.

mod number;
mod ticks;

pub use number::{plain, short};

/// Values are clamped to this distance from 0, so that spans and margins stay finite.
const FARTHEST: f64 = 1e300;
/// The ends of an axis are at most this far from 0. The ends of a logarithmic axis are at least 1 divided by it.
const LAST_END: f64 = 1e305;
/// The least span of an axis, as a share of the larger absolute end. Ticks of a narrower axis would have equal labels.
const LEAST_SHARE: f64 = 1e-9;
/// The span of an axis if both ends are near 0.
const LEAST_SPAN: f64 = 1e-280;

/// How an axis maps values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Linear: equal differences have equal lengths.
    Linear,
    /// Logarithmic: equal ratios have equal lengths. Values are positive.
    Log,
}

/// An axis: a range of values on a range of pixels. Its ends are always finite and different.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    kind: Kind,
    values: (f64, f64),
    pixels: (f64, f64),
}

impl Axis {
    /// An axis from pixel `pixels.0` (the lowest value) to `pixels.1` that includes every finite value, with a margin
    /// of `margin` times the range on either side. Without values it spans 0..1. With a single value it spans a small
    /// range around it. A logarithmic axis ignores values that are not positive.
    pub fn around(
        kind: Kind,
        values: impl IntoIterator<Item = f64>,
        margin: f64,
        pixels: (f64, f64),
    ) -> Self {
        let to = |v: f64| if kind == Kind::Log { v.log10() } else { v };
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        let shown = values.into_iter().filter(|v| v.is_finite());
        for value in shown.map(to).filter(|v| v.is_finite()) {
            let value = value.clamp(-FARTHEST, FARTHEST);
            low = low.min(value);
            high = high.max(value);
        }
        if high < low {
            (low, high) = (0.0, 1.0);
        }
        let least = low.abs().max(high.abs()).max(1e-3) * 1e-2;
        let pad = ((high - low) * margin).max(if high - low < least { least } else { 0.0 });
        let from = |v: f64| if kind == Kind::Log { 10f64.powf(v) } else { v };
        Self::exact(kind, (from(low - pad), from(high + pad)), pixels)
    }

    /// An axis from `values.0` to `values.1`. Ends that are too close to each other for ticks, or too far from 0, are
    /// adjusted.
    pub fn exact(kind: Kind, values: (f64, f64), pixels: (f64, f64)) -> Self {
        let end = |value: f64| match kind {
            Kind::Linear => value.clamp(-LAST_END, LAST_END),
            Kind::Log => value.clamp(1.0 / LAST_END, LAST_END),
        };
        let (low, high) = match (end(values.0), end(values.1)) {
            (low, high) if low.is_nan() || high.is_nan() => (0.1, 1.0),
            (low, high) => (low.min(high), low.max(high)),
        };
        let least = (low.abs().max(high.abs()) * LEAST_SHARE).max(LEAST_SPAN);
        let values = if high - low < least {
            let middle = f64::midpoint(low, high);
            (middle - least / 2.0, middle + least / 2.0)
        } else {
            (low, high)
        };
        Self {
            kind,
            values,
            pixels,
        }
    }

    /// The pixel of a value. Values outside the range (or not positive, on a log axis) are drawn at the nearest end,
    /// and NaN at the first end.
    pub fn pixel(&self, value: f64) -> f64 {
        let to = |v: f64| {
            if self.kind == Kind::Log {
                v.max(f64::MIN_POSITIVE).log10()
            } else {
                v
            }
        };
        let (low, high) = (to(self.values.0), to(self.values.1));
        let share = (to(value) - low) / (high - low);
        let share = match share.is_nan() {
            true => 0.0,
            false => share.clamp(0.0, 1.0),
        };
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Whether the axis is logarithmic.
    pub fn is_log(&self) -> bool {
        self.kind == Kind::Log
    }

    /// The pixels of about `n` ticks, with their labels.
    pub fn marks(&self, n: usize) -> Vec<(f64, String)> {
        let ticks = self.ticks(n).into_iter();
        ticks.map(|(v, label)| (self.pixel(v), label)).collect()
    }

    /// The axis with the same values on other pixels.
    pub fn on(&self, pixels: (f64, f64)) -> Self {
        Self {
            pixels,
            ..self.clone()
        }
    }

    /// Ticks at about `n` round values, with their labels; never more than a few dozen.
    pub fn ticks(&self, n: usize) -> Vec<(f64, String)> {
        match self.kind {
            Kind::Linear => ticks::linear(self.values, n),
            Kind::Log => ticks::logarithmic(self.values, n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_that_leave_no_room_are_moved_apart() {
        for (low, high) in [
            (0.0, 0.0),
            (0.0, 5e-324),
            (7.0, 7.0),
            (f64::MIN, f64::MAX),
            (f64::NAN, 1.0),
        ] {
            for kind in [Kind::Linear, Kind::Log] {
                let Axis { values, .. } = Axis::exact(kind, (low, high), (0.0, 1.0));
                assert!(
                    values.0 < values.1 && (values.1 - values.0).is_finite(),
                    "{values:?}"
                );
            }
        }
        let (low, high) = (3.0, 4.0);
        assert_eq!(
            Axis::exact(Kind::Linear, (low, high), (0.0, 1.0)).values,
            (low, high)
        );
    }

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks(5).into_iter().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_share_their_decimals() {
        let axis = |low, high| Axis::exact(Kind::Linear, (low, high), (0.0, 100.0));
        assert_eq!(
            labels(&axis(0.0, 1.0)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(&axis(0.0, 4000.0)),
            ["0", "1,000", "2,000", "3,000", "4,000"]
        );
        assert_eq!(
            labels(&axis(-0.3, 0.1)),
            ["−0.3", "−0.2", "−0.1", "0.0", "0.1"]
        );
        assert_eq!(
            labels(&Axis::exact(Kind::Log, (2.0, 400.0), (0.0, 1.0))),
            ["2", "5", "10", "20", "50", "100", "200"]
        );
        assert_eq!(
            labels(&Axis::exact(Kind::Log, (0.004, 900.0), (0.0, 1.0))),
            ["0.01", "0.1", "1", "10", "100"]
        );
    }

    #[test]
    fn a_log_axis_within_a_decade_falls_back_on_even_ticks() {
        assert_eq!(
            labels(&Axis::exact(Kind::Log, (30.0, 34.0), (0.0, 1.0))),
            ["30", "31", "32", "33", "34"]
        );
    }

    #[test]
    fn one_value_or_none_still_makes_an_axis() {
        for values in [vec![], vec![22.5], vec![0.0], vec![f64::NAN]] {
            let axis = Axis::around(Kind::Linear, values.clone(), 0.1, (0.0, 100.0));
            assert!(2 <= axis.ticks(5).len(), "{values:?}: {axis:?}");
            assert!(
                values
                    .iter()
                    .all(|v| v.is_nan() || (20.0..80.0).contains(&axis.pixel(*v)))
            );
        }
    }

    #[test]
    fn values_outside_stay_at_the_ends() {
        let axis = Axis::exact(Kind::Log, (1.0, 100.0), (0.0, 10.0));
        assert_eq!(
            [-5.0, 0.0, 1.0, 10.0, 1e9].map(|v| axis.pixel(v)),
            [0.0, 0.0, 0.0, 5.0, 10.0]
        );
    }
}
