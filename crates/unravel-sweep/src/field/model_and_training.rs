//! The keys of `[model]` and `[training]`.

use super::{Field, Kind, RealRange};
use crate::model::{Architecture, Initialisation, Likelihood};

/// A whole number in a field of a trial's table.
macro_rules! count {
    ($path:literal, $table:ident.$field:ident, $min:literal, $max:literal) => {
        Field::new(
            $path,
            Kind::Count {
                min: $min,
                max: $max,
                get: |t| Some(t.$table.$field as u64),
                set: |t, count| t.$table.$field = count as _,
            },
        )
    };
}

/// A number in a field of `[training]`.
macro_rules! real {
    ($path:literal, training.$field:ident, $range:ident) => {
        Field::new(
            $path,
            Kind::Real {
                range: RealRange::$range,
                get: |t| Some(t.training.$field),
                set: |t, real| t.training.$field = real,
            },
        )
    };
}

/// A name in a field of `[model]`.
macro_rules! name {
    ($path:literal, model.$field:ident: $enum:ident) => {
        Field::new(
            $path,
            Kind::Name {
                names: $enum::NAMES,
                get: |t| Some(t.model.$field.name()),
                set: |t, name| t.model.$field = $enum::from_name(name).unwrap_or(t.model.$field),
            },
        )
    };
}

/// The keys of `[model]`.
pub(super) const MODEL: &[Field] = &[
    name!("model.architecture", model.architecture: Architecture),
    count!("model.latents", model.latents, 1, 1_000),
    name!("model.likelihood", model.likelihood: Likelihood),
    Field::new(
        "model.variance",
        Kind::Real {
            range: RealRange::Positive,
            get: |t| t.model.gaussian_variance(),
            set: |t, real| t.model.variance = Some(real),
        },
    ),
    name!("model.initialisation", model.initialisation: Initialisation),
];

/// The keys of `[training]`.
pub(super) const TRAINING: &[Field] = &[
    count!("training.steps", training.steps, 1, 1_000_000_000),
    count!("training.batch-size", training.batch_size, 1, 65_536),
    real!("training.learning-rate", training.learning_rate, Positive),
    real!("training.adam-beta1", training.adam_beta1, BelowOne),
    real!("training.adam-beta2", training.adam_beta2, BelowOne),
    real!("training.adam-epsilon", training.adam_epsilon, Positive),
];
