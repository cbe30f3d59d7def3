//! Tables of factor values that need not be a complete grid.

use super::key::Accepted;
use super::table::Table;
use super::{FactorialKeys, column_name, factors, factors_of_columns, points, refusal};
use crate::arrays::{Archive, ArrayFault, NpzError};
use crate::free_memory;
use crate::space::{Factor, FactorSpace};

/// Bytes that a distinct value takes at most while values are merged: the number, its rows, its class, and what the merging
/// holds of it in between.
const MERGED_BYTES: u64 = 48;

/// The factors of an npz, and the values that its rows have of them, whether they make a complete grid or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The factors that vary, named as [`Factorial::read`](super::Factorial::read) does.
    pub factors: Vec<Factor>,
    /// The value of each factor in each row, by its place among the factor's distinct values: `[n_rows, n_factors]`.
    pub values: Vec<u32>,
    /// Where the rows are every combination of values exactly once: the point that each of them is.
    pub points: Option<Vec<usize>>,
    /// Names of the columns that have one value in all rows, which are no factors.
    pub constant: Vec<String>,
}

/// The class of each of a factor's distinct values, given as ascending numbers (integers above 2^53 rounded to float64; of
/// uint64 those above 2^63 come first) and with how many rows have each. Classes are numbered from 0 without gaps.
pub type Merge<'a> = &'a dyn Fn(&[f64], &[u32]) -> Vec<u32>;

impl Labels {
    /// Reads the table `[n_rows, n_columns]`, of integers or of floats that are whole numbers, and the names if they are
    /// there.
    ///
    /// # Errors
    /// When an array is missing or not right, a value is no whole number, no column ever changes, or there is no memory for
    /// the rows.
    pub fn read(archive: &mut Archive, keys: FactorialKeys) -> Result<Self, NpzError> {
        Self::read_as(archive, keys, Accepted::OR_BINS, None)
    }

    /// The same of a table of any finite numbers, with the values of each factor put into classes by `merge`.
    ///
    /// # Errors
    /// As [`Self::read`], but for floats: only NaN and infinities are refused.
    pub fn read_merged(
        archive: &mut Archive,
        keys: FactorialKeys,
        merge: Merge<'_>,
    ) -> Result<Self, NpzError> {
        Self::read_as(archive, keys, Accepted::Real, Some(merge))
    }

    fn read_as(
        archive: &mut Archive,
        keys: FactorialKeys,
        accepted: Accepted,
        merge: Option<Merge<'_>>,
    ) -> Result<Self, NpzError> {
        let mut table = Table::read(archive, keys, accepted)?;
        let mut factors = factors(&table.levels, table.names.as_deref());
        // Few rows may be of more combinations than can be counted, so the factors need not span a space.
        FactorSpace::check(&factors).map_err(|fault| table.fault(refusal(fault)))?;
        let (n_rows, n_factors) = (table.n_rows(), factors.len());
        let n_values = n_rows.saturating_mul(n_factors);
        let mut values =
            free_memory::filled(n_values, 0_u32).map_err(|fault| table.fault(fault))?;
        let factor_of_column = factors_of_columns(&table.levels);
        table.each_rank(|row, column, rank| {
            if let Some(factor) = factor_of_column[column] {
                // A column has as many distinct values as the table has rows at most, and an array of more than
                // `u32::MAX` rows of as many values is longer than any that is read.
                values[row * n_factors + factor] = rank as u32;
            }
        })?;
        if let Some(merge) = merge {
            for (column, factor) in factor_of_column.iter().enumerate() {
                let Some(factor) = *factor else { continue };
                let merged = merged(&table, column, &mut values, factor, n_factors, merge);
                factors[factor].size = merged.map_err(|fault| table.fault(fault))?;
            }
        }
        let points = points(&factors, &values, n_rows).map_err(|fault| table.fault(fault))?;
        let constant = constant(&table, &factor_of_column);
        Ok(Self {
            factors,
            values,
            points,
            constant,
        })
    }
}

/// Puts the values of one factor into classes, and says how many there are.
fn merged(
    table: &Table<'_>,
    column: usize,
    values: &mut [u32],
    factor: usize,
    n_factors: usize,
    merge: Merge<'_>,
) -> Result<usize, ArrayFault> {
    let n_levels = table.levels[column].len();
    free_memory::check((n_levels as u64).saturating_mul(MERGED_BYTES))?;
    let numbers = table.numbers(column);
    let mut n_rows = free_memory::filled(n_levels, 0_u32)?;
    for value in values.iter().skip(factor).step_by(n_factors) {
        n_rows[*value as usize] += 1;
    }
    let classes = merge(&numbers, &n_rows);
    debug_assert_eq!(classes.len(), n_levels);
    for value in values.iter_mut().skip(factor).step_by(n_factors) {
        *value = classes[*value as usize];
    }
    Ok(classes
        .iter()
        .max()
        .map_or(0, |&largest| largest as usize + 1))
}

/// The names of the columns that are no factors.
fn constant(table: &Table<'_>, factor_of_column: &[Option<usize>]) -> Vec<String> {
    let columns = factor_of_column.iter().enumerate();
    columns
        .filter(|(_, factor)| factor.is_none())
        .map(|(column, _)| column_name(table.names.as_deref(), column))
        .collect()
}
