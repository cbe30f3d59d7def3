//! `[training]`: the optimiser of the VAE and how long it runs.

use serde::{Deserialize, Serialize};

/// The optimiser of the VAE and how long it runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct TrainingConfig {
    /// Updates of the VAE. A FactorVAE step is one update of the VAE and one of its discriminator.
    pub steps: u64,
    /// Images per step, drawn uniformly with replacement.
    pub batch_size: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Adam's decay of the first moment, in [0, 1).
    pub adam_beta1: f64,
    /// Adam's decay of the second moment, in [0, 1).
    pub adam_beta2: f64,
    /// Added to the root of Adam's second moment.
    pub adam_epsilon: f64,
}

impl Default for TrainingConfig {
    fn default() -> Self {
        Self {
            steps: 300_000,
            batch_size: 64,
            learning_rate: 1e-4,
            adam_beta1: 0.9,
            adam_beta2: 0.999,
            adam_epsilon: 1e-8,
        }
    }
}
