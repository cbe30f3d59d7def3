//! The keys of every objective.

use super::{Field, Kind, RealRange};
use crate::objective::{DiscriminatorConfig, Objective, PermutedBatch};
use crate::trial::Trial;

/// The keys of every objective, family by family.
pub(super) const OBJECTIVES: &[Field] = &[
    Field::weight(
        "objective.beta-vae.beta",
        Kind::Real {
            range: RealRange::NonNegative,
            get: |t| match t.objective {
                Objective::BetaVae { beta } => Some(beta),
                Objective::FactorVae { .. } => None,
            },
            set: |t, real| {
                if let Objective::BetaVae { beta } = &mut t.objective {
                    *beta = real;
                }
            },
        },
    ),
    Field::weight(
        "objective.factor-vae.gamma",
        Kind::Real {
            range: RealRange::NonNegative,
            get: |t| match t.objective {
                Objective::FactorVae { gamma, .. } => Some(gamma),
                Objective::BetaVae { .. } => None,
            },
            set: |t, real| {
                if let Objective::FactorVae { gamma, .. } = &mut t.objective {
                    *gamma = real;
                }
            },
        },
    ),
    Field::new(
        "objective.factor-vae.permuted-batch",
        Kind::Name {
            names: PermutedBatch::NAMES,
            get: |t| match t.objective {
                Objective::FactorVae { permuted_batch, .. } => Some(permuted_batch.name()),
                Objective::BetaVae { .. } => None,
            },
            set: |t, name| {
                if let Objective::FactorVae { permuted_batch, .. } = &mut t.objective {
                    *permuted_batch = PermutedBatch::from_name(name).unwrap_or(*permuted_batch);
                }
            },
        },
    ),
    Field::new(
        "objective.factor-vae.discriminator.layers",
        Kind::Count {
            min: 1,
            max: 64,
            get: |t| discriminator(t).map(|d| d.layers as u64),
            set: |t, count| with_discriminator(t, |d| d.layers = count as usize),
        },
    ),
    Field::new(
        "objective.factor-vae.discriminator.units",
        Kind::Count {
            min: 1,
            max: 16_384,
            get: |t| discriminator(t).map(|d| d.units as u64),
            set: |t, count| with_discriminator(t, |d| d.units = count as usize),
        },
    ),
    Field::new(
        "objective.factor-vae.discriminator.learning-rate",
        Kind::Real {
            range: RealRange::Positive,
            get: |t| discriminator(t).map(|d| d.learning_rate),
            set: |t, real| with_discriminator(t, |d| d.learning_rate = real),
        },
    ),
    Field::new(
        "objective.factor-vae.discriminator.adam-beta1",
        Kind::Real {
            range: RealRange::BelowOne,
            get: |t| discriminator(t).map(|d| d.adam_beta1),
            set: |t, real| with_discriminator(t, |d| d.adam_beta1 = real),
        },
    ),
    Field::new(
        "objective.factor-vae.discriminator.adam-beta2",
        Kind::Real {
            range: RealRange::BelowOne,
            get: |t| discriminator(t).map(|d| d.adam_beta2),
            set: |t, real| with_discriminator(t, |d| d.adam_beta2 = real),
        },
    ),
];

fn discriminator(trial: &Trial) -> Option<&DiscriminatorConfig> {
    match &trial.objective {
        Objective::FactorVae { discriminator, .. } => Some(discriminator),
        Objective::BetaVae { .. } => None,
    }
}

fn with_discriminator(trial: &mut Trial, change: impl FnOnce(&mut DiscriminatorConfig)) {
    if let Objective::FactorVae { discriminator, .. } = &mut trial.objective {
        change(discriminator);
    }
}
