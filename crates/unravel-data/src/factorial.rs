//! From a table of factor values, such as `latents_classes`, to its factors and, where the rows are all of a grid, to
//! the place of every row in it.

mod key;
mod labels;
mod names;
mod table;
#[cfg(test)]
mod tests;

use crate::arrays::{Archive, ArrayFault, NpzError};
use crate::free_memory;
use crate::space::{Factor, FactorSpace, SpaceError};
use key::Accepted;
pub use labels::{Labels, Merge};
use table::Table;

/// Where an npz has its table of factor values, and the names of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorialKeys {
    /// Key of the table, whole numbers `[rows, columns]`.
    pub classes: &'static str,
    /// Key of the names, text `[columns]`, which may be missing.
    pub names: &'static str,
}

impl FactorialKeys {
    /// Those of the official dSprites file.
    pub const OFFICIAL: Self = Self {
        classes: "latents_classes",
        names: "latents_names",
    };
}

/// The factors of an npz, and which point each of its rows is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factorial {
    /// The factors that vary.
    pub space: FactorSpace,
    /// Every point once, in the order of the file's rows.
    pub point_of_row: Vec<usize>,
}

impl Factorial {
    /// Reads the table `[n_rows, n_columns]`, of integers or of floats that are whole numbers, and the names if they
    /// are there.
    ///
    /// A column's factor takes as many values as the column has distinct numbers, in their order.
    /// Columns that never change, such as dSprites' colour, are no factors. Factors are named by
    /// the file, else as those of dSprites when their sizes are 3, 6, 40, 32, 32, else
    /// `factor-<column>`.
    ///
    /// # Errors
    /// When an array is missing or not right, the rows are not every combination of values once, or there is no memory
    /// for them.
    pub fn read(archive: &mut Archive, keys: FactorialKeys) -> Result<Self, NpzError> {
        let mut table = Table::read(archive, keys, Accepted::CLASSES)?;
        let space = FactorSpace::new(factors(&table.levels, table.names.as_deref()));
        let space = space.map_err(|fault| table.fault(refusal(fault)))?;
        let n_rows = table.n_rows();
        if n_rows != space.n_points() {
            return Err(table.fault(other_number(n_rows, &table.levels, &space)));
        }
        let mut point_of_row =
            free_memory::filled(n_rows, 0_usize).map_err(|fault| table.fault(fault))?;
        let strides = strides(&table.levels);
        table.each_rank(|row, column, rank| point_of_row[row] += strides[column] * rank)?;
        match first_repeated(&point_of_row).map_err(|fault| table.fault(fault))? {
            None => Ok(Self {
                space,
                point_of_row,
            }),
            Some(row) => {
                let point = point_of_row[row];
                let first = point_of_row.iter().position(|&other| other == point);
                let first = first.unwrap_or(row);
                let reason = format!("rows {first} and {row} (from 0) have the same factor values");
                Err(table.fault(ArrayFault::NotFactorial { reason }))
            }
        }
    }
}

/// A factor for each column that varies, with as many values as the column has.
fn factors(levels: &[Vec<i64>], names: Option<&[String]>) -> Vec<Factor> {
    let varying = levels.iter().enumerate();
    let varying = varying.filter(|(_, levels)| 1 < levels.len());
    let factors: Vec<Factor> = varying
        .map(|(column, levels)| Factor::new(column_name(names, column), levels.len()))
        .collect();
    let dsprites = FactorSpace::dsprites();
    let sizes = factors.iter().map(|f| f.size);
    if names.is_none() && sizes.eq(dsprites.factors().iter().map(|f| f.size)) {
        return dsprites.factors().to_vec();
    }
    factors
}

/// The name of a column: by the file, else by its place.
fn column_name(names: Option<&[String]>, column: usize) -> String {
    match names {
        Some(names) => names[column].clone(),
        None => format!("factor-{column}"),
    }
}

/// The factor that each column is, if it varies.
fn factors_of_columns(levels: &[Vec<i64>]) -> Vec<Option<usize>> {
    let mut factors = 0..;
    let varies = |levels: &Vec<i64>| 1 < levels.len();
    levels
        .iter()
        .map(|levels| varies(levels).then(|| factors.next()).flatten())
        .collect()
}

/// Why these factors span no space, as a fault of the table.
fn refusal(fault: SpaceError) -> ArrayFault {
    match fault {
        SpaceError::Empty => ArrayFault::NoFactor,
        SpaceError::TooLarge => ArrayFault::NotFactorial {
            reason: "its columns have too many distinct values to combine".to_owned(),
        },
        fault => ArrayFault::Names {
            reason: format!("the factors' names do not do: {fault}"),
        },
    }
}

/// The fault of having another number of rows than there are points.
fn other_number(n_rows: usize, levels: &[Vec<i64>], space: &FactorSpace) -> ArrayFault {
    let sizes: Vec<String> = levels.iter().map(|l| l.len().to_string()).collect();
    ArrayFault::NotFactorial {
        reason: format!(
            "it has {n_rows} rows, but the distinct values of its columns have {} = {} combinations",
            sizes.join("x"),
            space.n_points()
        ),
    }
}

/// What one step in each column adds to the number of a point, the last column fastest. A column that never changes
/// adds nothing.
fn strides(levels: &[Vec<i64>]) -> Vec<usize> {
    let mut strides = vec![1; levels.len()];
    for column in (1..levels.len()).rev() {
        strides[column - 1] = strides[column] * levels[column].len();
    }
    strides
}

/// The point of each row of `values`, `[n_rows, n_factors]`, when the rows are all points, each once.
fn points(
    factors: &[Factor],
    values: &[u32],
    n_rows: usize,
) -> Result<Option<Vec<usize>>, ArrayFault> {
    let product = |n: usize, factor: &Factor| n.checked_mul(factor.size);
    if factors.iter().try_fold(1, product) != Some(n_rows) {
        return Ok(None);
    }
    let mut points = free_memory::filled(n_rows, 0_usize)?;
    for (point, row) in points.iter_mut().zip(values.chunks_exact(factors.len())) {
        let digits = factors.iter().zip(row);
        *point = digits.fold(0, |point, (factor, &value)| {
            point * factor.size + value as usize
        });
    }
    Ok(first_repeated(&points)?.is_none().then_some(points))
}

/// The first row whose point an earlier one has; points are below their number.
fn first_repeated(points: &[usize]) -> Result<Option<usize>, ArrayFault> {
    let mut taken = free_memory::filled(points.len(), false)?;
    let is_taken = |&point: &usize| std::mem::replace(&mut taken[point], true);
    Ok(points.iter().position(is_taken))
}
