//! The keys of every objective.

use super::{Field, Kind, RealRange};
use crate::objective::{
    Combined, DipKind, DiscriminatorConfig, Estimator, Objective, PermutedBatch,
};
use crate::trial::Trial;

/// A number that lives in a field of one objective and only scales or moves a term of the loss.
macro_rules! scalar {
    ($path:literal, $objective:ident.$field:ident, $kind:ident($($limits:tt)*)) => {
        Field::scalar(
            $path,
            Kind::$kind {
                $($limits)*,
                get: |t| match &t.objective {
                    Objective::$objective { $field, .. } => Some(*$field),
                    _ => None,
                },
                set: |t, value| {
                    if let Objective::$objective { $field, .. } = &mut t.objective {
                        *$field = value;
                    }
                },
            },
        )
    };
}

/// A weight, 0 or more.
macro_rules! weight {
    ($path:literal, $objective:ident.$field:ident) => {
        scalar!($path, $objective.$field, Weight(range: RealRange::NonNegative))
    };
}

/// A number, 0 or more, that has no schedule.
macro_rules! number {
    ($path:literal, $objective:ident.$field:ident) => {
        scalar!($path, $objective.$field, Real(range: RealRange::NonNegative))
    };
}

/// A name that lives in a field of one objective.
macro_rules! name {
    ($path:literal, $objective:ident.$field:ident: $enum:ident) => {
        Field::new(
            $path,
            Kind::Name {
                names: $enum::NAMES,
                get: |t| match &t.objective {
                    Objective::$objective { $field, .. } => Some($field.name()),
                    _ => None,
                },
                set: |t, name| {
                    if let Objective::$objective { $field, .. } = &mut t.objective {
                        *$field = $enum::from_name(name).unwrap_or(*$field);
                    }
                },
            },
        )
    };
}

/// The weight of a regulariser of the combined objective; there where it is given.
macro_rules! optional_weight {
    ($path:literal, $field:ident) => {
        Field::scalar(
            $path,
            Kind::Weight {
                range: RealRange::NonNegative,
                get: |t| combined(t)?.$field,
                set: |t, weight| with_combined(t, |c| c.$field = Some(weight)),
            },
        )
    };
}

/// A name that a regulariser of the combined objective reads, where that regulariser is there.
macro_rules! combined_name {
    ($path:literal, $field:ident: $enum:ident, if $is_read:expr) => {
        Field::new(
            $path,
            Kind::Name {
                names: $enum::NAMES,
                get: |t| combined(t).filter($is_read).map(|c| c.$field.name()),
                set: |t, name| {
                    with_combined(t, |c| c.$field = $enum::from_name(name).unwrap_or(c.$field));
                },
            },
        )
    };
}

/// A number of a discriminator, read and written with these functions.
macro_rules! discriminator_key {
    ($path:expr, $get:ident, $with:ident, $field:ident, $kind:ident($($limits:tt)*)) => {
        Field::new(
            $path,
            Kind::$kind {
                $($limits)*,
                get: |t| $get(t).map(|d| d.$field as _),
                set: |t, value| $with(t, |d| d.$field = value as _),
            },
        )
    };
}

/// The five keys of a discriminator below a path, read and written with these functions.
macro_rules! discriminator {
    ($path:literal, $get:ident, $with:ident) => {
        [
            discriminator_key!(concat!($path, ".layers"), $get, $with, layers, Count(min: 1, max: 64)),
            discriminator_key!(concat!($path, ".units"), $get, $with, units, Count(min: 1, max: 16_384)),
            discriminator_key!(
                concat!($path, ".learning-rate"), $get, $with, learning_rate, Real(range: RealRange::Positive)
            ),
            discriminator_key!(concat!($path, ".adam-beta1"), $get, $with, adam_beta1, Real(range: RealRange::BelowOne)),
            discriminator_key!(concat!($path, ".adam-beta2"), $get, $with, adam_beta2, Real(range: RealRange::BelowOne)),
        ]
    };
}

/// The keys of every objective, family by family.
pub(super) fn fields() -> impl Iterator<Item = &'static Field> {
    BEFORE_DISCRIMINATOR
        .iter()
        .chain(&DISCRIMINATOR)
        .chain(AFTER_DISCRIMINATOR)
        .chain(COMBINED)
        .chain(&COMBINED_DISCRIMINATOR)
}

