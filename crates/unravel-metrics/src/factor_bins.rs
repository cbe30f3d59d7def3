//! Bins for the values of continuous factors.

use serde::Serialize;

use crate::error::MetricError;

/// The method of binning the values of a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Binning {
    /// Bins of equal width between the smallest and the largest value.
    EqualWidth,
    /// Bins with equally many rows, as far as ties allow.
    Quantiles,
}

impl Binning {
    /// Both.
    pub const ALL: [Self; 2] = [Self::EqualWidth, Self::Quantiles];

    /// `equal-width` or `quantiles`.
    pub fn name(self) -> &'static str {
        match self {
            Self::EqualWidth => "equal-width",
            Self::Quantiles => "quantiles",
        }
    }
}

/// Bins for the values of each factor.
///
/// A factor with at most as many distinct values as bins has one bin per value, in order. For any other factor:
///
/// - *Equal width*: edge j is `lo + j * ((hi - lo) / n)` in double precision, with `lo` and `hi` the smallest and the
///   largest value. A bin includes its left edge, and the last bin includes `hi`. (Where `hi - lo` overflows, all
///   values are halved before.)
/// - *Quantiles*: the bin of a value is `floor(n * (b + e / 2) / rows)`, where b rows have a smaller value and e rows have
///   this one. Equal values share a bin. Without equal values, and with rows that n divides, each bin has `rows / n` rows.
///
/// Empty bins do not count as values of the factor: bins with rows are numbered from 0 without gaps, in order. A factor
/// that varies still varies after binning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FactorBins {
    n: u32,
    binning: Binning,
}

impl FactorBins {
    /// The fewest and the most bins.
    pub const RANGE: [u32; 2] = [2, 1_000_000];

    /// Bins with `n` bins per factor.
    ///
    /// # Errors
    /// When `n` is outside of [`Self::RANGE`].
    pub fn new(n: u32, binning: Binning) -> Result<Self, MetricError> {
        let [fewest, most] = Self::RANGE;
        match (fewest..=most).contains(&n) {
            true => Ok(Self { n, binning }),
            false => Err(MetricError::FactorBins { n }),
        }
    }

    /// Bins of a factor at most.
    pub fn n(&self) -> u32 {
        self.n
    }

    /// How they are made.
    pub fn binning(&self) -> Binning {
        self.binning
    }

    /// `20 bins of equal width`, for people.
    pub fn label(&self) -> String {
        match self.binning {
            Binning::EqualWidth => format!("{} bins of equal width", self.n),
            Binning::Quantiles => format!("{} bins by quantiles", self.n),
        }
    }

    /// The bin of each distinct value of a factor, numbered from 0 without gaps. `values` are finite and in any order; values
    /// that are equal as float64 share a bin once there are more values than bins. `n_rows` says how many rows have each.
    pub fn classes(&self, values: &[f64], n_rows: &[u32]) -> Vec<u32> {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let mut bins = if values.len() <= self.n as usize {
            let mut bins = vec![0; values.len()];
            (0..)
                .zip(&order)
                .for_each(|(bin, &at)| bins[at as usize] = bin);
            bins
        } else if self.binning == Binning::EqualWidth {
            self.equal_width(values)
        } else {
            self.quantiles(values, n_rows, &order)
        };
        without_gaps(&mut bins, &order);
        bins
    }

    fn equal_width(&self, values: &[f64]) -> Vec<u32> {
        let lo = values.iter().copied().fold(f64::INFINITY, f64::min);
        let hi = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Halving is exact but for the smallest of numbers, which such a range puts into one bin anyway.
        let scale = if (hi - lo).is_finite() { 1.0 } else { 0.5 };
        let (lo, hi) = (scale * lo, scale * hi);
        let width = (hi - lo) / f64::from(self.n);
        let edges: Vec<f64> = (1..self.n)
            .map(|edge| f64::from(edge) * width + lo)
            .collect();
        let bin = |value: &f64| edges.partition_point(|&edge| edge <= scale * value) as u32;
        values.iter().map(bin).collect()
    }

