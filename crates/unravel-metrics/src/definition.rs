//! The definition of a metric, which each metric's file contains.

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
    /// Smallest and largest possible value; infinite if there is no bound.
    pub range: [f64; 2],
    /// Whether higher or lower values are better.
    pub direction: Direction,
    /// What it is, in one line.
    pub one_line: &'static str,
}

impl Quantity {
    /// A value from 0 to 1, of which higher is better.
    pub(crate) const fn score(name: &'static str, one_line: &'static str) -> Self {
        Self {
            name,
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line,
        }
    }

    /// A value of at least 0, without an upper bound.
    pub(crate) const fn unbounded(
        name: &'static str,
        direction: Direction,
        one_line: &'static str,
    ) -> Self {
        Self {
            name,
            range: [0.0, f64::INFINITY],
            direction,
            one_line,
        }
    }
}

/// Computes a variant of a metric from a table and an evaluation seed. Variants without sampling ignore the seed.
pub(crate) type Compute = fn(&CodeTable<'_>, u64) -> Result<Outcome, MetricError>;

/// The definition of a metric: its texts, costs and functions. It is the `DEFINITION` in the metric's file.
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
    /// The function of each of its variants; empty for a metric of several trials.
    pub(crate) variants: &'static [(Variant, Compute)],
    /// Whether a score with ten codes over the whole of dSprites takes more than a second.
    pub(crate) is_slow: fn(Variant) -> bool,
    /// The approximate time of a score on one core, in nanoseconds.
    pub(crate) nanoseconds: fn(&Work, Variant) -> f64,
    /// The maximum number of bytes that one score allocates, without the table and its outcome.
    pub(crate) bytes: fn(Scoring<'_>, Variant) -> Bytes,
    /// Bytes of the matrices of an outcome, at most.
    pub(crate) outcome_bytes: fn(&CodeTable<'_>) -> Bytes,
}
