//! `[evaluation]`: which scores are taken of every trial. None of it decides a trial's id.

use serde::{Deserialize, Serialize};
use unravel_score::{Metric, Representation, Variant};

/// Which scores are taken of every trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvaluationConfig {
    /// The metrics.
    pub metrics: Vec<Metric>,
    /// The variants, used where a metric has them; a metric that has none of them is taken in its first.
    pub variants: Vec<Variant>,
    /// Which codes are scored.
    pub representations: Vec<Representation>,
    /// Evaluation seeds 0..seeds of the variants that sample.
    pub seeds: u64,
    /// Steps at which scores are taken besides the last; empty for the last only.
    pub at: Vec<u64>,
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            metrics: vec![Metric::BetaVaeScore, Metric::FactorVaeScore, Metric::Mig],
            variants: vec![Variant::Study, Variant::Exact],
            representations: vec![Representation::Mean],
            seeds: 5,
            at: Vec::new(),
        }
    }
}
