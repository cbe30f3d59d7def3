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

/// The array of that name, of that shape.
///
/// # Errors
/// Where it is missing or of another shape.
pub fn get<'a>(arrays: &'a Arrays, name: &str, shape: &[usize]) -> Result<&'a [f32], ModelError> {
    let array = arrays.get(name).ok_or_else(|| ModelError::MissingArray {
        name: name.to_owned(),
    })?;
    let n_values = shape.iter().product::<usize>();
    if array.shape != shape || array.values.len() != n_values {
        return Err(ModelError::ArrayShape {
            name: name.to_owned(),
            found: array.shape.clone(),
            expected: shape.to_vec(),
        });
    }
    Ok(&array.values)
}
