//! Reading named arrays of weights by name and length.

pub use unravel_data::{Array, Arrays};

use crate::error::ModelError;

/// Returns the values of the array `name`, which must be `len`.
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
