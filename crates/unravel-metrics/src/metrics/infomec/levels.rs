//! Which codes take few values, and which values: it decides between the two estimators.

use rayon::prelude::*;

use super::{ACTIVE_SHARE, Sample};
use crate::table::CodeTable;

/// Most distinct values of a discrete code.
const MAX_VALUES: usize = 256;

/// Fewest points of a distinct value, on average.
const MIN_POINTS_PER_VALUE: usize = 20;

/// The values that a code takes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Levels {
    /// Few, in ascending order.
    Few(Vec<f32>),
    /// Many in a small range: all of them count as one.
    LeftOut,
}

impl Levels {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Few(values) => values.len(),
            Self::LeftOut => 1,
        }
    }

    pub(super) fn is_left_out(&self) -> bool {
        *self == Self::LeftOut
    }

    /// The number of a value, from 0.
    pub(super) fn number(&self, value: f32) -> u16 {
        match self {
            // At most `MAX_VALUES`.
            Self::Few(values) => values.partition_point(|level| *level < value) as u16,
            Self::LeftOut => 0,
        }
    }
}

/// The most values of a discrete code of so many points.
fn limit(n_points: usize) -> usize {
    MAX_VALUES.min(n_points / MIN_POINTS_PER_VALUE)
}

/// The values of each code of a table, if every active code takes few and at least one code of few values varies.
///
/// A code takes few values if there are at most 256, and 20 points or more of each on average. One that takes more is
/// active if its range exceeds a twentieth of the largest.
pub(crate) fn of_table(table: &CodeTable<'_>) -> Option<Vec<Levels>> {
    let limit = limit(table.grid().n_points());
    let is_active = active(table);
    let of_code = |code: usize| match few(table, code, limit) {
        Some(values) => Some(Levels::Few(values)),
        None => (!is_active[code]).then_some(Levels::LeftOut),
    };
    let levels: Option<Vec<Levels>> = (0..table.n_codes()).into_par_iter().map(of_code).collect();
    levels.filter(|levels| levels.iter().any(|levels| 1 < levels.len()))
}

/// Whether the range of each code of the table exceeds a twentieth of the largest.
fn active(table: &CodeTable<'_>) -> Vec<bool> {
    let ranges = table.ranges().iter().map(|range| range.hi - range.lo);
    let widest = ranges.clone().fold(0.0, f32::max);
    ranges.map(|range| widest * ACTIVE_SHARE < range).collect()
}

/// The distinct values of one code, ascending, if there are at most `limit`.
fn few(table: &CodeTable<'_>, code: usize, limit: usize) -> Option<Vec<f32>> {
    let mut levels: Vec<f32> = Vec::new();
    for &value in table.codes().iter().skip(code).step_by(table.n_codes()) {
        let at = levels.partition_point(|level| *level < value);
        if levels.get(at) != Some(&value) {
            if levels.len() == limit {
                return None;
            }
            levels.insert(at, value);
        }
    }
    Some(levels)
}

/// Whether more than half of the active codes of a sample have as many values as a discrete code, at most, in nine of
/// ten points or more.
pub(super) fn are_mostly_few(sample: &Sample<'_>) -> bool {
    let is_active = active(sample.table);
    let active: Vec<usize> = (0..is_active.len())
        .filter(|&code| is_active[code])
        .collect();
    let is_few = |code: &&usize| {
        let values = sample
            .points
            .iter()
            .map(|&point| sample.table.row(point as usize)[**code]);
        let mut values: Vec<f32> = values.collect();
        values.sort_unstable_by(f32::total_cmp);
        let mut n_points: Vec<usize> = values.chunk_by(|a, b| a == b).map(<[f32]>::len).collect();
        n_points.sort_unstable_by_key(|n| std::cmp::Reverse(*n));
        let of_few: usize = n_points.iter().take(limit(values.len())).sum();
        9 * values.len() <= 10 * of_few
    };
    active.len() < 2 * active.par_iter().filter(is_few).count()
}
