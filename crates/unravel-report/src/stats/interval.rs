//! Intervals of means, and quantiles.

use super::Spread;
use statrs::distribution::{ContinuousCDF, StudentsT};

/// Half the width of the 95 % t interval of the mean: t(0.975, n − 1) · sd / √n; `None` for a single value.
pub fn half_width_95(spread: &Spread) -> Option<f64> {
    let t = StudentsT::new(0.0, 1.0, (spread.n.checked_sub(1)?) as f64).ok()?;
    Some(t.inverse_cdf(0.975) * spread.sd? / (spread.n as f64).sqrt())
}

/// The `p`-quantile (0..=1) of `sorted`, interpolated linearly between neighbours; NaN if there are no values.
pub fn quantile(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else {
        return f64::NAN;
    };
    let place = p * last as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(last);
    let (low, high) = (sorted[below], sorted[above]);
    match high - low {
        step if step.is_finite() => low + step * share,
        // The difference of two finite values can overflow.
        _ => low * (1.0 - share) + high * share,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Quantiles of Student's t from published tables.
    #[test]
    fn the_interval_is_that_of_the_t_tables() {
        for (n, t) in [(2, 12.7062), (3, 4.3027), (5, 2.7764), (11, 2.2281)] {
            let spread = Spread {
                mean: 1.0,
                sd: Some(2.0),
                n,
            };
            let expected = t * 2.0 / (n as f64).sqrt();
            let half = half_width_95(&spread).unwrap();
            assert!((half - expected).abs() < 1e-3, "{n}: {half} for {expected}");
        }
        let single = Spread::of([1.0]).unwrap();
        assert_eq!(half_width_95(&single), None);
    }

    /// Agrees with numpy's default method.
    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [1.0, 2.0, 4.0, 8.0];
        assert_eq!(
            [0.0, 0.25, 0.5, 1.0].map(|p| quantile(&values, p)),
            [1.0, 1.75, 3.0, 8.0]
        );
        assert!(quantile(&[], 0.5).is_nan());
        assert_eq!(quantile(&[f64::MIN, f64::MAX], 0.5), 0.0);
    }
}
