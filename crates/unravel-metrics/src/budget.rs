//! What the metrics' counts of bytes are made from: sizes of a table, and of what variants look at.

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

    /// Points that a variant looks at, in metrics that look at points once.
    pub(crate) fn n_points(self, variant: Variant) -> usize {
        match variant {
            Variant::Study | Variant::RandomForest => N_STUDY_POINTS,
            Variant::Lin2020 => lin_2020::N_POINTS,
            Variant::Exact | Variant::Lasso | Variant::Spearman => self.table.grid().n_points(),
        }
    }

    /// The most values of a factor that so many points can have.
    pub(crate) fn n_classes(self, n_points: usize) -> usize {
        let largest = self.table.grid().sizes().iter().max();
        largest.map_or(0, |&size| size.min(n_points))
    }

    /// Of something that each thread holds for a code at a time.
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
