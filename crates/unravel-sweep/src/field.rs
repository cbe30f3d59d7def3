//! Every key that decides a trial's result, in one table: its path, what it may hold, and where it lives in a
//! [`Trial`].
//!
//! Reading, checking, expanding, hashing and labelling all walk this table, so a new key is one entry here.

use crate::loss_weight::Weight;
use crate::number::{fits_float32, plain, short, whole_numbers};
use crate::objective::Family;
use crate::trial::Trial;

mod model_and_training;
mod objective;

/// The value of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Count(u64),
    Real(f64),
    Weight(Weight),
    Name(&'static str),
}

impl Value {
    /// The value in labels and messages: numbers far from 1 have exponents.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Real(real) => short(*real),
            Self::Weight(weight) => weight.label(),
            Self::Count(_) | Self::Name(_) => self.to_string(),
        }
    }

    /// Whether its numbers are some that float32 has; counts and names are.
    fn fits_float32(&self) -> bool {
        match self {
            Self::Real(real) => fits_float32(*real),
            Self::Weight(weight) => weight.levels().into_iter().all(fits_float32),
            Self::Count(_) | Self::Name(_) => true,
        }
    }

    /// The number, where the value is a count.
    pub(crate) fn as_count(&self) -> Option<u64> {
        if let Self::Count(count) = self {
            Some(*count)
        } else {
            None
        }
    }
}

impl std::fmt::Display for Value {
    /// Numbers in their shortest form that reads back the same, so 4 and 4.0 are one text.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => count.fmt(f),
            Self::Real(real) => plain(*real).fmt(f),
            Self::Weight(weight) => weight.fmt(f),
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// What a key may hold, and how it is read from and written to a trial.
///
/// `get` is `None` where the key decides nothing of the trial: its objective has no such key, or no term that reads
/// it. `set` does nothing where the objective has no such key.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A whole number in `min..=max`.
    Count {
        min: u64,
        max: u64,
        get: fn(&Trial) -> Option<u64>,
        set: fn(&mut Trial, u64),
    },
    /// A finite number in a range.
    Real {
        range: RealRange,
        get: fn(&Trial) -> Option<f64>,
        set: fn(&mut Trial, f64),
    },
    /// A finite number in a range, or a schedule of such numbers.
    Weight {
        range: RealRange,
        get: fn(&Trial) -> Option<Weight>,
        set: fn(&mut Trial, Weight),
    },
    /// One of several names.
    Name {
        names: &'static [&'static str],
        get: fn(&Trial) -> Option<&'static str>,
        set: fn(&mut Trial, &str),
    },
}

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl std::fmt::Debug for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.path)
    }
}

/// `seeds` of an arm: a list as other keys are, but no part of the table, being what a setting leaves open.
pub(crate) const SEEDS: Field = Field::new(
    "seeds",
    Kind::Count {
        min: 0,
        max: i64::MAX as u64,
        get: |t| Some(t.seed),
        set: |t, seed| t.seed = seed,
    },
);

/// `at` of `[evaluation]`: a list of steps, written as other lists are; it decides nothing of a trial.
pub(crate) const AT: Field = Field::new(
    "at",
    Kind::Count {
        min: 1,
        max: i64::MAX as u64,
        get: |_| None,
        set: |_, _| {},
    },
);

/// The finite numbers that a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RealRange {
    /// Any.
    Any,
    /// 0 or more.
    NonNegative,
    /// More than 0.
    Positive,
    /// 0 or more and less than 1.
    BelowOne,
    /// More than 0, at most 1.
    Fraction,
}

impl RealRange {
    pub(crate) fn contains(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::Any => true,
                Self::NonNegative => 0.0 <= value,
                Self::Positive => 0.0 < value,
                Self::BelowOne => (0.0..1.0).contains(&value),
                Self::Fraction => 0.0 < value && value <= 1.0,
            }
    }

    /// What is asked for, after "must be".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Any => "a finite number",
            Self::NonNegative => "a finite number of at least 0",
            Self::Positive => "a finite number above 0",
            Self::BelowOne => "a number of at least 0 and less than 1",
            Self::Fraction => "a number above 0 and at most 1",
        }
    }

    /// What is asked for of a number in the range that float32, in which trials train, does not have.
    pub(crate) fn describe_in_float32(self) -> &'static str {
        match self {
            Self::Any | Self::NonNegative => {
                "0 or a number that float32 has, from 1.2e-38 to 3.4e38"
            }
            Self::Positive => "a number that float32 has, from 1.2e-38 to 3.4e38",
            Self::BelowOne => {
                "0 or a number that float32 has, from 1.2e-38 up to, not including, 1"
            }
            Self::Fraction => "a number that float32 has, from 1.2e-38 to 1",
        }
    }
}

