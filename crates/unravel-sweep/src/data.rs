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

/// A dataset that is not read from a file.
struct BuiltIn {
    name: &'static str,
    /// The name for people.
    title: &'static str,
    source: DatasetSource,
    /// Slowest first, with the number of values of each.
    factors: &'static [(&'static str, usize)],
}

/// Every built-in dataset: a new one is one row here.
const BUILT_IN: [BuiltIn; 3] = [
    BuiltIn {
        name: "dsprites",
        title: "dSprites",
        source: DatasetSource::Dsprites,
        factors: &DSPRITES_FACTORS,
    },
    BuiltIn {
        name: "dsprites-color",
        title: "coloured dSprites",
        source: DatasetSource::DspritesColor,
        factors: &DSPRITES_FACTORS,
    },
    BuiltIn {
        name: "dsprites-noisy",
        title: "noisy dSprites",
        source: DatasetSource::DspritesNoisy,
        factors: &DSPRITES_FACTORS,
    },
];

impl DatasetSource {
    /// The names that `data.dataset` takes.
    pub fn names() -> impl Iterator<Item = &'static str> {
        BUILT_IN.into_iter().map(|built_in| built_in.name)
    }

    /// The built-in dataset with this name, if there is one.
    pub fn from_name(name: &str) -> Option<Self> {
        let found = BUILT_IN.into_iter().find(|row| row.name == name);
        found.map(|row| row.source)
    }

    /// The name that [`Self::from_name`] takes; `None` for a file.
    pub fn name(&self) -> Option<&'static str> {
        self.built_in().map(|row| row.name)
    }

    /// The dataset for people: `dSprites`, or the path of a file.
    pub fn title(&self) -> String {
        match self {
            Self::Npz { path } => path.clone(),
            built_in => built_in.built_in().map_or("", |row| row.title).to_owned(),
        }
    }

    /// The factors, slowest first, with the number of values of each; `None` for a file, whose factors are known when it
    /// is read.
    pub fn factors(&self) -> Option<&'static [(&'static str, usize)]> {
        self.built_in().map(|row| row.factors)
    }

    fn built_in(&self) -> Option<BuiltIn> {
        BUILT_IN.into_iter().find(|row| row.source == *self)
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
