//! A trial: one fully resolved configuration with one seed.

use serde::{Deserialize, Serialize};

use crate::data::DataConfig;
use crate::model::ModelConfig;
use crate::objective::Objective;
use crate::training::TrainingConfig;

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

    /// The same trial with another number of steps, the rest as it is.
    #[must_use]
    pub fn with_steps(&self, steps: u64) -> Self {
        let mut trial = self.clone();
        trial.training.steps = steps;
        trial
    }
}
