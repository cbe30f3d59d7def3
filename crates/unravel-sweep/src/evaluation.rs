//! `[evaluation]`: which scores are taken of every trial. None of it decides a trial's id.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// Which scores are taken of every trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Names of metrics, each in [`METRICS`].
    pub metrics: Vec<String>,
    /// Names out of [`VARIANTS`], used where a metric has them; a metric that has none of them is taken in its first.
    pub variants: Vec<String>,
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
            metrics: owned(DEFAULT_METRICS),
            variants: owned(DEFAULT_VARIANTS),
            representations: vec![Representation::Mean],
            seeds: 5,
            at: Vec::new(),
        }
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

named! {
    /// Which codes are scored.
    pub enum Representation {
        /// The posterior's mean.
        Mean = "mean",
        /// One sample of the posterior.
        Sampled = "sampled",
    }
}

/// The name of every metric, in the order in which they are documented. What they compute is no concern of a sweep file's;
/// a test compares the names with those that are computed.
pub const METRICS: &[&str] = &[
    "beta-vae-score",
    "factor-vae-score",
    "mig",
    "mig-chen",
    "dci",
    "sap",
    "modularity",
    "explicitness",
    "irs",
    "unsupervised",
    "mig-sup",
    "jemmig",
    "dcimig",
    "infomec",
    "udr",
    "downstream",
    "active-units",
];

/// The metrics that are taken where a sweep names none: each at once.
pub const DEFAULT_METRICS: &[&str] = &["beta-vae-score", "factor-vae-score", "mig"];

/// The variants of metrics: sampled as the study of Locatello et al. (2019) did, exact over the whole grid, by another
/// estimator, or by the protocol of Lin et al. (2020).
pub const VARIANTS: &[&str] = &[
    "study",
    "exact",
    "lasso",
    "random-forest",
    "spearman",
    "lin-2020",
];

/// The variants that are taken where a sweep names none.
pub const DEFAULT_VARIANTS: &[&str] = &["study", "exact"];
