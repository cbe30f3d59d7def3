//! The first split of every tree of a stage, eight classes at a time.
//!
//! At the root all trees of a stage see all rows in the same order, and differ in their targets alone: one walk over an
//! order serves eight of them side by side.

use pulp::Arch;

use crate::estimators::tree::{Cut, MIN_GAP, Presorted};

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
    Arch::new().dispatch(
        #[inline(always)]
        || {
            let n = rows.n_rows();
            let mut best = [Cut::NONE.score; N_LANES];
            let mut best_at = [0.0; N_LANES];
            let mut left = [0.0; N_LANES];
            let mut above = f32::INFINITY;
            let backwards = inverse[..=n].iter().rev();
            for (i, (entry, (from_start, from_end))) in
                rows.by(feature).iter().zip(inverse.iter().zip(backwards)).enumerate()
            {
                if above < entry.value {
                    let weight = from_start * from_end;
                    for lane in 0..N_LANES {
                        let difference = n as f64 * left[lane] - i as f64 * totals.0[lane];
                        let score = difference * difference * weight;
                        let is_better = best[lane] < score;
                        best[lane] = if is_better { score } else { best[lane] };
                        best_at[lane] = if is_better { i as f64 } else { best_at[lane] };
                    }
                }
                let row = targets.row(entry.row as usize);
                for (left, target) in left.iter_mut().zip(row) {
                    *left += target;
                }
                above = entry.value + MIN_GAP;
            }
            std::array::from_fn(|lane| Cut {
                score: best[lane],
                n_left: best_at[lane] as usize,
            })
        },
    )
}
