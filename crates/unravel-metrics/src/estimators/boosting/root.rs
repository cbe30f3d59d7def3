//! The first split of every tree of a stage, eight classes at a time.
//!
//! At the root all trees of a stage see all rows in the same order, and differ in their targets alone: one walk over an
//! order serves eight of them side by side.

use pulp::{Arch, Simd, WithSimd};

use crate::estimators::tree::{Cut, Entry, MIN_GAP, Presorted};

/// Trees taken side by side.
pub(super) const N_LANES: usize = 8;

/// Eight numbers, one a tree, that fill one cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(64))]
pub(super) struct Lanes(pub(super) [f64; N_LANES]);

/// The targets of eight trees: those at `block` of the `n_blocks` lanes of each row.
#[derive(Clone, Copy)]
pub(super) struct Targets<'a> {
    /// `[n_rows, n_blocks]`.
    pub(super) lanes: &'a [Lanes],
    pub(super) n_blocks: usize,
    pub(super) block: usize,
}

impl Targets<'_> {
    #[inline(always)]
    fn row(&self, row: usize) -> &[f64; N_LANES] {
        &self.lanes[row * self.n_blocks + self.block].0
    }

    /// Sums and sums of squares over the rows.
    pub(super) fn sums(&self, n_rows: usize) -> [Lanes; 2] {
        let mut sums = [Lanes::default(); 2];
        for row in 0..n_rows {
            for (lane, target) in self.row(row).iter().enumerate() {
                sums[0].0[lane] += target;
                sums[1].0[lane] += target * target;
            }
        }
        sums
    }
}

/// The best cut of all rows by one feature, for eight trees with these sums of targets. `inverse[i]` is `1 / i`.
pub(super) fn best_cuts(
    rows: &Presorted,
    feature: usize,
    targets: Targets,
    totals: &Lanes,
    inverse: &[f64],
) -> [Cut; N_LANES] {
    Arch::new().dispatch(Search {
        entries: rows.by(feature),
        targets,
        totals: &totals.0,
        inverse,
    })
}

/// The search, compiled for each instruction set.
struct Search<'a> {
    entries: &'a [Entry],
    targets: Targets<'a>,
    totals: &'a [f64; N_LANES],
    inverse: &'a [f64],
}

impl WithSimd for Search<'_> {
    type Output = [Cut; N_LANES];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [Cut; N_LANES] {
        // The eight lanes are one vector or several, as wide as the machine has them.
        let n_vectors = N_LANES / S::F64_LANES;
        let n_rows = simd.splat_f64s(self.entries.len() as f64);
        let totals = S::as_simd_f64s(self.totals).0;
        let mut left = [simd.splat_f64s(0.0); N_LANES];
        let mut best = [simd.splat_f64s(Cut::NONE.score); N_LANES];
        let mut best_at = left;
        let mut above = f32::INFINITY;
        let weights = self
            .inverse
            .iter()
            .zip(self.inverse[..=self.entries.len()].iter().rev());
        for (i, (entry, (from_start, from_end))) in self.entries.iter().zip(weights).enumerate() {
            if above < entry.value {
                let weight = simd.splat_f64s(from_start * from_end);
                let at = simd.splat_f64s(i as f64);
                for v in 0..n_vectors {
                    let of_all = simd.mul_f64s(n_rows, left[v]);
                    let difference = simd.sub_f64s(of_all, simd.mul_f64s(at, totals[v]));
                    let score = simd.mul_f64s(simd.mul_f64s(difference, difference), weight);
                    let is_better = simd.less_than_f64s(best[v], score);
                    best[v] = simd.select_f64s(is_better, score, best[v]);
                    best_at[v] = simd.select_f64s(is_better, at, best_at[v]);
                }
            }
            let row = S::as_simd_f64s(self.targets.row(entry.row as usize)).0;
            for v in 0..n_vectors {
                left[v] = simd.add_f64s(left[v], row[v]);
            }
            above = entry.value + MIN_GAP;
        }
        let lanes = |vectors: [S::f64s; N_LANES]| {
            let mut lanes = [0.0; N_LANES];
            for (to, from) in S::as_mut_simd_f64s(&mut lanes).0.iter_mut().zip(vectors) {
                *to = from;
            }
            lanes
        };
        let (scores, at) = (lanes(best), lanes(best_at));
        std::array::from_fn(|lane| Cut {
            score: scores[lane],
            n_left: at[lane] as usize,
        })
    }
}
