//! Scales from values to pixels, with ticks at round values.

/// How an axis maps values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Equal steps are equally long.
    Linear,
    /// Equal ratios are equally long; values are positive.
    Log,
}

/// An axis: a range of values on a range of pixels.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    kind: Kind,
    values: (f64, f64),
    pixels: (f64, f64),
}

impl Axis {
    /// An axis that shows every finite one of `values` with `margin` of the range on either side, from pixel `pixels.0`
    /// (the lowest value) to `pixels.1`. Without any value it spans 0..1; around a single one, a little more than it.
    pub fn around(
        kind: Kind,
        values: impl IntoIterator<Item = f64>,
        margin: f64,
        pixels: (f64, f64),
    ) -> Self {
        let to = |v: f64| if kind == Kind::Log { v.log10() } else { v };
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for value in values.into_iter().map(to).filter(|v| v.is_finite()) {
            low = low.min(value);
            high = high.max(value);
        }
        if high < low {
            (low, high) = (0.0, 1.0);
        }
        let least = low.abs().max(high.abs()).max(1e-3) * 1e-2;
        let pad = ((high - low) * margin).max(if high - low < least { least } else { 0.0 });
        let from = |v: f64| if kind == Kind::Log { 10f64.powf(v) } else { v };
        Self {
            kind,
            values: (from(low - pad), from(high + pad)),
            pixels,
        }
    }

    /// An axis from exactly `values.0` to `values.1`.
    pub fn exact(kind: Kind, values: (f64, f64), pixels: (f64, f64)) -> Self {
        Self {
            kind,
            values,
            pixels,
        }
    }

    /// The pixel of a value. Values outside the range (or not positive, on a log axis) go to the nearest end.
    pub fn pixel(&self, value: f64) -> f64 {
        let to = |v: f64| {
            if self.kind == Kind::Log {
                v.max(f64::MIN_POSITIVE).log10()
            } else {
                v
            }
        };
        let (low, high) = (to(self.values.0), to(self.values.1));
        let share = ((to(value) - low) / (high - low)).clamp(0.0, 1.0);
        self.pixels.0 + share * (self.pixels.1 - self.pixels.0)
    }

    /// Whether equal ratios are equally long.
    pub fn is_log(&self) -> bool {
        self.kind == Kind::Log
    }

    /// The pixels of about `n` ticks, with their labels.
    pub fn marks(&self, n: usize) -> Vec<(f64, String)> {
        let ticks = self.ticks(n).into_iter();
        ticks.map(|(v, label)| (self.pixel(v), label)).collect()
    }

    /// The same values on other pixels.
    pub fn on(&self, pixels: (f64, f64)) -> Self {
        Self {
            pixels,
            ..self.clone()
        }
    }

    /// Ticks at about `n` round values, with their labels.
    pub fn ticks(&self, n: usize) -> Vec<(f64, String)> {
        let log = if self.kind == Kind::Log {
            log_ticks(self.values, n)
        } else {
            Vec::new()
        };
        if 2 <= log.len() {
            return log
                .into_iter()
                .map(|v| (v, plain(v, decimals_of(v))))
                .collect();
        }
        let (ticks, decimals) = linear_ticks(self.values, n);
        ticks.into_iter().map(|v| (v, plain(v, decimals))).collect()
    }
}

/// In steps: an end of the range that is a tick but for rounding still has one.
const SLACK: f64 = 1e-9;

/// Multiples of 1, 2 or 5 times a power of ten within the range, and how many decimals they need.
fn linear_ticks((low, high): (f64, f64), n: usize) -> (Vec<f64>, usize) {
    let raw = (high - low) / n.max(1) as f64;
    let magnitude = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .map(|m| m * magnitude)
        .into_iter()
        .find(|s| raw <= *s)
        .unwrap_or(raw);
    let (first, last) = (
        (low / step - SLACK).ceil() as i64,
        (high / step + SLACK).floor() as i64,
    );
    (
        (first..=last).map(|i| i as f64 * step).collect(),
        decimals_of(step),
    )
}

/// Powers of ten, with 2 and 5 (or only 3) between them where there is room.
fn log_ticks((low, high): (f64, f64), n: usize) -> Vec<f64> {
    let decades = low.log10().floor() as i32..=high.log10().ceil() as i32;
    let within = |mantissas: &[f64]| -> Vec<f64> {
        decades
            .clone()
            .flat_map(|decade| mantissas.iter().map(move |m| m * 10f64.powi(decade)))
            .filter(|v| (low..=high).contains(v))
            .collect()
    };
    [[1.0, 2.0, 5.0].as_slice(), &[1.0, 3.0]]
        .map(within)
        .into_iter()
        .find(|t| t.len() <= n + 2)
        .unwrap_or_else(|| within(&[1.0]))
}

fn decimals_of(step: f64) -> usize {
    (-(step.abs() * 1.000_001).log10().floor()).clamp(0.0, 9.0) as usize
}

/// A number with `decimals`, thousands set off by commas and a true minus sign.
pub fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if 0 < i && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    fraction.map_or_else(
        || format!("{sign}{grouped}"),
        |f| format!("{sign}{grouped}.{f}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
