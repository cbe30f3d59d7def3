//! Mean and standard deviation.

use super::safe_scale;

/// Mean and sample standard deviation (n − 1) of some values; both finite.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The mean.
    pub mean: f64,
    /// The standard deviation; `None` for a single value.
    pub sd: Option<f64>,
    /// How many values there were, at least 1.
    pub n: usize,
}

impl Spread {
    /// The spread of the finite values; `None` if there are none.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        let n = values.len();
        if n == 0 {
            return None;
        }
        let scale = safe_scale(&values);
        let mean = values.iter().map(|v| v / scale).sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|v| (v / scale - mean).powi(2)).sum();
        let sd = || ((squares / (n - 1) as f64).sqrt() * scale).min(f64::MAX);
        Some(Self {
            mean: mean * scale,
            sd: (1 < n).then(sd),
            n,
        })
    }

    /// One sd below and above the mean; the mean for both if there is no sd.
    pub fn reach(&self) -> [f64; 2] {
        let sd = self.sd.unwrap_or(0.0);
        [self.mean - sd, self.mean + sd]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn huge_values_have_a_finite_spread() {
        let spread = Spread::of([1e300, 3e300]).unwrap();
        assert!((spread.mean / 2e300 - 1.0).abs() < 1e-12);
        assert!((spread.sd.unwrap() / 2f64.sqrt() / 1e300 - 1.0).abs() < 1e-12);
        let widest = Spread::of([f64::MAX, f64::MIN]).unwrap();
        assert_eq!((widest.mean, widest.sd), (0.0, Some(f64::MAX)));
    }

    #[test]
    fn by_hand() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(
            Spread::of([3.0]),
            Some(Spread {
                mean: 3.0,
                sd: None,
                n: 1
            })
        );
        // Squared deviations 1, 0, 1 over 2.
        assert_eq!(
            Spread::of([1.0, 2.0, 3.0, f64::NAN]),
            Some(Spread {
                mean: 2.0,
                sd: Some(1.0),
                n: 3
            })
        );
    }
}
