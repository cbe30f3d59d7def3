//! What a metric's file says of the metric.

use serde::Serialize;
use unravel_score::{Direction, Variant};

use crate::budget::Scoring;
use crate::bytes::Bytes;
use crate::cost::Work;
use crate::error::MetricError;
use crate::outcome::Outcome;
use crate::table::CodeTable;

/// One number of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// Its name in [`Outcome::quantities`].
    pub name: &'static str,
    /// Smallest and largest possible value; infinite where there is no bound.
    pub range: [f64; 2],
    /// Which way it is better.
    pub direction: Direction,
    /// What it is, in one line.
    pub one_line: &'static str,
}

/// Computes a variant of a metric from a table and an evaluation seed, which variants that do not sample ignore.
pub(crate) type Compute = fn(&CodeTable<'_>, u64) -> Result<Outcome, MetricError>;

/// What there is to say of a metric, and what computes it: the `DEFINITION` in the metric's file.
///
/// Its name, variants and needs are in the table of metrics, [`for_each_metric`](unravel_score::for_each_metric).
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    /// Its name in figures and tables.
    pub title: &'static str,
    /// What it measures, in one line.
    pub one_line: &'static str,
    /// Where it was published.
    pub paper: &'static str,
    /// Its quantities, the headline first.
    pub quantities: &'static [Quantity],
    /// What computes each of its variants; nothing for a metric of several trials.
    pub(crate) variants: &'static [(Variant, Compute)],
    /// Whether a score takes more than moments with ten codes over the whole of dSprites.
    pub(crate) is_slow: fn(Variant) -> bool,
    /// About how long a score takes one core, in nanoseconds.
    pub(crate) nanoseconds: fn(&Work, Variant) -> f64,
    /// Bytes that one score holds at most, beside the table and its own outcome.
    pub(crate) bytes: fn(Scoring<'_>, Variant) -> Bytes,
    /// Bytes of the matrices of an outcome, at most.
    pub(crate) outcome_bytes: fn(&CodeTable<'_>) -> Bytes,
}
