//! `[[report.published]]`: numbers that others published, to be drawn beside a sweep's own.

use serde::{Deserialize, Serialize};
use unravel_score::{Metric, Variant, named};

/// What published numbers are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublishedMeasure {
    /// A metric.
    Metric(Metric),
    /// Shares of the variance of scores.
    VarianceExplained,
}

impl PublishedMeasure {
    /// The name of [`PublishedMeasure::VarianceExplained`] in sweep files.
    pub(crate) const VARIANCE_EXPLAINED: &'static str = "variance-explained";

    /// The measure with this name in sweep files.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        match name {
            Self::VARIANCE_EXPLAINED => Some(Self::VarianceExplained),
            _ => Metric::from_name(name).map(Self::Metric),
        }
    }
}

/// Numbers of one metric from one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Published {
    /// Where they were published, as a reader would look it up: authors, year, table or figure.
    pub source: String,
    /// How they came from there into the sweep file.
    pub trust: Trust,
    /// What they are of.
    pub metric: PublishedMeasure,
    /// The variant of the metric whose protocol is the publication's; none where no variant is, and then the numbers are
    /// drawn beside every variant.
    pub variant: Option<Variant>,
    /// In what the publication's protocol differs, in a sentence or less.
    pub note: Option<String>,
    /// What the points' spreads are.
    pub spread: Option<SpreadKind>,
    /// The numbers, at least one.
    pub points: Vec<PublishedPoint>,
}

/// One published number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PublishedPoint {
    /// What it is of: `FactorVAE γ=10`.
    pub label: String,
    /// The number.
    pub score: f64,
    /// Its spread, as [`Published::spread`] says; 0 or more.
    pub spread: Option<f64>,
    /// The objective's family, as below `objective` in a sweep file.
    pub family: Option<String>,
    /// The weight that sweeps of the family are about.
    pub strength: Option<f64>,
    /// Reconstruction error in nats per image.
    pub reconstruction_nats: Option<f64>,
}

named! {
    /// How a published number came into a sweep file. What somebody remembers is not among these.
    pub enum Trust {
        /// Read in the publication itself.
        Publication = "publication",
        /// In code or a table of an official or peer repository.
        Code = "code",
        /// Read off a picture.
        Image = "image",
        /// Quoted by others.
        SecondHand = "second-hand",
        /// Said in a discussion.
        Discussion = "discussion",
    }
}

impl Trust {
    /// For captions: `read off a picture`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Publication => "read in the publication",
            Self::Code => "from the authors' or a peer's repository",
            Self::Image => "read off a picture",
            Self::SecondHand => "quoted second-hand",
            Self::Discussion => "from a public discussion",
        }
    }
}

named! {
    /// What a published spread is.
    pub enum SpreadKind {
        /// Standard deviation over trial seeds.
        Sd = "sd",
        /// Standard error of the mean.
        StandardError = "standard-error",
        /// The publication does not say.
        Unknown = "unknown",
    }
}

impl SpreadKind {
    /// For captions: `standard error`.
    pub fn words(self) -> &'static str {
        match self {
            Self::Sd => "standard deviation",
            Self::StandardError => "standard error",
            Self::Unknown => "a spread of unknown kind",
        }
    }
}
