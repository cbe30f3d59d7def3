//! `state.json`: where a trial stands.
//!
//! A convenience for people and for fast listings. Whether a trial is trained is decided by its model, and whether it
//! is scored by its score files; a state that is lost or damaged is made again from them.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where the training of a trial stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Nothing is there yet.
    #[default]
    Absent,
    /// Begun and not finished; nobody may be at it just now (see [`TrialFolder::holder`](crate::TrialFolder::holder)).
    Training,
    /// The final weights are there.
    Trained,
    /// Given up, with a reason, until it is retried on request.
    Failed,
}

impl Status {
    /// The word in files and tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Training => "training",
            Self::Trained => "trained",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Where a trial stands; the default is that of a trial of which there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrialState {
    /// Where the training stands.
    pub status: Status,
    /// Updates done and saved: the step of the last checkpoint, or of the model.
    pub step: u64,
    /// Updates that the trial asks for.
    pub steps: u64,
    /// How many times a worker began or resumed this trial.
    pub attempts: u32,
    /// Seconds spent in training over all attempts, the cohort's time undivided; finite.
    pub elapsed_secs: f64,
    /// What it was last trained on, with the instruction set, such as `cpu (avx512)`.
    pub device: Option<String>,
    /// What last trained it, such as `unravel 0.1.0 with Burn 0.21.0`; none in states that an earlier program wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// Why it failed: one sentence.
    pub reason: Option<String>,
}
