//! Checks a trial that was not read from a sweep file.

use crate::field::Field;
use crate::key_constraints;
use crate::trial::Trial;

/// Why no sweep file has such a trial.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrialError {
    /// A value that its key does not take.
    #[error("`{key}` must be {must}, but is {value}")]
    Value {
        /// The key's path.
        key: &'static str,
        /// Its value.
        value: String,
        /// What it takes.
        must: String,
    },
    /// Keys that do not go together.
    #[error("{0}")]
    Relation(String),
}

impl Trial {
    /// Checks that every value is one that a sweep file may hold, for a trial that was read from elsewhere.
    ///
    /// # Errors
    /// The first key, in the order of the canonical text, whose value is not, or else the first keys that do not go
    /// together.
    pub fn check(&self) -> Result<(), TrialError> {
        for field in Field::all() {
            if let Some(value) = field.get(self).filter(|&value| !field.accepts(value)) {
                return Err(TrialError::Value {
                    key: field.path,
                    value: value.label(),
                    must: field.describe_for(value),
                });
            }
        }
        match key_constraints::mismatches(self).into_iter().next() {
            Some(mismatch) => Err(TrialError::Relation(mismatch.message)),
            None => Ok(()),
        }
    }
}
