//! Codes from NumPy's files, with the factor grid that they are codes of.

use std::path::Path;

use unravel_data::arrays::{Archive, ArrayFile, ArrayReader, Place};
use unravel_data::{FactorSpace, Factorial, FactorialKeys};

use crate::exit::Failure;
use crate::output;

/// Where an `.npz` of codes has its factor values, and their names if it has them.
const KEYS: FactorialKeys = FactorialKeys {
    classes: "factors",
    names: "factor_names",
};

/// The codes of every point of a space.
#[derive(Debug, PartialEq)]
pub struct Representation {
    /// `[n_points, n_codes]`, row-major, finite, in the order of the space.
    pub codes: Vec<f32>,
    /// Codes of a point.
    pub n_codes: usize,
    /// The factors that vary.
    pub space: FactorSpace,
}

/// Reads a `.npy` in the order of dSprites, or an `.npz` with `codes` and `factors`.
///
/// # Errors
/// A sentence that names the file, the array, what is wrong with it and what to do.
pub fn read(path: &Path) -> Result<Representation, Failure> {
    match ArrayFile::open(path).map_err(Failure::usage)? {
        ArrayFile::Array(array) => of_dsprites(array),
        ArrayFile::Archive(archive) => of_table(archive),
    }
}

fn of_dsprites(array: ArrayReader<'_>) -> Result<Representation, Failure> {
    let space = FactorSpace::dsprites();
    let shape = array.axes("[737280, codes]").map_err(Failure::usage)?;
    if shape[0] != space.n_points() {
        return Err(Failure::usage(format!(
            "{}: it has {} where dSprites has {}; codes of other data, or of part of it, go into an .npz with \
             `codes` [n, codes] and `factors` [n, factors]",
            array.place(),
            output::count(shape[0], "row"),
            output::thousands(space.n_points() as u64),
        )));
    }
    let codes = finite(array, shape)?;
    Ok(Representation {
        codes,
        n_codes: shape[1],
        space,
    })
}

fn of_table(mut archive: Archive) -> Result<Representation, Failure> {
    let array = archive.array("codes").map_err(Failure::usage)?;
    let shape = array.axes("[n, codes]").map_err(Failure::usage)?;
    let place = array.place();
    let codes = finite(array, shape)?;
    let Factorial {
        space,
        point_of_row,
    } = Factorial::read(&mut archive, KEYS).map_err(Failure::usage)?;
    let [n_rows, n_codes] = shape;
    if n_rows != point_of_row.len() {
        return Err(Failure::usage(format!(
            "{place}: it has {} where `factors` has {}; give one row of factor values for each row of codes",
            output::count(n_rows, "row"),
            output::thousands(point_of_row.len() as u64),
        )));
    }
    Ok(Representation {
        codes: in_order(&codes, n_codes, &point_of_row),
        n_codes,
        space,
    })
}

/// All codes, in the order of the file's rows, once found to be finite.
fn finite(array: ArrayReader<'_>, [_, n_codes]: [usize; 2]) -> Result<Vec<f32>, Failure> {
    let place = array.place();
    let codes = array.floats().map_err(Failure::usage)?;
    match codes.iter().position(|code| !code.is_finite()) {
        Some(at) => Err(not_finite(&place, at / n_codes, at % n_codes, codes[at])),
        None => Ok(codes),
    }
}

fn not_finite(place: &Place, row: usize, column: usize, code: f32) -> Failure {
    Failure::usage(format!(
        "{place}: the code in row {row}, column {column} (from 0) is {code} as float32, and no score is defined \
         then; look for a model that diverged, or leave the column out"
    ))
}

/// The rows in the order of their points.
fn in_order(codes: &[f32], n_codes: usize, point_of_row: &[usize]) -> Vec<f32> {
    let mut ordered = vec![0.0; codes.len()];
    for (row, &point) in codes.chunks_exact(n_codes).zip(point_of_row) {
        ordered[point * n_codes..][..n_codes].copy_from_slice(row);
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_go_to_their_points() {
        let codes = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(
            in_order(&codes, 2, &[2, 0, 1]),
            [3.0, 4.0, 5.0, 6.0, 1.0, 2.0]
        );
    }
}
