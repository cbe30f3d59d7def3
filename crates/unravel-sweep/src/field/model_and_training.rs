//! The keys of `[model]` and `[training]`.

use super::{Field, Kind, RealRange};
use crate::model::{Architecture, Initialisation, Likelihood};

/// The keys of `[model]`.
pub(super) const MODEL: &[Field] = &[
    Field::new(
        "model.architecture",
        Kind::Name {
            names: Architecture::NAMES,
            get: |t| Some(t.model.architecture.name()),
            set: |t, name| {
                t.model.architecture = Architecture::from_name(name).unwrap_or(t.model.architecture)
            },
        },
    ),
    Field::new(
        "model.latents",
        Kind::Count {
            min: 1,
            max: 1_000,
            get: |t| Some(t.model.latents as u64),
            set: |t, count| t.model.latents = count as usize,
        },
    ),
    Field::new(
        "model.likelihood",
        Kind::Name {
            names: Likelihood::NAMES,
            get: |t| Some(t.model.likelihood.name()),
            set: |t, name| {
                t.model.likelihood = Likelihood::from_name(name).unwrap_or(t.model.likelihood)
            },
        },
    ),
    Field::new(
        "model.variance",
        Kind::Real {
            range: RealRange::Positive,
            get: |t| t.model.gaussian_variance(),
            set: |t, real| t.model.variance = Some(real),
        },
    ),
    Field::new(
        "model.initialisation",
        Kind::Name {
            names: Initialisation::NAMES,
            get: |t| Some(t.model.initialisation.name()),
            set: |t, name| {
                t.model.initialisation =
                    Initialisation::from_name(name).unwrap_or(t.model.initialisation);
            },
        },
    ),
];

/// The keys of `[training]`.
pub(super) const TRAINING: &[Field] = &[
    Field::new(
        "training.steps",
        Kind::Count {
            min: 1,
            max: 1_000_000_000,
            get: |t| Some(t.training.steps),
            set: |t, count| t.training.steps = count,
        },
    ),
    Field::new(
        "training.batch-size",
        Kind::Count {
            min: 1,
            max: 65_536,
            get: |t| Some(t.training.batch_size as u64),
            set: |t, count| t.training.batch_size = count as usize,
        },
    ),
    Field::new(
        "training.learning-rate",
        Kind::Real {
            range: RealRange::Positive,
            get: |t| Some(t.training.learning_rate),
            set: |t, real| t.training.learning_rate = real,
        },
    ),
    Field::new(
        "training.adam-beta1",
        Kind::Real {
            range: RealRange::BelowOne,
            get: |t| Some(t.training.adam_beta1),
            set: |t, real| t.training.adam_beta1 = real,
        },
    ),
    Field::new(
        "training.adam-beta2",
        Kind::Real {
            range: RealRange::BelowOne,
            get: |t| Some(t.training.adam_beta2),
            set: |t, real| t.training.adam_beta2 = real,
        },
    ),
    Field::new(
        "training.adam-epsilon",
        Kind::Real {
            range: RealRange::Positive,
            get: |t| Some(t.training.adam_epsilon),
            set: |t, real| t.training.adam_epsilon = real,
        },
    ),
];
