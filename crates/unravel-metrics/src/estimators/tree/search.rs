//! The best place to cut a sorted list of rows.

use pulp::{Arch, Simd, WithSimd};

use super::presorted::Entry;

/// Values that are no further apart count as equal; scikit-learn's `FEATURE_THRESHOLD`.
pub(in super::super) const MIN_GAP: f32 = 1e-7;

/// Places tried side by side.
const N_LANES: usize = 8;

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

/// `1 / i`, forwards and backwards, so that both sides of a cut walk through memory in the same direction.
#[derive(Clone, Debug, Default)]
pub(super) struct Inverses {
    /// `1 / i` at i.
    forwards: Vec<f64>,
    /// `1 / i` at `len - 1 - i`.
    backwards: Vec<f64>,
}

impl Inverses {
    /// Those of `0..=n`.
    pub(super) fn up_to(n: usize) -> Self {
        let forwards: Vec<f64> = (0..=n).map(|i| (i as f64).recip()).collect();
        Self {
            backwards: forwards.iter().rev().copied().collect(),
            forwards,
        }
    }

    /// The largest number whose inverse is known.
    pub(super) fn largest(&self) -> usize {
        self.forwards.len().saturating_sub(1)
    }
}

/// The cut of `entries` that leaves the least squared error of a target, the first of several.
///
/// `before[i]` is the sum of the targets of the entries before i, and `total` that of all.
pub(super) fn best_cut(entries: &[Entry], before: &[f64], total: f64, inverses: &Inverses) -> Cut {
    let n = entries.len();
    let end = inverses.backwards.len() - 1;
    Arch::new().dispatch(Search {
        entries,
        before,
        total,
        to_start: &inverses.forwards[..n],
        to_end: &inverses.backwards[end - n..end],
    })
}

/// The search, compiled for each instruction set. All slices have the same length.
struct Search<'a> {
    entries: &'a [Entry],
    before: &'a [f64],
    total: f64,
    to_start: &'a [f64],
    to_end: &'a [f64],
}

impl WithSimd for Search<'_> {
    type Output = Cut;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Cut {
        let n = self.entries.len() as f64;
        let (before, before_rest) = self.before.as_chunks::<N_LANES>();
        let (to_start, to_start_rest) = self.to_start.as_chunks::<N_LANES>();
        let (to_end, to_end_rest) = self.to_end.as_chunks::<N_LANES>();
        let mut best = Cut::NONE;
        let mut first = 0;
        for ((before, to_start), to_end) in before.iter().zip(to_start).zip(to_end) {
            let scores: [f64; N_LANES] = std::array::from_fn(|lane| {
                let difference = n * before[lane] - (first + lane) as f64 * self.total;
                difference * difference * (to_start[lane] * to_end[lane])
            });
            if scores
                .iter()
                .fold(false, |any, &score| any | (best.score < score))
            {
                self.take_best(first, &scores, &mut best);
            }
            first += N_LANES;
        }
        let rest = before_rest
            .iter()
            .zip(to_start_rest)
            .zip(to_end_rest)
            .enumerate();
        for (i, ((before, to_start), to_end)) in rest {
            let difference = n * before - (first + i) as f64 * self.total;
            let score = difference * difference * (to_start * to_end);
            self.take_best(first + i, &[score], &mut best);
        }
        best
    }
}

impl Search<'_> {
    /// Takes the best of the cuts at `first` and after, where there is a gap between the values.
    #[inline(never)]
    fn take_best(&self, first: usize, scores: &[f64], best: &mut Cut) {
        for (i, &score) in (first..).zip(scores) {
            let is_gap = 0 < i && self.entries[i - 1].value + MIN_GAP < self.entries[i].value;
            if best.score < score && is_gap {
                *best = Cut { score, n_left: i };
            }
        }
    }
}
