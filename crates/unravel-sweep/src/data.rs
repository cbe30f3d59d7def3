//! `[data]`: which observations a sweep lives on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The factors of dSprites, slowest first, with the number of values of each.
pub const DSPRITES_FACTORS: [(&str, usize); 5] = [
    ("shape", 3),
    ("scale", 6),
    ("orientation", 40),
    ("pos-x", 32),
    ("pos-y", 32),
];

/// The observations of a trial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "DataTable", into = "DataTable")]
pub struct DataConfig {
    /// Where the observations come from.
    pub dataset: DatasetSource,
    /// What the observations are: a content hash or a versioned name, filled in when trials are made.
    ///
    /// This, and not the path of a file, decides the trial's id.
    pub content: String,
    /// How many evenly spaced values of a factor are kept; a factor not named here keeps all of them.
    pub keep: BTreeMap<String, usize>,
}

impl DataConfig {
    /// The whole of dSprites, with its content not yet filled in.
    pub fn dsprites() -> Self {
        Self {
            dataset: DatasetSource::Dsprites,
            content: String::new(),
            keep: BTreeMap::new(),
        }
    }
}

impl Default for DataConfig {
    fn default() -> Self {
        Self::dsprites()
    }
}

/// Where observations come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetSource {
    /// dSprites, rendered as it is needed.
    Dsprites,
    /// dSprites with each sprite in a colour of its own, on black.
    DspritesColor,
    /// dSprites in white on a background of coloured noise.
    DspritesNoisy,
    /// An npz file over a complete factor space: arrays `imgs` and `latents_classes`.
    Npz {
        /// As written in the sweep file.
        path: String,
    },
}

impl DatasetSource {
    /// The names that `data.dataset` takes.
    pub const NAMES: &'static [&'static str] = &["dsprites", "dsprites-color", "dsprites-noisy"];

    /// The dataset with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "dsprites" => Some(Self::Dsprites),
            "dsprites-color" => Some(Self::DspritesColor),
            "dsprites-noisy" => Some(Self::DspritesNoisy),
            _ => None,
        }
    }

    /// The name that [`Self::from_name`] takes; `None` for a file.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::Dsprites => Some("dsprites"),
            Self::DspritesColor => Some("dsprites-color"),
            Self::DspritesNoisy => Some("dsprites-noisy"),
            Self::Npz { .. } => None,
        }
    }
}

/// The form of [`DataConfig`] in a file: either `dataset` or `npz`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct DataTable {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dataset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    npz: Option<String>,
    content: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    keep: BTreeMap<String, usize>,
}

impl TryFrom<DataTable> for DataConfig {
    type Error = String;

    fn try_from(table: DataTable) -> Result<Self, String> {
        let dataset = match (table.dataset, table.npz) {
            (Some(name), None) => DatasetSource::from_name(&name)
                .ok_or_else(|| format!("unknown dataset `{name}`"))?,
            (None, Some(path)) => DatasetSource::Npz { path },
            _ => return Err("[data] needs exactly one of `dataset` and `npz`".to_owned()),
        };
        Ok(Self {
            dataset,
            content: table.content,
            keep: table.keep,
        })
    }
}

impl From<DataConfig> for DataTable {
    fn from(data: DataConfig) -> Self {
        Self {
            dataset: data.dataset.name().map(str::to_owned),
            npz: match data.dataset {
                DatasetSource::Npz { path } => Some(path),
                _ => None,
            },
            content: data.content,
            keep: data.keep,
        }
    }
}
