//! Named arrays on the host: weights and the optimiser's moments, on their way between model and disk.

use std::collections::BTreeMap;

/// A row-major array.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array {
    /// Lengths of the axes; empty for a single number.
    pub shape: Vec<usize>,
    /// The values, as many as the product of the shape.
    pub values: Vec<f32>,
}

impl Array {
    /// An array of this shape. The number of values is checked when the array is used or written.
    pub fn new(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Self {
        Self {
            shape: shape.into(),
            values,
        }
    }
}

/// Arrays by name, such as `encoder.0.weight`, in the order of their names.
pub type Arrays = BTreeMap<String, Array>;
