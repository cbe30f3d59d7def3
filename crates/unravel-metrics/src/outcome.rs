//! What a score is made of.

use serde::{Deserialize, Serialize};

use crate::table::CodeTable;

/// One score of one representation: named quantities, and the matrices that explain them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// Name and value, in the order of [`crate::Metric::quantities`]: the headline comes first.
    pub quantities: Vec<(&'static str, f64)>,
    /// Side outputs, such as which code holds which factor.
    pub matrices: Vec<Matrix>,
    /// What a reader has to know of these numbers, a clause each: which estimator was chosen, which number says little.
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
    /// What the values are, with their unit if they have one: `mutual_information_nats`.
    pub name: String,
    /// One name a row.
    pub row_names: Vec<String>,
    /// One name a column.
    pub col_names: Vec<String>,
    /// `[n_rows, n_cols]`, row-major.
    pub values: Vec<f64>,
}

impl Matrix {
    /// A matrix with a row for each code and a column for each factor of `table`; `values` is `[n_codes, n_factors]`.
    pub(crate) fn codes_by_factors(name: &str, table: &CodeTable, values: Vec<f64>) -> Self {
        debug_assert_eq!(values.len(), table.n_codes() * table.grid().n_factors());
        Self {
            name: name.to_owned(),
            row_names: table.code_names(),
            col_names: table.grid().names().to_vec(),
            values,
        }
    }

    /// A single row with a column for each factor of `table`.
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

    /// A row for each code of `table`; `values` is `[n_codes, col_names.len()]`.
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
