//! Reads codes and factor values from NumPy files.

use std::path::Path;

use unravel_data::arrays::{Archive, ArrayFile, ArrayPlace, ArrayReader};
use unravel_data::free_memory;
use unravel_data::{Factor, FactorSpace, FactorialKeys, Labels};
use unravel_metrics::{AsRead, FactorBins, FactorGrid, LOGVAR_RANGE, MetricError};

use super::input;
use crate::exit::Failure;
use crate::stdout;

/// The arrays of factor values and factor names in an `.npz` of codes.
const KEYS: FactorialKeys = FactorialKeys {
    classes: "factors",
    names: "factor_names",
};

/// Maximum number of codes per point: more than any usual layer has.
const MAX_CODES: usize = 1 << 12;

/// Maximum memory of one factor value in an incomplete grid, in bytes: its row in two orders, the second with its
/// group, and a share of the group.
const LISTED_BYTES: u64 = 24;

/// Memory per distinct value of a factor while the rows of an incomplete grid are grouped, in bytes.
const COUNTED_BYTES: u64 = 8;

/// Codes with the factor values of their points.
#[derive(Debug, PartialEq)]
pub struct Representation {
    /// `[n_points, n_codes]`, row-major, finite; in the order of the grid if it is complete.
    pub codes: Vec<f32>,
    /// Log variances of the codes, if given.
    pub logvars: Option<Vec<f32>>,
    /// Number of codes per point.
    pub n_codes: usize,
    /// The factors that vary, and the points.
    pub grid: FactorGrid,
    /// What the file shows beside the table.
    pub read: AsRead,
}

/// How to convert codes whose values float32 cannot represent.
const TO_SINGLE: &str =
    "write codes - codes.mean(axis=0), or scale codes whose values are below 1e-37";

/// Reads a `.npy` in the order of dSprites, or an `.npz` with `codes` and `factors`. Bins the factor values of an
/// `.npz` if `bins` is given. `logvars` is the file with the log variances of a `.npy`. The first bytes of a file
/// decide its format.
///
/// # Errors
/// A sentence with the file, the array, the error and a remedy.
pub fn read(
    path: &Path,
    logvars: Option<&Path>,
    bins: Option<FactorBins>,
) -> Result<Representation, Failure> {
    if input::is_stdin(path) && logvars.is_some_and(input::is_stdin) {
        return Err(Failure::usage(
            "standard input cannot be both the codes and the log variances; use a file for one of them",
        ));
    }
    match (input::open(path)?, logvars, bins) {
        (ArrayFile::Array(array), _, Some(_)) => Err(Failure::usage(format!(
            "{}: a .npy has the factors of dSprites, which have at most 40 values; remove --factor-bins, or use an .npz \
             with `codes` and `factors`",
            array.place()
        ))),
        (ArrayFile::Array(array), logvars, None) => of_dsprites(array, logvars),
        (ArrayFile::Archive(archive), None, bins) => of_table(archive, bins),
        (ArrayFile::Archive(_), Some(_), _) => Err(Failure::usage(format!(
            "`{}` is an .npz; remove --logvars, and save the log variances in it as the array `logvars`",
            input::name(path).display()
        ))),
    }
}

fn of_dsprites(array: ArrayReader<'_>, logvars: Option<&Path>) -> Result<Representation, Failure> {
    let space = FactorSpace::dsprites();
    let shape = array.axes("[737280, codes]").map_err(|error| {
        let remedy =
            "for other data, save an .npz with `codes` [n, codes] and `factors` [n, factors]";
        Failure::usage(format!("{error}; {remedy}"))
    })?;
    if shape[0] != space.n_points() {
        return Err(Failure::usage(format!(
            "{} has {}, but dSprites has {}; for other data or a part of dSprites, save an .npz with `codes` [n, codes] and \
             `factors` [n, factors]",
            array.place(),
            stdout::count(shape[0], "row"),
            stdout::thousands(space.n_points() as u64),
        )));
    }
    check_width(&array.place(), shape)?;
    let (codes, rounded) = finite(array, shape)?;
    let logvars = match logvars.map(input::open).transpose()? {
        None => None,
        Some(ArrayFile::Array(array)) => Some(checked_logvars(array, shape)?),
        Some(ArrayFile::Archive(_)) => {
            return Err(Failure::usage(
                "--logvars is an .npz, but must be a .npy; save the log variances as a .npy with the shape of the codes",
            ));
        }
    };
    Ok(Representation {
        codes,
        logvars,
        n_codes: shape[1],
        grid: grid(space.factors(), None).map_err(Failure::usage)?,
        read: AsRead {
            constant: Vec::new(),
            rounded,
        },
    })
}

