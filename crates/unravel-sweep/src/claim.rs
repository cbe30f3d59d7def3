//! `[[report.claim]]`: what others say of the objectives, to be held against a sweep's own trials.

use serde::{Deserialize, Serialize};
use unravel_score::{Metric, Variant, named};

/// Something that a publication says and that trials can bear out, or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Claim {
    /// Who says it.
    pub source: String,
    /// What, in a sentence.
    pub says: String,
    /// What it is about.
    pub of: Measure,
    /// What is claimed of that.
    pub holds: Claimed,
}

/// A number of every trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Measure {
    /// Reconstruction error in nats per image, after the last step.
    ReconstructionNats,
    /// KL from the prior in nats per image, after the last step.
    KlNats,
    /// The headline of a metric, of the mean codes.
    Metric {
        /// Which metric.
        metric: Metric,
        /// In this variant; else in the first one that has scores.
        variant: Option<Variant>,
    },
    /// A term of the training log, the mean over the last tenth of the steps.
    Log {
        /// The column: `total_correlation_nats`.
        term: String,
    },
}

/// What is claimed of a measure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Claimed {
    /// It goes one way as the strength of a family rises.
    Trend {
        /// The family, as below `objective`.
        family: String,
        /// Which way.
        direction: Trend,
    },
    /// It is higher in one group of trials than in another.
    Higher {
        /// The label of a setting, `β-VAE β=4`, or the title of a family, `β-VAE`.
        higher: String,
        /// Likewise.
        lower: String,
    },
}

named! {
    /// Which way a measure goes.
    pub enum Trend {
        /// Up.
        Rises = "rises",
        /// Down.
        Falls = "falls",
    }
}
