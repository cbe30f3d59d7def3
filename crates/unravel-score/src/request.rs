//! What a sweep asks for of one trial.

use crate::names::MetricName;
use crate::record::ScoreContext;

/// One score that a sweep asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ScoreRequest {
    /// What computes it.
    pub metric: MetricName,
    /// Variant, representation, grid and step.
    pub context: ScoreContext,
    /// The evaluation seeds; empty for a variant that does not sample.
    pub seeds: Vec<u64>,
    /// The revision of the metric's definition; scores of an earlier revision do not satisfy the request.
    pub revision: u32,
}

/// Everything that a sweep asks for of one trial; a trial that has all of it is done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Every score.
    pub scores: Vec<ScoreRequest>,
    /// Whether the whole table of codes is to be kept.
    pub codes: bool,
}
