//! Every key that decides a trial's result, in one table: its path, what it may hold, and where it lives in a [`Trial`].
//!
//! Reading, checking, expanding, hashing and labelling all walk this table, so a new key is one entry here.

use crate::number::whole_numbers;
use crate::objective::Family;
use crate::trial::Trial;

mod objective;
mod tables;

/// The value of one key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Value {
    Count(u64),
    Real(f64),
    Name(&'static str),
}

impl Value {
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
            Self::Real(real) => (real + 0.0).fmt(f), // -0 + 0 is 0
            Self::Name(name) => name.fmt(f),
        }
    }
}

/// What a key may hold, and how it is read from and written to a trial.
///
/// `get` is `None` where the trial's objective has no such key; `set` then does nothing.
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
    /// 0 or more.
    NonNegative,
    /// More than 0.
    Positive,
    /// 0 or more and less than 1.
    BelowOne,
}

impl RealRange {
    pub(crate) fn contains(self, value: f64) -> bool {
        value.is_finite()
            && match self {
                Self::NonNegative => 0.0 <= value,
                Self::Positive => 0.0 < value,
                Self::BelowOne => (0.0..1.0).contains(&value),
            }
    }

    /// What is asked for, after "must be".
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::NonNegative => "a finite number, 0 or more",
            Self::Positive => "a finite number above 0",
            Self::BelowOne => "a number from 0 up to, not including, 1",
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
    /// Whether it only scales a term of the loss, so that trials of one cohort may differ in it.
    pub(crate) is_weight: bool,
}

impl Field {
    const fn new(path: &'static str, kind: Kind) -> Self {
        Self {
            path,
            kind,
            is_weight: false,
        }
    }

    const fn weight(path: &'static str, kind: Kind) -> Self {
        Self {
            path,
            kind,
            is_weight: true,
        }
    }

    /// Every key, in the order of the canonical text.
    pub(crate) fn all() -> impl Iterator<Item = &'static Self> {
        tables::MODEL
            .iter()
            .chain(tables::TRAINING)
            .chain(objective::OBJECTIVES)
    }

    /// The key with this path.
    pub(crate) fn at(path: &str) -> Option<&'static Self> {
        Self::all().find(|field| field.path == path)
    }

    /// The trial's value, `None` where its objective has no such key.
    pub(crate) fn get(&self, trial: &Trial) -> Option<Value> {
        match self.kind {
            Kind::Count { get, .. } => get(trial).map(Value::Count),
            Kind::Real { get, .. } => get(trial).map(Value::Real),
            Kind::Name { get, .. } => get(trial).map(Value::Name),
        }
    }

    /// Sets the trial's value; a value of another kind, or a key that its objective lacks, changes nothing.
    pub(crate) fn set(&self, trial: &mut Trial, value: Value) {
        match (self.kind, value) {
            (Kind::Count { set, .. }, Value::Count(count)) => set(trial, count),
            (Kind::Real { set, .. }, Value::Real(real)) => set(trial, real),
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
        self.name() == family.strength_name && self.path.starts_with("objective.")
    }

    /// Whether the value is one that the key takes.
    pub(crate) fn accepts(&self, value: Value) -> bool {
        match (self.kind, value) {
            (Kind::Count { min, max, .. }, Value::Count(count)) => (min..=max).contains(&count),
            (Kind::Real { range, .. }, Value::Real(real)) => range.contains(real),
            (Kind::Name { names, .. }, Value::Name(name)) => names.contains(&name),
            _ => false,
        }
    }

    /// What the key takes, after "must be".
    pub(crate) fn describe(&self) -> String {
        match self.kind {
            Kind::Count { min, max, .. } => whole_numbers(min, max),
            Kind::Real { range, .. } => range.describe().to_owned(),
            Kind::Name { names, .. } => {
                let names: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
                format!("one of {}", names.join(", "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Field, Kind};
    use crate::objective::{Family, Objective};
    use crate::trial::Trial;

    #[test]
    fn every_default_is_a_value_that_its_key_takes() {
        for family in Family::ALL {
            assert_eq!(
                Trial::new((family.start)(), 0).check(),
                Ok(()),
                "{}",
                family.name
            );
        }
    }

    #[test]
    fn setting_a_key_changes_that_key_only() {
        let trial = Trial::new(Objective::factor_vae(10.0), 0);
        for field in Field::all() {
            let Some(value) = field.get(&trial) else {
                continue;
            };
            let mut same = trial.clone();
            field.set(&mut same, value);
            assert_eq!(same, trial, "{field:?}");
            if let Kind::Count { set, .. } = field.kind {
                set(&mut same, 3);
                assert_eq!(
                    field.get(&same).map(|value| value.to_string()),
                    Some("3".to_owned()),
                    "{field:?}"
                );
                field.set(&mut same, value);
                assert_eq!(same, trial, "{field:?}");
            }
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