const BEFORE_DISCRIMINATOR: &[Field] = &[
    weight!("objective.beta-vae.beta", BetaVae.beta),
    weight!("objective.annealed-vae.gamma", AnnealedVae.gamma),
    number!("objective.annealed-vae.c-max", AnnealedVae.c_max),
    scalar!(
        "objective.annealed-vae.iteration-threshold",
        AnnealedVae.iteration_threshold,
        Count(min: 1, max: 1_000_000_000)
    ),
    weight!("objective.factor-vae.gamma", FactorVae.gamma),
    name!("objective.factor-vae.permuted-batch", FactorVae.permuted_batch: PermutedBatch),
];

static DISCRIMINATOR: [Field; 5] = discriminator!(
    "objective.factor-vae.discriminator",
    discriminator,
    with_discriminator
);

const AFTER_DISCRIMINATOR: &[Field] = &[
    weight!("objective.beta-tc-vae.alpha", BetaTcVae.alpha),
    weight!("objective.beta-tc-vae.beta", BetaTcVae.beta),
    weight!("objective.beta-tc-vae.gamma", BetaTcVae.gamma),
    name!("objective.beta-tc-vae.estimator", BetaTcVae.estimator: Estimator),
    weight!("objective.dip-vae-i.lambda-od", DipVaeI.lambda_od),
    number!(
        "objective.dip-vae-i.lambda-d-factor",
        DipVaeI.lambda_d_factor
    ),
    weight!("objective.dip-vae-ii.lambda-od", DipVaeIi.lambda_od),
    number!(
        "objective.dip-vae-ii.lambda-d-factor",
        DipVaeIi.lambda_d_factor
    ),
];

const COMBINED: &[Field] = &[
    Field::scalar(
        "objective.combined.beta",
        Kind::Weight {
            range: RealRange::NonNegative,
            get: |t| combined(t).map(|c| c.beta),
            set: |t, weight| with_combined(t, |c| c.beta = weight),
        },
    ),
    optional_weight!("objective.combined.gamma", gamma),
    optional_weight!("objective.combined.mutual-information", mutual_information),
    optional_weight!("objective.combined.total-correlation", total_correlation),
    optional_weight!("objective.combined.dimension-wise-kl", dimension_wise_kl),
    optional_weight!("objective.combined.lambda-od", lambda_od),
    Field::scalar(
        "objective.combined.lambda-d-factor",
        Kind::Real {
            range: RealRange::NonNegative,
            get: |t| combined(t).filter(has_dip).map(|c| c.lambda_d_factor),
            set: |t, real| with_combined(t, |c| c.lambda_d_factor = real),
        },
    ),
    combined_name!("objective.combined.dip-type", dip_type: DipKind, if has_dip),
    combined_name!(
        "objective.combined.estimator",
        estimator: Estimator,
        if |c| c.decomposition().is_some()
    ),
    combined_name!(
        "objective.combined.permuted-batch",
        permuted_batch: PermutedBatch,
        if |c| c.gamma.is_some()
    ),
];

static COMBINED_DISCRIMINATOR: [Field; 5] = discriminator!(
    "objective.combined.discriminator",
    combined_discriminator,
    with_combined_discriminator
);

fn discriminator(trial: &Trial) -> Option<&DiscriminatorConfig> {
    match &trial.objective {
        Objective::FactorVae { discriminator, .. } => Some(discriminator),
        _ => None,
    }
}

fn with_discriminator(trial: &mut Trial, change: impl FnOnce(&mut DiscriminatorConfig)) {
    if let Objective::FactorVae { discriminator, .. } = &mut trial.objective {
        change(discriminator);
    }
}

fn combined(trial: &Trial) -> Option<&Combined> {
    match &trial.objective {
        Objective::Combined(combined) => Some(combined),
        _ => None,
    }
}

fn with_combined(trial: &mut Trial, change: impl FnOnce(&mut Combined)) {
    if let Objective::Combined(combined) = &mut trial.objective {
        change(combined);
    }
}

fn combined_discriminator(trial: &Trial) -> Option<&DiscriminatorConfig> {
    combined(trial)?;
    trial.objective.discriminator()
}

fn with_combined_discriminator(trial: &mut Trial, change: impl FnOnce(&mut DiscriminatorConfig)) {
    with_combined(trial, |combined| change(&mut combined.discriminator));
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the predicate of an Option's filter"
)]
fn has_dip(combined: &&Combined) -> bool {
    combined.lambda_od.is_some()
}
