//! `objective.<family>`: what a trial minimises.

mod combined;
mod discriminator;
mod family;

use serde::{Deserialize, Serialize};
use unravel_score::named;

pub use combined::{Combined, DipKind};
pub use discriminator::{DiscriminatorConfig, PermutedBatch};
pub use family::Family;

use crate::loss_weight::Weight;

/// What a trial minimises; losses are sums over pixels and latents, means over the batch, in nats per image.
///
/// `docs/objectives.md` has the equations. Weights are 0 or more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Objective {
    /// Reconstruction + KL, the negative evidence lower bound (Kingma & Welling 2014).
    Vae {},
    /// Reconstruction + β·KL (Higgins et al. 2017).
    BetaVae {
        /// Weight of the KL divergence from the prior; 1 is the plain VAE.
        beta: Weight,
    },
    /// Reconstruction + γ·|KL − C(t)|, the capacity C rising in a straight line (Burgess et al. 2018).
    AnnealedVae {
        /// Weight of the distance from the capacity.
        gamma: Weight,
        /// The capacity in the end, in nats.
        c_max: f64,
        /// The step from which on the capacity is `c_max`, at least 1.
        iteration_threshold: u64,
    },
    /// Reconstruction + KL + γ·TC, the total correlation estimated by a discriminator (Kim & Mnih 2018).
    FactorVae {
        /// Weight of the total correlation.
        gamma: Weight,
        /// Which codes are permuted for the discriminator.
        permuted_batch: PermutedBatch,
        /// The network that estimates the total correlation, and its optimiser.
        discriminator: DiscriminatorConfig,
    },
    /// Reconstruction + α·MI + β·TC + γ·(dimension-wise KL), estimated from the batch (Chen et al. 2018).
    BetaTcVae {
        /// Weight of the mutual information of image and codes.
        alpha: Weight,
        /// Weight of the total correlation.
        beta: Weight,
        /// Weight of the KL divergence of each code from the prior.
        gamma: Weight,
        /// How the density of the codes is estimated.
        estimator: Estimator,
    },
    /// Reconstruction + KL + λ_od·Σ C_ij² + λ_d·Σ (C_ii − 1)², C the covariance of the means (Kumar et al. 2018).
    DipVaeI {
        /// Weight of the squares off the diagonal.
        lambda_od: Weight,
        /// λ_d / λ_od.
        lambda_d_factor: f64,
    },
    /// As DIP-VAE-I, C the covariance of the sampled codes.
    DipVaeIi {
        /// Weight of the squares off the diagonal.
        lambda_od: Weight,
        /// λ_d / λ_od.
        lambda_d_factor: f64,
    },
    /// Reconstruction + β·KL + a sum of the regularisers of the others.
    Combined(Combined),
}

named! {
    /// How β-TCVAE estimates the density of the codes over the whole dataset from a batch.
    pub enum Estimator {
        /// Minibatch weighted sampling: every image of the batch counts 1 / (images of the data · batch size).
        Weighted = "weighted",
        /// Minibatch stratified sampling: unbiased for the density.
        Stratified = "stratified",
    }
}

impl Objective {
    /// A plain VAE.
    pub fn vae() -> Self {
        Self::Vae {}
    }

    /// A β-VAE.
    pub fn beta_vae(beta: impl Into<Weight>) -> Self {
        Self::BetaVae { beta: beta.into() }
    }

    /// A capacity-annealed β-VAE with γ and threshold as in the study of Locatello et al. (2019).
    pub fn annealed_vae(c_max: f64) -> Self {
        Self::AnnealedVae {
            gamma: Weight::Constant(1000.0),
            c_max,
            iteration_threshold: 100_000,
        }
    }

    /// A FactorVAE with everything but γ as its paper has it.
    pub fn factor_vae(gamma: impl Into<Weight>) -> Self {
        Self::FactorVae {
            gamma: gamma.into(),
            permuted_batch: PermutedBatch::Second,
            discriminator: DiscriminatorConfig::default(),
        }
    }

    /// A β-TCVAE with everything but β as its paper has it.
    pub fn beta_tc_vae(beta: impl Into<Weight>) -> Self {
        Self::BetaTcVae {
            alpha: Weight::Constant(1.0),
            beta: beta.into(),
            gamma: Weight::Constant(1.0),
            estimator: Estimator::Weighted,
        }
    }

    /// A DIP-VAE-I with λ_d = 10·λ_od, as in the study of Locatello et al. (2019).
    pub fn dip_vae_i(lambda_od: impl Into<Weight>) -> Self {
        Self::DipVaeI {
            lambda_od: lambda_od.into(),
            lambda_d_factor: DipKind::I.default_lambda_d_factor(),
        }
    }

    /// A DIP-VAE-II with λ_d = λ_od, as in the study of Locatello et al. (2019).
    pub fn dip_vae_ii(lambda_od: impl Into<Weight>) -> Self {
        Self::DipVaeIi {
            lambda_od: lambda_od.into(),
            lambda_d_factor: DipKind::Ii.default_lambda_d_factor(),
        }
    }

    /// The family: how it is named, written and labelled.
    pub fn family(&self) -> &'static Family {
        let name = match self {
            Self::Vae {} => "vae",
            Self::BetaVae { .. } => "beta-vae",
            Self::AnnealedVae { .. } => "annealed-vae",
            Self::FactorVae { .. } => "factor-vae",
            Self::BetaTcVae { .. } => "beta-tc-vae",
            Self::DipVaeI { .. } => "dip-vae-i",
            Self::DipVaeIi { .. } => "dip-vae-ii",
            Self::Combined(_) => "combined",
        };
        Family::named(name).expect("every objective has a family")
    }

    /// The weight that a sweep of this family is about: β, γ, …; of a schedule the value that it goes to.
    pub fn strength(&self) -> f64 {
        match self {
            Self::Vae {} => 1.0,
            Self::AnnealedVae { c_max, .. } => *c_max,
            Self::BetaVae { beta: weight }
            | Self::FactorVae { gamma: weight, .. }
            | Self::BetaTcVae { beta: weight, .. }
            | Self::DipVaeI {
                lambda_od: weight, ..
            }
            | Self::DipVaeIi {
                lambda_od: weight, ..
            } => weight.goal(),
            Self::Combined(combined) => combined.beta.goal(),
        }
    }

    /// How the density of the codes is estimated, where the objective needs it.
    pub fn estimator(&self) -> Option<Estimator> {
        match self {
            Self::BetaTcVae { estimator, .. } => Some(*estimator),
            Self::Combined(combined) => combined.decomposition().map(|_| combined.estimator),
            Self::Vae {}
            | Self::BetaVae { .. }
            | Self::AnnealedVae { .. }
            | Self::FactorVae { .. }
            | Self::DipVaeI { .. }
            | Self::DipVaeIi { .. } => None,
        }
    }

    /// The discriminator, where the objective trains one.
    pub fn discriminator(&self) -> Option<&DiscriminatorConfig> {
        match self {
            Self::FactorVae { discriminator, .. } => Some(discriminator),
            Self::Combined(combined) => combined.gamma.map(|_| &combined.discriminator),
            Self::Vae {}
            | Self::BetaVae { .. }
            | Self::AnnealedVae { .. }
            | Self::BetaTcVae { .. }
            | Self::DipVaeI { .. }
            | Self::DipVaeIi { .. } => None,
        }
    }
}
