//! `objective.<family>`: what a trial minimises.

use serde::{Deserialize, Serialize};

use crate::named::named;

/// What a trial minimises; losses are sums over pixels and latents, means over the batch, in nats per image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    deny_unknown_fields
)]
pub enum Objective {
    /// Reconstruction + β·KL (Higgins et al. 2017).
    BetaVae {
        /// Weight of the KL divergence from the prior, at least 0; 1 is the plain VAE.
        beta: f64,
    },
    /// Reconstruction + KL + γ·TC, the total correlation estimated by a discriminator (Kim & Mnih 2018).
    FactorVae {
        /// Weight of the total correlation, at least 0.
        gamma: f64,
        /// Which codes are permuted for the discriminator.
        permuted_batch: PermutedBatch,
        /// The network that estimates the total correlation, and its optimiser.
        discriminator: DiscriminatorConfig,
    },
}

impl Objective {
    /// A β-VAE.
    pub fn beta_vae(beta: f64) -> Self {
        Self::BetaVae { beta }
    }

    /// A FactorVAE with everything but γ as its paper has it.
    pub fn factor_vae(gamma: f64) -> Self {
        Self::FactorVae {
            gamma,
            permuted_batch: PermutedBatch::Second,
            discriminator: DiscriminatorConfig::default(),
        }
    }

    /// The family: how it is named, written and labelled.
    pub fn family(&self) -> &'static Family {
        match self {
            Self::BetaVae { .. } => &Family::ALL[0],
            Self::FactorVae { .. } => &Family::ALL[1],
        }
    }

    /// The weight that a sweep of this family is about: β, γ, ….
    pub fn strength(&self) -> f64 {
        match self {
            Self::BetaVae { beta } => *beta,
            Self::FactorVae { gamma, .. } => *gamma,
        }
    }
}

/// A family of objectives: all that does not depend on its weights.
#[derive(Debug)]
pub struct Family {
    /// The name in sweep files: `beta-vae`.
    pub name: &'static str,
    /// The name for people: `β-VAE`.
    pub title: &'static str,
    /// The key of the weight that a sweep is about: `beta`. It has no default.
    pub strength_name: &'static str,
    /// How that weight is written on an axis: `β`.
    pub strength_symbol: &'static str,
    /// Whether a step needs other images of the batch, so that a batch of 1 makes no sense.
    pub needs_batch: bool,
    /// The family's objective with the strength still to be set.
    pub(crate) start: fn() -> Objective,
}

impl Family {
    /// Every family, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "beta-vae",
            title: "β-VAE",
            strength_name: "beta",
            strength_symbol: "β",
            needs_batch: false,
            start: || Objective::beta_vae(1.0),
        },
        Self {
            name: "factor-vae",
            title: "FactorVAE",
            strength_name: "gamma",
            strength_symbol: "γ",
            needs_batch: true,
            start: || Objective::factor_vae(0.0),
        },
    ];
}

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
