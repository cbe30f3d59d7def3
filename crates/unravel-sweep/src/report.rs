//! `[report]`: which figures the report shows. None of it decides a trial's id.

use serde::{Deserialize, Serialize};

/// Every figure by name, in the order of the page.
pub const FIGURES: &[&str] = &["trade-off", "training-curves", "traversals"];

/// Which figures the report shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ReportConfig {
    /// Names of figures, each in [`FIGURES`], in the order of the page.
    pub figures: Vec<String>,
}

impl Default for ReportConfig {
    fn default() -> Self {
        Self {
            figures: FIGURES.iter().map(|&f| f.to_owned()).collect(),
        }
    }
}
