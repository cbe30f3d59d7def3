//! Named arrays on the host: how weights and optimiser state leave and enter the crate.

use std::collections::BTreeMap;

use crate::error::ModelError;

/// An array of one trial, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Array {
    /// Sizes of its axes.
    pub shape: Vec<usize>,
    /// Its numbers.
    pub values: Vec<f32>,
}

/// Arrays by name, such as `encoder.0.weight`.
pub type Arrays = BTreeMap<String, Array>;

/// The array of that name, of that length.
///
/// # Errors
/// Where it is missing or of another length.
pub fn get<'a>(arrays: &'a Arrays, name: &str, len: usize) -> Result<&'a [f32], ModelError> {
    let array = arrays.get(name).ok_or_else(|| ModelError::MissingArray {
        name: name.to_owned(),
    })?;
    if array.values.len() != len {
        return Err(ModelError::ArrayLength {
            name: name.to_owned(),
            found: array.values.len(),
            expected: len,
        });
    }
    Ok(&array.values)
}
