//! The best place to cut a sorted list of rows.

use super::presorted::Entry;

/// Values that are no further apart count as equal; scikit-learn's `FEATURE_THRESHOLD`.
pub(in super::super) const MIN_GAP: f32 = 1e-7;

/// A place to cut a sorted list of rows in two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) struct Cut {
    /// What the cut takes off the squared error, times the number of rows: `(n S_l - n_l S)² / (n_l n_r)`.
    pub(in super::super) score: f64,
    /// Rows to the left of it.
    pub(in super::super) n_left: usize,
}

impl Cut {
    /// Worse than any cut: there is none.
    pub(in super::super) const NONE: Self = Self {
        score: -1.0,
        n_left: 0,
    };
}

/// Whether `n` values with this sum and sum of squares are all the same, by scikit-learn's measure.
pub(in super::super) fn is_pure(n: usize, sum: f64, squares: f64) -> bool {
    let mean = sum / n as f64;
    n < 2 || squares / n as f64 - mean * mean <= f64::EPSILON
}

/// The cut of `entries` that leaves the least squared error of `target`, the first of several; `total` is the sum of
/// their targets, and `inverse[i]` is `1 / i`.
#[inline]
pub(super) fn best_cut(entries: &[Entry], target: &[f64], total: f64, inverse: &[f64]) -> Cut {
    let n = entries.len();
    let mut best = Cut::NONE;
    let mut left = 0.0;
    let mut above = f32::INFINITY;
    let backwards = inverse[..=n].iter().rev();
    for (i, (entry, (from_start, from_end))) in
        entries.iter().zip(inverse.iter().zip(backwards)).enumerate()
    {
        if above < entry.value {
            let difference = n as f64 * left - i as f64 * total;
            let score = difference * difference * (from_start * from_end);
            if best.score < score {
                best = Cut { score, n_left: i };
            }
        }
        left += target[entry.row as usize];
        above = entry.value + MIN_GAP;
    }
    best
}
