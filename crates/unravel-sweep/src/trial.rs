//! A trial: one fully resolved configuration with one seed.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::data::DataConfig;
use crate::field::Field;
use crate::model::ModelConfig;
use crate::objective::Objective;
use crate::relation;
use crate::setting::Setting;
use crate::training::TrainingConfig;
use crate::trial_id::TrialId;

/// Raised when the same configuration would give another result, so that old results are not taken for new ones.
pub const SEMANTICS_VERSION: u32 = 1;

/// Why no sweep file has such a trial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// A value that its key does not take.
    #[error("`{key}` must be {must}, not {value}")]
    Value {
        /// The key's path.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it takes.
        must: String,
    },
    /// Keys that do not go together.
    #[error("{0}")]
    Relation(String),
}

/// One fully resolved configuration with one seed: everything that decides the result of a training.
///
/// Its form in a file is TOML with the tables `[data]`, `[model]`, `[training]`, `[objective.<family>]` and `seed`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Trial {
    /// Decides initial weights, batches and noise; at most `i64::MAX`, TOML's largest integer.
    pub seed: u64,
    /// The observations.
    pub data: DataConfig,
    /// The network.
    pub model: ModelConfig,
    /// The optimiser and how long it runs.
    pub training: TrainingConfig,
    /// What is minimised.
    pub objective: Objective,
}

impl Trial {
    /// A trial on the whole of dSprites with everything but the objective and the seed at its default.
    pub fn new(objective: Objective, seed: u64) -> Self {
        Self {
            seed,
            data: DataConfig::dsprites(),
            model: ModelConfig::default(),
            training: TrainingConfig::default(),
            objective,
        }
    }

    /// The trial's name: the hash of its [canonical text](Self::canonical_text).
    pub fn id(&self) -> TrialId {
        TrialId::of(&self.canonical_text())
    }

    /// The same trial with another number of steps, the rest as it is.
    #[must_use]
    pub fn with_steps(&self, steps: u64) -> Self {
        let mut trial = self.clone();
        trial.training.steps = steps;
        trial
    }

    /// Everything but the seed; see [`settings`](crate::settings) for labels that also tell other keys apart.
    pub fn setting(&self) -> Setting {
        Setting::of(self)
    }

    /// Equal for trials that differ only in their seed and in scalars of the loss (weights, their schedules, targets),
    /// and so train as one tensor program.
    pub fn cohort_key(&self) -> String {
        let mut key = self.describe(|field| !field.is_scalar);
        // A scalar's value does not matter, but whether its term is there does.
        for field in Field::all().filter(|field| field.is_scalar && field.get(self).is_some()) {
            line(&mut key, field.path, "any");
        }
        key
    }

    /// What the id is the hash of: UTF-8, one `key = value` line each, every line ended by `\n`.
    ///
    /// In this order: `semantics-version`; `data.content` (quoted); one `data.keep.<factor>` for each factor that is
    /// cut down, by name; every key of `[model]` and `[training]` in the order of the reference; `objective`, the
    /// family's name; every key of the objective; `seed`. Numbers have the shortest form that reads back the same and
    /// no exponent (`4`, never `4.0`; `0.0001`), names stand unquoted. Not in it: a file's path, evaluation, report,
    /// device, the place in the sweep file.
    ///
    /// A key that a later version adds is left out of the text while it has the value that earlier versions implied,
    /// so that old ids stay.
    pub fn canonical_text(&self) -> String {
        let mut text = self.describe(|_| true);
        line(&mut text, "seed", self.seed);
        text
    }

    /// Checks that every value is one that a sweep file may hold, for a trial that was read from elsewhere.
    ///
    /// # Errors
    /// The first key, in the order of the canonical text, whose value is not, or else the first keys that do not go
    /// together.
    pub fn check(&self) -> Result<(), TrialError> {
        for field in Field::all() {
            if let Some(value) = field.get(self).filter(|&value| !field.accepts(value)) {
                return Err(TrialError::Value {
                    key: field.path,
                    value: value.label(),
                    must: field.describe_for(value),
                });
            }
        }
        match relation::mismatches(self).into_iter().next() {
            Some(mismatch) => Err(TrialError::Relation(mismatch.message)),
            None => Ok(()),
        }
    }

    pub(crate) fn setting_id(&self) -> String {
        TrialId::of(&self.describe(|_| true)).to_string()
    }

    /// The canonical text without the seed and with only the chosen keys.
    fn describe(&self, chosen: impl Fn(&Field) -> bool) -> String {
        let mut text = String::with_capacity(1024);
        line(&mut text, "semantics-version", SEMANTICS_VERSION);
        line(
            &mut text,
            "data.content",
            format_args!("{:?}", self.data.content),
        );
        for (factor, kept) in &self.data.keep {
            line(&mut text, &format!("data.keep.{factor:?}"), kept);
        }
        let mut has_family = false;
        for field in Field::all().filter(|field| chosen(field)) {
            if !has_family && field.path.starts_with("objective.") {
                line(&mut text, "objective", self.objective.family().name);
                has_family = true;
            }
            if let Some(value) = field.get(self) {
                line(&mut text, field.path, value);
            }
        }
        text
    }
}

fn line(text: &mut String, key: &str, value: impl std::fmt::Display) {
    let _ = writeln!(text, "{key} = {value}"); // writing to a String cannot fail
}
