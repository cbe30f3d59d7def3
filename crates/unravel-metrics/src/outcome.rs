//! The result of computing a score.

use serde::{Deserialize, Serialize};

use crate::bytes::{Bytes, array_bytes};
use crate::table::CodeTable;

/// One score of one representation: named quantities, and the matrices that explain them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Name and value, in the order of [`crate::MetricExt::quantities`]: the headline comes first.
    pub quantities: Vec<(&'static str, f64)>,
    /// Matrices, such as the mutual information of codes and factors.
    pub matrices: Vec<Matrix>,
    /// Notes on these numbers, one clause each, for example about the chosen estimator or an unreliable number.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
}

impl Outcome {
    /// The headline quantity.
    pub fn headline(&self) -> f64 {
        self.quantities[0].1
    }

    /// The quantity called `name`.
    pub fn quantity(&self, name: &str) -> Option<f64> {
        self.quantities
            .iter()
            .find(|(found, _)| *found == name)
            .map(|&(_, value)| value)
    }

    /// The matrix called `name`.
    pub fn matrix(&self, name: &str) -> Option<&Matrix> {
        self.matrices.iter().find(|matrix| matrix.name == name)
    }
}

/// A small table with named rows and columns.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Matrix {
    /// The name of the values, with their unit if they have one: `mutual_information_nats`.
    pub name: String,
    /// One name per row.
    pub row_names: Vec<String>,
    /// One name per column.
    pub col_names: Vec<String>,
    /// `[n_rows, n_cols]`, row-major.
    pub values: Vec<f64>,
}

impl Matrix {
    /// A matrix with one row per code and one column per factor of `table`; `values` is `[n_codes, n_factors]`.
    pub(crate) fn codes_by_factors(name: &str, table: &CodeTable, values: Vec<f64>) -> Self {
        debug_assert_eq!(values.len(), table.n_codes() * table.grid().n_factors());
        Self {
            name: name.to_owned(),
            row_names: table.code_names(),
            col_names: table.grid().names().to_vec(),
            values,
        }
    }

    /// A single row with one column per factor of `table`.
    pub(crate) fn by_factor(
        name: &str,
        row_name: &str,
        table: &CodeTable,
        values: Vec<f64>,
    ) -> Self {
        debug_assert_eq!(values.len(), table.grid().n_factors());
        Self {
            name: name.to_owned(),
            row_names: vec![row_name.to_owned()],
            col_names: table.grid().names().to_vec(),
            values,
        }
    }

    /// One row per code of `table`; `values` is `[n_codes, col_names.len()]`.
    pub(crate) fn by_code(
        name: &str,
        col_names: &[&str],
        table: &CodeTable,
        values: Vec<f64>,
    ) -> Self {
        debug_assert_eq!(values.len(), table.n_codes() * col_names.len());
        Self {
            name: name.to_owned(),
            row_names: table.code_names(),
            col_names: col_names.iter().map(|&name| name.to_owned()).collect(),
            values,
        }
    }

    /// The value at a row and a column.
    pub fn at(&self, row: usize, col: usize) -> f64 {
        self.values[row * self.col_names.len() + col]
    }
}

/// The maximum number of matrices in an outcome.
const N_MATRICES: usize = 4;

/// The memory of a row's name, including its text.
const NAME_BYTES: usize = size_of::<String>() + 32;

/// Bytes of an outcome whose matrices have one row per code and one column per factor.
pub(crate) fn codes_by_factors_bytes(table: &CodeTable<'_>) -> Bytes {
    let n_codes = table.n_codes();
    let values = array_bytes::<f64>(&[N_MATRICES, n_codes, table.grid().n_factors().max(2)]);
    values + array_bytes::<u8>(&[N_MATRICES, n_codes, NAME_BYTES])
}

/// Bytes of an outcome with two matrices of codes by codes.
pub(crate) fn codes_by_codes_bytes(table: &CodeTable<'_>) -> Bytes {
    let n_codes = table.n_codes();
    array_bytes::<f64>(&[2, n_codes, n_codes]) + array_bytes::<u8>(&[2, 2, n_codes, NAME_BYTES])
}
