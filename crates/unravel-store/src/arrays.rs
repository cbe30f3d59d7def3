//! Named arrays of f32: weights and the optimiser's moments.

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
    /// An array of this shape; that the values are as many is checked when it is written.
    pub fn new(shape: impl Into<Vec<usize>>, values: Vec<f32>) -> Self {
        Self {
            shape: shape.into(),
            values,
        }
    }
}

/// Arrays by name, in the order of their names.
pub type Arrays = BTreeMap<String, Array>;
