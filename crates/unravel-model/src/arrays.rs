//! Reads named arrays of weights.

pub use unravel_data::{Array, Arrays};

use crate::error::ModelError;

/// Returns the values of the array `name`, which must have this shape.
///
/// # Errors
/// Fails if the array is missing or has another shape.
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