/// One key.
#[derive(Clone, Copy)]
pub(crate) struct Field {
    /// The path in a sweep file: `training.steps`, `objective.factor-vae.discriminator.layers`.
    pub(crate) path: &'static str,
    /// What it may hold.
    pub(crate) kind: Kind,
    /// Whether it is only a scalar of the loss, so that trials of one cohort may differ in it.
    pub(crate) is_scalar: bool,
}

impl Field {
    const fn new(path: &'static str, kind: Kind) -> Self {
        Self {
            path,
            kind,
            is_scalar: false,
        }
    }

    const fn scalar(path: &'static str, kind: Kind) -> Self {
        Self {
            path,
            kind,
            is_scalar: true,
        }
    }

    /// Every key, in the order of the canonical text.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        model_and_training::MODEL
            .iter()
            .chain(model_and_training::TRAINING)
            .chain(objective::fields())
    }

    /// The key with this path.
    pub(crate) fn at(path: &str) -> Option<&'static Self> {
        Self::all().find(|field| field.path == path)
    }

    /// The trial's value, `None` where the key decides nothing of it.
    pub(crate) fn get(&self, trial: &Trial) -> Option<Value> {
        match self.kind {
            Kind::Count { get, .. } => get(trial).map(Value::Count),
            Kind::Real { get, .. } => get(trial).map(Value::Real),
            Kind::Weight { get, .. } => get(trial).map(Value::Weight),
            Kind::Name { get, .. } => get(trial).map(Value::Name),
        }
    }

    /// Sets the trial's value; a value of another kind, or a key that its objective lacks, changes nothing.
    pub(crate) fn set(&self, trial: &mut Trial, value: Value) {
        match (self.kind, value) {
            (Kind::Count { set, .. }, Value::Count(count)) => set(trial, count),
            (Kind::Real { set, .. }, Value::Real(real)) => set(trial, real),
            (Kind::Weight { set, .. }, Value::Weight(weight)) => set(trial, weight),
            (Kind::Name { set, .. }, Value::Name(name)) => set(trial, name),
            _ => debug_assert!(false, "`{}` was given a value of another kind", self.path),
        }
    }

    /// The last part of the path: `steps`.
    pub(crate) fn name(&self) -> &'static str {
        self.path
            .rsplit_once('.')
            .map_or(self.path, |(_, name)| name)
    }

    /// The name in labels: the last part of the path, with its table where that alone would mislead.
    pub(crate) fn label(&self) -> &'static str {
        let tables = ["objective.", "model.", "training."];
        let path = tables
            .iter()
            .find_map(|table| self.path.strip_prefix(table))
            .unwrap_or(self.path);
        if path.contains(".discriminator.") {
            path.split_once('.').map_or(path, |(_, rest)| rest)
        } else {
            self.name()
        }
    }

    /// Whether this is the weight that the family's sweeps are about.
    pub(crate) fn is_strength_of(&self, family: &Family) -> bool {
        self.path
            .strip_prefix("objective.")
            .and_then(|path| path.strip_prefix(family.name))
            .and_then(|path| path.strip_prefix('.'))
            == Some(family.strength_name)
    }

    /// Whether the value is one that the key takes.
    pub(crate) fn accepts(&self, value: Value) -> bool {
        self.is_in_range(value) && value.fits_float32()
    }

    fn is_in_range(&self, value: Value) -> bool {
        match (self.kind, value) {
            (Kind::Count { min, max, .. }, Value::Count(count)) => (min..=max).contains(&count),
            (Kind::Real { range, .. }, Value::Real(real)) => range.contains(real),
            (Kind::Weight { range, .. }, Value::Weight(weight)) => {
                weight.is_sound() && weight.levels().iter().all(|level| range.contains(*level))
            }
            (Kind::Name { names, .. }, Value::Name(name)) => names.contains(&name),
            _ => false,
        }
    }

    /// What the key takes in place of this value, after "must be".
    pub(crate) fn describe_for(&self, value: Value) -> String {
        match self.kind {
            Kind::Real { range, .. } | Kind::Weight { range, .. } if self.is_in_range(value) => {
                range.describe_in_float32().to_owned()
            }
            _ => self.describe(),
        }
    }

    /// What the key takes, after "must be".
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            Kind::Count { min, max, .. } => whole_numbers(min, max),
            Kind::Real { range, .. } | Kind::Weight { range, .. } => range.describe().to_owned(),
            Kind::Name { names, .. } => {
                let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                format!("one of {}", names.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Kind, Value};
    use crate::model::Likelihood;
    use crate::objective::{Family, Objective};
    use crate::trial::Trial;

    #[test]
    fn every_default_is_a_value_that_its_key_takes() {
        for family in Family::ALL {
            let trial = Trial::new((family.start)(), 0);
            let refused = Field::all()
                .filter(|field| field.get(&trial).is_some_and(|value| !field.accepts(value)));
            assert_eq!(refused.count(), 0, "{}", family.name);
        }
    }

    /// One trial of each family, every optional term given.
    fn examples() -> impl Iterator<Item = Trial> {
        Family::ALL.iter().map(|family| {
            let mut trial = Trial::new((family.start)(), 0);
            trial.model.likelihood = Likelihood::Gaussian;
            if let Objective::Combined(combined) = &mut trial.objective {
                combined.gamma = Some(1.0.into());
                combined.mutual_information = Some(1.0.into());
                combined.total_correlation = Some(1.0.into());
                combined.dimension_wise_kl = Some(1.0.into());
                combined.lambda_od = Some(1.0.into());
            }
            trial
        })
    }

    #[test]
    fn setting_a_key_changes_that_key_only() {
        for trial in examples() {
            for field in Field::all() {
                let Some(value) = field.get(&trial) else {
                    continue;
                };
                let other = match field.kind {
                    Kind::Count { .. } => Value::Count(3),
                    Kind::Real { .. } => Value::Real(0.25),
                    Kind::Weight { .. } => Value::Weight(0.25.into()),
                    Kind::Name { names, .. } => Value::Name(names[names.len() - 1]),
                };
                let mut changed = trial.clone();
                field.set(&mut changed, other);
                assert_eq!(field.get(&changed), Some(other), "{field:?}");
                let untouched = |f: &&Field| f.path != field.path;
                assert!(
                    Field::all()
                        .filter(untouched)
                        .filter(|f| f.path != "model.variance") // read with one likelihood only
                        .all(|f| f.get(&changed) == f.get(&trial)),
                    "{field:?}"
                );
                field.set(&mut changed, value);
                assert!(Field::all().all(|f| f.get(&changed) == f.get(&trial)));
            }
        }
    }

    #[test]
    fn every_key_is_one_of_some_family() {
        let trials: Vec<Trial> = examples().collect();
        for field in Field::all() {
            assert!(
                trials.iter().any(|trial| field.get(trial).is_some()),
                "{field:?}"
            );
        }
    }

    #[test]
    fn every_key_with_its_range_stands_in_the_reference() {
        let reference = include_str!("../../../docs/sweep-file.md");
        for field in Field::all() {
            let key = format!("| `{}` |", field.label());
            let row = reference.lines().find(|line| line.starts_with(&key));
            let row = row.unwrap_or_else(|| panic!("{field:?} is not in docs/sweep-file.md"));
            if let Kind::Count { .. } = field.kind {
                let range = field
                    .describe()
                    .replace("a whole number from", "whole number,");
                assert!(row.contains(&range), "{field:?}: {row}");
            }
            if let Kind::Name { names, .. } = field.kind {
                assert!(
                    names
                        .iter()
                        .all(|name| reference.contains(&format!("`{name}`")) || row.contains(name))
                );
            }
        }
        let objectives = Family::ALL
            .iter()
            .map(|family| format!("### `objective.{}`", family.name));
        assert!(
            objectives
                .into_iter()
                .all(|title| reference.contains(&title))
        );
    }
}
