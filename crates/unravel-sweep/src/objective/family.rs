//! What a family of objectives is called and how it is labelled.

use super::{Combined, Objective};

/// A family of objectives: all that does not depend on its weights.
#[derive(Debug)]
pub struct Family {
    /// The name in sweep files: `beta-vae`.
    pub name: &'static str,
    /// The name for people: `β-VAE`.
    pub title: &'static str,
    /// The key of the weight that a sweep is about: `beta`.
    pub strength_name: &'static str,
    /// How that weight is written on an axis: `β`.
    pub strength_symbol: &'static str,
    /// Whether that key must be given: it has no default.
    pub needs_strength: bool,
    /// Whether a step needs other images of the batch, so that a batch of 1 makes no sense.
    pub needs_batch: bool,
    /// The family's objective with the strength still to be set.
    pub(crate) start: fn() -> Objective,
}

impl Family {
    /// Every family, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self {
            name: "vae",
            title: "VAE",
            strength_name: "beta",
            strength_symbol: "β",
            needs_strength: false,
            needs_batch: false,
            start: Objective::vae,
        },
        Self {
            name: "beta-vae",
            title: "β-VAE",
            strength_name: "beta",
            strength_symbol: "β",
            needs_strength: true,
            needs_batch: false,
            start: || Objective::beta_vae(1.0),
        },
        Self {
            name: "annealed-vae",
            title: "AnnealedVAE",
            strength_name: "c-max",
            strength_symbol: "C",
            needs_strength: true,
            needs_batch: false,
            start: || Objective::annealed_vae(0.0),
        },
        Self {
            name: "factor-vae",
            title: "FactorVAE",
            strength_name: "gamma",
            strength_symbol: "γ",
            needs_strength: true,
            needs_batch: true,
            start: || Objective::factor_vae(0.0),
        },
        Self {
            name: "beta-tc-vae",
            title: "β-TCVAE",
            strength_name: "beta",
            strength_symbol: "β",
            needs_strength: true,
            needs_batch: true,
            start: || Objective::beta_tc_vae(1.0),
        },
        Self {
            name: "dip-vae-i",
            title: "DIP-VAE-I",
            strength_name: "lambda-od",
            strength_symbol: "λ_od",
            needs_strength: true,
            needs_batch: true,
            start: || Objective::dip_vae_i(0.0),
        },
        Self {
            name: "dip-vae-ii",
            title: "DIP-VAE-II",
            strength_name: "lambda-od",
            strength_symbol: "λ_od",
            needs_strength: true,
            needs_batch: true,
            start: || Objective::dip_vae_ii(0.0),
        },
        Self {
            name: "combined",
            title: "Combined",
            strength_name: "beta",
            strength_symbol: "β",
            needs_strength: false,
            needs_batch: true,
            start: || Objective::Combined(Combined::default()),
        },
    ];

    /// The family of this name, if there is one.
    pub fn named(name: &str) -> Option<&'static Self> {
        Self::ALL.iter().find(|family| family.name == name)
    }
}
