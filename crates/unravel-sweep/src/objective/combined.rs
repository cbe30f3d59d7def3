//! Several regularisers in one loss.

use serde::{Deserialize, Serialize};
use unravel_score::named;

use super::{DiscriminatorConfig, Estimator, PermutedBatch};
use crate::loss_weight::Weight;

/// A sum of the other objectives' regularisers. One whose weight is `None` is not computed, and the keys that only it
/// reads decide nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Combined {
    /// Weight of the KL divergence from the prior.
    pub beta: Weight,
    /// Weight of FactorVAE's total correlation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gamma: Option<Weight>,
    /// Weight of β-TCVAE's mutual information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutual_information: Option<Weight>,
    /// Weight of β-TCVAE's total correlation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_correlation: Option<Weight>,
    /// Weight of β-TCVAE's KL divergence of each code from the prior.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension_wise_kl: Option<Weight>,
    /// Weight of DIP-VAE's squares off the diagonal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lambda_od: Option<Weight>,
    /// DIP-VAE's λ_d / λ_od.
    pub lambda_d_factor: f64,
    /// Which covariance DIP-VAE takes.
    pub dip_type: DipKind,
    /// How β-TCVAE estimates the density of the codes.
    pub estimator: Estimator,
    /// Which codes FactorVAE permutes.
    pub permuted_batch: PermutedBatch,
    /// FactorVAE's discriminator.
    pub discriminator: DiscriminatorConfig,
}

named! {
    /// Which covariance DIP-VAE brings near to the identity.
    pub enum DipKind {
        /// That of the means: DIP-VAE-I.
        I = "i",
        /// That of the sampled codes: DIP-VAE-II.
        Ii = "ii",
    }
}

impl DipKind {
    /// λ_d / λ_od in the study of Locatello et al. (2019).
    pub(crate) fn default_lambda_d_factor(self) -> f64 {
        match self {
            Self::I => 10.0,
            Self::Ii => 1.0,
        }
    }
}

impl Combined {
    /// The weights of β-TCVAE's three terms, 0 for one without; `None` where none of them has one.
    pub fn decomposition(&self) -> Option<[Weight; 3]> {
        let weights = [
            self.mutual_information,
            self.total_correlation,
            self.dimension_wise_kl,
        ];
        let zero = Weight::Constant(0.0);
        let has_any = weights.iter().any(Option::is_some);
        has_any.then(|| weights.map(|weight| weight.unwrap_or(zero)))
    }

    /// Whether there is a regulariser besides the KL.
    pub(crate) fn is_sum(&self) -> bool {
        self.gamma.is_some() || self.lambda_od.is_some() || self.decomposition().is_some()
    }
}

impl Default for Combined {
    /// β = 1 and nothing else yet; what the regularisers read as in the objectives that they come from.
    fn default() -> Self {
        Self {
            beta: Weight::Constant(1.0),
            gamma: None,
            mutual_information: None,
            total_correlation: None,
            dimension_wise_kl: None,
            lambda_od: None,
            lambda_d_factor: DipKind::I.default_lambda_d_factor(),
            dip_type: DipKind::I,
            estimator: Estimator::Weighted,
            permuted_batch: PermutedBatch::Second,
            discriminator: DiscriminatorConfig::default(),
        }
    }
}