fn of_table(mut archive: Archive, bins: Option<FactorBins>) -> Result<Representation, Failure> {
    let array = archive.array("codes").map_err(Failure::usage)?;
    let shape = array.axes("[n, codes]").map_err(Failure::usage)?;
    let place = array.place();
    check_width(&place, shape)?;
    let (codes, rounded) = finite(array, shape)?;
    let logvars = match archive.has("logvars") {
        true => {
            let array = archive.array("logvars").map_err(Failure::usage)?;
            Some(checked_logvars(array, shape)?)
        }
        false => None,
    };
    let labels = match bins {
        None => Labels::read(&mut archive, KEYS),
        Some(bins) => Labels::read_merged(&mut archive, KEYS, &|values, n_rows| {
            bins.classes(values, n_rows)
        }),
    };
    let labels = labels.map_err(Failure::usage)?;
    let [n_rows, n_codes] = shape;
    let n_labelled = labels.values.len() / labels.factors.len();
    if n_rows != n_labelled {
        return Err(Failure::usage(format!(
            "{place} has {}, but `factors` has {}; save one row of factor values for each row of codes",
            stdout::count(n_rows, "row"),
            stdout::thousands(n_labelled as u64),
        )));
    }
    let taken = match labels.points {
        // Reordering needs a copy of the codes and the log variances.
        Some(_) => {
            let logvars = logvars.as_deref().unwrap_or_default();
            size_of_val(codes.as_slice()) as u64 + size_of_val(logvars) as u64
        }
        None => {
            let largest = labels.factors.iter().map(|factor| factor.size).max();
            (labels.values.len() as u64)
                .saturating_mul(LISTED_BYTES)
                .saturating_add((largest.unwrap_or(0) as u64).saturating_mul(COUNTED_BYTES))
        }
    };
    free_memory::check(taken).map_err(|fault| Failure::usage(place.fault(fault)))?;
    let refused = |error: MetricError| Failure::usage(format!("{place}: {error}"));
    let read = AsRead {
        constant: labels.constant,
        rounded,
    };
    Ok(match labels.points {
        Some(points) => Representation {
            codes: in_order(&codes, n_codes, &points),
            logvars: logvars.map(|logvars| in_order(&logvars, n_codes, &points)),
            n_codes,
            grid: grid(&labels.factors, None).map_err(refused)?,
            read,
        },
        None => Representation {
            codes,
            logvars,
            n_codes,
            grid: grid(&labels.factors, Some(labels.values)).map_err(refused)?,
            read,
        },
    })
}

/// The complete grid of these factors, or the points with these factor values.
fn grid(factors: &[Factor], values: Option<Vec<u32>>) -> Result<FactorGrid, MetricError> {
    let (names, sizes): (Vec<_>, Vec<_>) = factors.iter().map(|f| (f.name.clone(), f.size)).unzip();
    match values {
        None => FactorGrid::new(&sizes)?.with_names(names),
        Some(values) => FactorGrid::of_rows(&sizes, values)?.with_names(names),
    }
}

/// Fails if a point has more than [`MAX_CODES`] codes.
fn check_width(place: &ArrayPlace, [_, n_codes]: [usize; 2]) -> Result<(), Failure> {
    match n_codes <= MAX_CODES {
        true => Ok(()),
        false => Err(Failure::usage(format!(
            "{place} has {}, but at most {} are allowed; save one row of codes for each point",
            stdout::count(n_codes, "column"),
            stdout::thousands(MAX_CODES as u64),
        ))),
    }
}

/// All codes, in the order of the file's rows, and the indices of those whose differences are lost in float32. Fails if a
/// code is not finite.
fn finite(
    array: ArrayReader<'_>,
    [_, n_codes]: [usize; 2],
) -> Result<(Vec<f32>, Vec<usize>), Failure> {
    let place = array.place();
    let (codes, columns) = array.rounded(n_codes).map_err(Failure::usage)?;
    if let Some(at) = codes.iter().position(|code| !code.is_finite()) {
        return Err(not_finite(&place, at / n_codes, at % n_codes, codes[at]));
    }
    let lost: Vec<usize> = (0..columns.len())
        .filter(|&code| columns[code].loses_differences())
        .collect();
    let n_varying = columns.iter().filter(|column| column.varies()).count();
    match lost.first() {
        // Some may be dead codes with an offset; all of them are the representation.
        Some(first) if lost.len() == n_varying => Err(Failure::usage(format!(
            "{place}: every code that varies loses its differences in float32, to which float64 codes are rounded (the \
             first is code {first}); {TO_SINGLE}"
        ))),
        _ => Ok((codes, lost)),
    }
}

fn not_finite(place: &ArrayPlace, row: usize, column: usize, code: f32) -> Failure {
    Failure::usage(format!(
        "{place}: the code in row {row}, column {column} (from 0) is {code} as float32; scores require finite codes; check \
         whether the model diverged or the codes overflowed in half precision"
    ))
}

/// Log variances with the shape of the codes. Fails if one is outside [`LOGVAR_RANGE`].
fn checked_logvars(array: ArrayReader<'_>, shape: [usize; 2]) -> Result<Vec<f32>, Failure> {
    let place = array.place();
    let [n_rows, n_codes] = shape;
    if array.axes("[n, codes]").map_err(Failure::usage)? != shape {
        return Err(Failure::usage(format!(
            "{place}: the shape is {:?}, but the codes have the shape [{n_rows}, {n_codes}]; save one log variance for each code",
            array.shape()
        )));
    }
    let logvars = array.floats().map_err(Failure::usage)?;
    let [lo, hi] = LOGVAR_RANGE;
    match logvars.iter().position(|x| !(lo..=hi).contains(x)) {
        Some(at) => Err(Failure::usage(format!(
            "{place}: the log variance in row {}, column {} (from 0) is {}, outside {lo} to {hi}; save natural \
             logarithms of variances",
            at / n_codes,
            at % n_codes,
            logvars[at]
        ))),
        None => Ok(logvars),
    }
}

/// The rows, reordered by point.
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
