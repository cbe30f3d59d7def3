//! `[report]`: which figures the report shows, and which published numbers and claims beside them. None of it decides a trial's id.

use serde::{Deserialize, Serialize};

use crate::claim::Claim;
use crate::published::Published;

/// Every figure by name, in the order of the page.
pub const FIGURES: &[&str] = &[
    "trade-off",
    "score-vs-strength",
    "violins",
    "variance-explained",
    "metric-correlation",
    "total-correlation",
    "score-vs-steps",
    "training-curves",
    "kl-per-latent",
    "matrices",
    "traversals",
    "reconstructions",
    "samples",
];

/// Which figures the report shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReportConfig {
    /// Names of figures, each in [`FIGURES`], in the order of the page.
    pub figures: Vec<String>,
    /// Numbers of others, drawn where a figure has what they are of.
    pub published: Vec<Published>,
    /// What others say, held against the sweep's trials.
    pub claims: Vec<Claim>,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self {
            figures: FIGURES.iter().map(|&f| f.to_owned()).collect(),
            published: Vec::new(),
            claims: Vec::new(),
        }
    }
}
