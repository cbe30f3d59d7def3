//! The sizes from which metrics compute their memory: those of a table, and those of the points that a variant uses.

use unravel_score::Variant;

use crate::bytes::Bytes;
use crate::counts::JointCounts;
use crate::lin_2020;
use crate::sampling::N_STUDY_POINTS;
use crate::table::CodeTable;

/// A table, and the threads that score it.
#[derive(Clone, Copy)]
pub(crate) struct Scoring<'a> {
    pub(crate) table: &'a CodeTable<'a>,
    pub(crate) n_threads: usize,
}

impl Scoring<'_> {
    /// Codes of the table.
    pub(crate) fn n_codes(self) -> usize {
        self.table.n_codes()
    }

    /// Factors that vary.
    pub(crate) fn n_varying(self) -> usize {
        self.table.grid().varying().len()
    }

    /// The number of points that a variant uses, for metrics that use points once.
    pub(crate) fn n_points(self, variant: Variant) -> usize {
        match variant {
            Variant::Study | Variant::RandomForest => N_STUDY_POINTS,
            Variant::Lin2020 => lin_2020::N_POINTS,
            Variant::Exact | Variant::Lasso | Variant::Spearman => self.table.grid().n_points(),
        }
    }

    /// The maximum number of values of a factor among this number of points.
    pub(crate) fn n_classes(self, n_points: usize) -> usize {
        let largest = self.table.grid().sizes().iter().max();
        largest.map_or(0, |&size| size.min(n_points))
    }

    /// Bytes of a buffer that each thread holds for one code at a time.
    pub(crate) fn by_code(self, bytes: Bytes) -> Bytes {
        bytes * self.n_codes().min(self.n_threads) as Bytes
    }
}

/// Bytes of a metric that counts codes and factors together ([`JointCounts`]).
pub(crate) fn joint_counts(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    match variant {
        Variant::Exact => JointCounts::bytes_of_grid(scoring.table, scoring.n_threads),
        _ => JointCounts::bytes_of_points(scoring.table, scoring.n_points(variant)),
    }
}
