//! FactorVAE's discriminator.

use serde::{Deserialize, Serialize};
use unravel_score::named;

named! {
    /// Which codes FactorVAE permutes, latent by latent across the batch, to sample the product of the marginals.
    pub enum PermutedBatch {
        /// Codes of a second, independent batch: Algorithm 2 of Kim & Mnih (2018).
        Second = "second",
        /// Codes of the batch that trains the VAE: as the code of Locatello et al. (2019) ran.
        Same = "same",
    }
}

/// FactorVAE's discriminator: a leaky ReLU (0.2) perceptron with 2 logits, and its Adam.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DiscriminatorConfig {
    /// Hidden layers, at least 1.
    pub layers: usize,
    /// Units of each hidden layer, at least 1.
    pub units: usize,
    /// Adam's step size.
    pub learning_rate: f64,
    /// Adam's decay of the first moment, in [0, 1).
    pub adam_beta1: f64,
    /// Adam's decay of the second moment, in [0, 1).
    pub adam_beta2: f64,
}

impl Default for DiscriminatorConfig {
    fn default() -> Self {
        Self {
            layers: 6,
            units: 1000,
            learning_rate: 1e-4,
            adam_beta1: 0.5,
            adam_beta2: 0.9,
        }
    }
}
