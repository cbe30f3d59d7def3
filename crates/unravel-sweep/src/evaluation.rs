//! `[evaluation]`: which scores are taken of every trial. None of it decides a trial's id.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// Which scores are taken of every trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EvaluationConfig {
    /// Names of metrics, each in [`METRICS`] and available.
    pub metrics: Vec<String>,
    /// `study`, `exact`: used where a metric has them.
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
            metrics: METRICS
                .iter()
                .filter(|m| m.available)
                .map(|m| m.name.to_owned())
                .collect(),
            variants: VARIANTS.iter().map(|&v| v.to_owned()).collect(),
            representations: vec![Representation::Mean],
            seeds: 5,
            at: Vec::new(),
        }
    }
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

/// A metric that sweep files may name.
#[derive(Debug)]
pub struct MetricName {
    /// The name in sweep files, stores and tables.
    pub name: &'static str,
    /// Whether this version computes it.
    pub available: bool,
}

/// Every metric name; the ones that are not available yet are known so that a sweep file gets a helpful answer.
pub const METRICS: &[MetricName] = &[
    MetricName {
        name: "beta-vae-score",
        available: true,
    },
    MetricName {
        name: "factor-vae-score",
        available: true,
    },
    MetricName {
        name: "mig",
        available: true,
    },
    MetricName {
        name: "mig-chen",
        available: false,
    },
    MetricName {
        name: "dci",
        available: false,
    },
    MetricName {
        name: "sap",
        available: false,
    },
    MetricName {
        name: "modularity",
        available: false,
    },
    MetricName {
        name: "explicitness",
        available: false,
    },
    MetricName {
        name: "irs",
        available: false,
    },
    MetricName {
        name: "unsupervised",
        available: false,
    },
    MetricName {
        name: "mig-sup",
        available: false,
    },
    MetricName {
        name: "jemmig",
        available: false,
    },
    MetricName {
        name: "dcimig",
        available: false,
    },
    MetricName {
        name: "infomec",
        available: false,
    },
    MetricName {
        name: "udr",
        available: false,
    },
    MetricName {
        name: "downstream",
        available: false,
    },
    MetricName {
        name: "active-units",
        available: false,
    },
];

/// The variants of a metric: sampled as the study of Locatello et al. (2019) did, or exact over the whole grid.
pub const VARIANTS: &[&str] = &["study", "exact"];
