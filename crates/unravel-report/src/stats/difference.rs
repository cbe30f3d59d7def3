//! The difference of two means with its 95 % interval.

use super::Spread;
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::BTreeMap;

/// The difference of two means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// Mean of B minus mean of A.
    pub mean: f64,
    /// Half the width of its 95 % interval; `None` if there are too few trials.
    pub half_width: Option<f64>,
    /// Whether trials with equal seeds were paired.
    pub is_paired: bool,
}

impl Difference {
    /// The sign of the difference if the interval excludes 0; 0 if it does not or if there is no interval.
    pub fn sign(&self) -> i8 {
        match self.half_width {
            Some(half) if half < self.mean.abs() => self.mean.signum() as i8,
            _ => 0,
        }
    }
}

/// If both sides have the same keys (seeds), the mean of the paired differences with Student's interval; otherwise the
/// difference of the means with Welch's interval. Pairing reduces the variance, because a seed determines the initial
/// weights, the batches and the noise.
pub fn difference<K: Ord>(a: &BTreeMap<K, f64>, b: &BTreeMap<K, f64>) -> Option<Difference> {
    let is_paired = 2 <= a.len() && a.keys().eq(b.keys());
    if is_paired {
        let of_seeds = a.values().zip(b.values()).map(|(a, b)| b - a);
        let spread = Spread::of(of_seeds)?;
        let degrees = spread.n as f64 - 1.0;
        let error = spread.sd.map(|sd| sd / (spread.n as f64).sqrt());
        return Some(Difference {
            mean: spread.mean,
            half_width: error.and_then(|error| half_width(error, degrees)),
            is_paired,
        });
    }
    let (a, b) = (spread(a)?, spread(b)?);
    Some(Difference {
        mean: b.mean - a.mean,
        half_width: welch(&a, &b),
        is_paired,
    })
}

/// Mean and sd of the values.
fn spread<K>(values: &BTreeMap<K, f64>) -> Option<Spread> {
    Spread::of(values.values().copied())
}

/// Welch's interval (1947), with Satterthwaite's degrees of freedom (1946).
fn welch(a: &Spread, b: &Spread) -> Option<f64> {
    let part = |s: &Spread| Some(s.sd?.powi(2) / s.n as f64);
    let (va, vb) = (part(a)?, part(b)?);
    if va + vb == 0.0 {
        return Some(0.0);
    }
    let of = |part: f64, n: usize| part.powi(2) / (n as f64 - 1.0);
    let degrees = (va + vb).powi(2) / (of(va, a.n) + of(vb, b.n));
    half_width((va + vb).sqrt(), degrees)
}

fn half_width(standard_error: f64, degrees: f64) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, degrees).ok()?;
    Some(standard_error * t.inverse_cdf(0.975)).filter(|half| half.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seeds(from: u64, values: &[f64]) -> BTreeMap<u64, f64> {
        (from..).zip(values.iter().copied()).collect()
    }

    #[track_caller]
    fn check(
        a: &BTreeMap<u64, f64>,
        b: &BTreeMap<u64, f64>,
        mean: f64,
        half: f64,
        is_paired: bool,
    ) {
        let found = difference(a, b).unwrap();
        assert!((found.mean - mean).abs() < 1e-12, "{found:?}");
        assert!((found.half_width.unwrap() - half).abs() < 1e-6, "{found:?}");
        assert_eq!(found.is_paired, is_paired);
    }

    /// Intervals of `scipy.stats.ttest_rel` and `ttest_ind(equal_var=False)`, made by tests/python/differences.py.
    #[test]
    fn as_scipy_has_it() {
        let a = [0.12, 0.18, 0.15, 0.11];
        let b = [0.20, 0.22, 0.25, 0.16];
        check(&seeds(0, &a), &seeds(0, &b), 0.0675, PAIRED_HALF, true);
        check(&seeds(0, &a), &seeds(9, &b), 0.0675, WELCH_HALF, false);
        check(
            &seeds(0, &a),
            &seeds(9, &b[..2]),
            0.07,
            WELCH_UNEQUAL_HALF,
            false,
        );
    }
    const PAIRED_HALF: f64 = 0.043_818_868_848_250_064;
    const WELCH_HALF: f64 = 0.060_699_649_021_710_57;
    const WELCH_UNEQUAL_HALF: f64 = 0.052_082_183_321_853_24;

    #[test]
    fn one_trial_has_no_interval_and_equal_trials_no_difference() {
        let one = difference(&seeds(0, &[1.0]), &seeds(0, &[3.0])).unwrap();
        assert_eq!((one.mean, one.half_width, one.sign()), (2.0, None, 0));
        let same = difference(&seeds(0, &[1.0, 2.0]), &seeds(0, &[1.0, 2.0])).unwrap();
        assert_eq!(
            (same.mean, same.half_width, same.sign()),
            (0.0, Some(0.0), 0)
        );
        assert_eq!(difference(&seeds(0, &[]), &seeds(0, &[1.0])), None);
    }

    #[test]
    fn the_sign_is_there_only_where_the_interval_leaves_zero_out() {
        let of = |mean, half| Difference {
            mean,
            half_width: Some(half),
            is_paired: true,
        };
        assert_eq!(
            [of(-0.3, 0.2), of(0.3, 0.4), of(0.3, 0.2)].map(|d| d.sign()),
            [-1, 0, 1]
        );
    }
}