    fn quantiles(&self, values: &[f64], n_rows: &[u32], order: &[u32]) -> Vec<u32> {
        let rows = |at: u32| u64::from(n_rows[at as usize]);
        let total: u64 = order.iter().map(|&at| rows(at)).sum();
        let mut bins = vec![0; values.len()];
        let mut below = 0;
        for equal in order.chunk_by(|&a, &b| values[a as usize] == values[b as usize]) {
            let here: u64 = equal.iter().map(|&at| rows(at)).sum();
            // Below 2^20 * 2^33.
            let bin = u64::from(self.n) * (2 * below + here) / (2 * total).max(1);
            equal.iter().for_each(|&at| bins[at as usize] = bin as u32);
            below += here;
        }
        bins
    }
}

/// Numbers the non-empty bins from 0; along `order`, the numbers do not decrease.
fn without_gaps(bins: &mut [u32], order: &[u32]) {
    let (mut number, mut last) = (0, None);
    for &at in order {
        let bin = &mut bins[at as usize];
        if last.is_some_and(|last| last != *bin) {
            number += 1;
        }
        last = Some(*bin);
        *bin = number;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn classes(n: u32, binning: Binning, values: &[f64], n_rows: &[u32]) -> Vec<u32> {
        FactorBins::new(n, binning).unwrap().classes(values, n_rows)
    }

    /// Of values that each have one row.
    fn of_single(n: u32, binning: Binning, values: &[f64]) -> Vec<u32> {
        classes(n, binning, values, &vec![1; values.len()])
    }

    #[test]
    fn edges_belong_to_the_bin_on_their_right_and_the_last_bin_is_closed() {
        let values = [0.0, 0.9, 1.0, 1.5, 2.0, 2.9, 3.0, 4.0];
        assert_eq!(
            of_single(4, Binning::EqualWidth, &values),
            [0, 0, 1, 1, 2, 2, 3, 3]
        );
    }

    #[test]
    fn bins_without_rows_are_no_values() {
        let values = [0.0, 0.5, 1.0, 99.0, 100.0];
        assert_eq!(of_single(4, Binning::EqualWidth, &values), [0, 0, 0, 1, 1]);
    }

    #[test]
    fn few_values_are_kept_in_their_order() {
        for binning in Binning::ALL {
            assert_eq!(of_single(4, binning, &[1e9, -3.0, 0.25, 0.0]), [3, 0, 2, 1]);
            assert_eq!(of_single(2, binning, &[7.0]), [0]);
            assert_eq!(of_single(2, binning, &[]), [0; 0]);
        }
    }

    #[test]
    fn quantiles_hold_equally_many_rows_and_equal_values_share_one() {
        let values: Vec<f64> = (0..12).map(|i| f64::from(i).exp()).collect();
        assert_eq!(
            of_single(4, Binning::Quantiles, &values),
            [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
        );
        // One value with 97 of 100 rows, the smallest, the largest, or one between.
        for (common, expected) in [(0, [0, 1, 1, 1]), (3, [0, 0, 0, 1]), (1, [0, 1, 2, 2])] {
            let mut n_rows = [1; 4];
            n_rows[common] = 97;
            let found = classes(3, Binning::Quantiles, &[1.0, 2.0, 3.0, 4.0], &n_rows);
            assert_eq!(found, expected, "{common}");
        }
    }

    #[test]
    fn a_factor_that_varies_varies_in_bins() {
        let extreme = [f64::MIN, -1.0, 0.0, 1.0, f64::MAX];
        assert_eq!(of_single(2, Binning::EqualWidth, &extreme), [0, 0, 1, 1, 1]);
        let tiny: Vec<f64> = (0..5).map(f64::from_bits).collect();
        for binning in Binning::ALL {
            for n in 2..=4 {
                for n_rows in [[1, 1, 1, 1, 96], [96, 1, 1, 1, 1], [1, 1, 96, 1, 1]] {
                    for values in [&extreme[..], &tiny] {
                        let found = classes(n, binning, values, &n_rows);
                        assert!(found[0] < found[4], "{n} {binning:?} {n_rows:?} {found:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn too_few_and_too_many_bins_are_refused() {
        for n in [0, 1, 1_000_001, u32::MAX] {
            let error = FactorBins::new(n, Binning::Quantiles).unwrap_err();
            assert!(error.to_string().contains("2 to 1000000"), "{error}");
        }
    }
}
