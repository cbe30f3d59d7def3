//! `[model]`: the network of a trial.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// The network of a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ModelConfig {
    /// Encoder and decoder, by name.
    pub architecture: Architecture,
    /// The number of latents, at least 1.
    pub latents: usize,
    /// The distribution of a pixel given the codes.
    pub likelihood: Likelihood,
    /// How weights and biases are drawn before the first step.
    pub initialisation: Initialisation,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            architecture: Architecture::ConvLocatello,
            latents: 10,
            likelihood: Likelihood::Bernoulli,
            initialisation: Initialisation::Glorot,
        }
    }
}

named! {
    /// Encoder and decoder, by name. All convolutions have stride 2; decoders mirror with 4x4 transposed convolutions.
    pub enum Architecture {
        /// 32 4x4, 32 4x4, 64 2x2, 64 2x2, FC 256: as the code of Locatello et al. (2019) ran.
        ConvLocatello = "conv-locatello",
        /// 32, 32, 64, 64, all 4x4, FC 256: as the table of Locatello et al. (2019) says.
        Conv4x4 = "conv-4x4",
        /// 8, 16, 32, 32, all 4x4, FC 128: for a quick look and for tests, in no paper.
        ConvSmall = "conv-small",
    }
}

named! {
    /// The distribution of a pixel given the codes.
    pub enum Likelihood {
        /// A Bernoulli variable whose logit the decoder gives.
        Bernoulli = "bernoulli",
    }
}

named! {
    /// How weights and biases are drawn before the first step.
    pub enum Initialisation {
        /// Glorot uniform weights and zero biases, the default of TensorFlow 1 layers.
        Glorot = "glorot",
        /// Weights and biases uniform in ±1/sqrt(fan in), the default of PyTorch layers.
        Pytorch = "pytorch",
    }
}
