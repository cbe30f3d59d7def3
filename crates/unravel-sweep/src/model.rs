//! `[model]`: the network of a trial.

use serde::{Deserialize, Serialize};
use unravel_score::named;

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
    /// The variance of a pixel where the likelihood is Gaussian, above 0; `None` is 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<f64>,
    /// How weights and biases are drawn before the first step.
    pub initialisation: Initialisation,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            architecture: Architecture::ConvLocatello,
            latents: 10,
            likelihood: Likelihood::Bernoulli,
            variance: None,
            initialisation: Initialisation::Glorot,
        }
    }
}

impl ModelConfig {
    /// The variance of a pixel, where the likelihood has one.
    pub fn gaussian_variance(&self) -> Option<f64> {
        (self.likelihood == Likelihood::Gaussian).then(|| self.variance.unwrap_or(1.0))
    }
}

named! {
    /// Encoder and decoder, by name. All convolutions have stride 2; decoders mirror with 4x4 transposed convolutions.
    pub enum Architecture {
        /// 32 4x4, 32 4x4, 64 2x2, 64 2x2, FC 256: as the code of Locatello et al. (2019) ran.
        ConvLocatello = "conv-locatello",
        /// 32, 32, 64, 64, all 4x4, FC 256: as the table of Locatello et al. (2019) says.
        Conv4x4 = "conv-4x4",
        /// 32, 32, 64, 64, all 4x4, FC 128: Kim & Mnih (2018).
        ConvKimMnih = "conv-kim-mnih",
        /// 32, 32, 32, 32, all 4x4, FC 256, FC 256: Burgess et al. (2018).
        ConvBurgess = "conv-burgess",
        /// FC 1200, FC 1200, the decoder FC 1200 three times with tanh: Higgins et al. (2017). Any image size.
        MlpHiggins = "mlp-higgins",
        /// 8, 16, 32, 32, all 4x4, FC 128: for a quick look and for tests, in no paper.
        ConvSmall = "conv-small",
    }
}

named! {
    /// The distribution of a pixel given the codes.
    pub enum Likelihood {
        /// A Bernoulli variable whose logit the decoder gives.
        Bernoulli = "bernoulli",
        /// A Gaussian of fixed variance, its mean the sigmoid of what the decoder gives.
        Gaussian = "gaussian",
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
