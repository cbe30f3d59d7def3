//! From a table of factor values, such as `latents_classes`, to its factors and, where the rows are all of a grid, to the
//! place of every row in it.

use crate::arrays::{Archive, ArrayFault, NpzError, Place};
use crate::space::{Factor, FactorSpace, SpaceError};

/// Where an npz has its table of factor values, and the names of its columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FactorialKeys {
    /// Key of the table, integers `[rows, columns]`.
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

/// The factors of an npz, and the values that its rows have of them, whether they make a complete grid or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    /// The factors that vary, named as [`Factorial::read`] does.
    pub factors: Vec<Factor>,
    /// The value of each factor in each row, by its place among the factor's distinct values: `[n_rows, n_factors]`.
    pub values: Vec<u32>,
    /// Where the rows are every combination of values exactly once: the point that each of them is.
    pub points: Option<Vec<usize>>,
}

impl Labels {
    /// Reads the table, integers `[n_rows, n_columns]`, and the names if they are there.
    ///
    /// # Errors
    /// When an array is missing or not right, or no column ever changes.
    pub fn read(archive: &mut Archive, keys: FactorialKeys) -> Result<Self, NpzError> {
        let Table {
            place,
            values,
            levels,
            names,
        } = Table::read(archive, keys)?;
        let n_rows = values.len() / levels.len();
        let sizes = || levels.iter().map(Vec::len);
        let n_points = sizes().try_fold(1_usize, |n, size| n.checked_mul(size));
        // Few rows of many combinations: no space holds all of them, but names have to be right all the same.
        let space = match n_points {
            Some(n_points) if n_points <= n_rows => space(&levels, names),
            _ => space_of(&levels, names, |_| 2),
        };
        let space = space.map_err(|fault| place.fault(fault))?;
        let points = match n_points == Some(n_rows) {
            true => place_rows(&values, &levels, &space).ok(),
            false => None,
        };
        let varying: Vec<usize> = (0..levels.len()).filter(|&c| 1 < levels[c].len()).collect();
        let factors = varying.iter().zip(space.factors());
        let factors = factors
            .map(|(&column, factor)| Factor::new(factor.name.clone(), levels[column].len()))
            .collect();
        let rank = |(column, row): (usize, &[i64])| {
            levels[column].partition_point(|level| *level < row[column]) as u32
        };
        let values = values
            .chunks_exact(levels.len())
            .flat_map(|row| varying.iter().map(move |&column| (column, row)))
            .map(rank)
            .collect();
        Ok(Self {
            factors,
            values,
            points,
        })
    }
}

/// The table of factor values as it stands in the file.
struct Table {
    place: Place,
    /// `[n_rows, n_columns]`.
    values: Vec<i64>,
    /// Distinct values of each column, ascending.
    levels: Vec<Vec<i64>>,
    names: Option<Vec<String>>,
}

impl Table {
    fn read(archive: &mut Archive, keys: FactorialKeys) -> Result<Self, NpzError> {
        let classes = archive.array(keys.classes)?;
        let [_, n_columns] = classes.axes("[rows, factors]")?;
        let place = classes.place();
        let values = classes.integers()?;
        let levels: Vec<Vec<i64>> = (0..n_columns)
            .map(|column| distinct(values.iter().skip(column).step_by(n_columns).copied()))
            .collect();
        let names = names(archive, keys, n_columns)?;
        Ok(Self {
            place,
            values,
            levels,
            names,
        })
    }
}

impl Factorial {
    /// Reads the table, integers `[n_rows, n_columns]`, and the names if they are there.
    ///
    /// A column's factor takes as many values as the column has distinct numbers, in their order.
    /// Columns that never change, such as dSprites' colour, are no factors. Factors are named by
    /// the file, else as those of dSprites when their sizes are 3, 6, 40, 32, 32, else
    /// `factor-<column>`.
    ///
    /// # Errors
    /// When an array is missing or not right, or the rows are not every combination of values once.
    pub fn read(archive: &mut Archive, keys: FactorialKeys) -> Result<Self, NpzError> {
        let Table {
            place,
            values,
            levels,
            names,
        } = Table::read(archive, keys)?;
        let space = space(&levels, names).map_err(|fault| place.fault(fault))?;
        let point_of_row = place_rows(&values, &levels, &space)
            .map_err(|reason| place.fault(ArrayFault::NotFactorial { reason }))?;
        Ok(Self {
            space,
            point_of_row,
        })
    }
}

/// The distinct values, ascending.
fn distinct(values: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut values: Vec<i64> = values.collect();
    values.sort_unstable();
    values.dedup();
    values
}

/// The space of every combination of the levels.
fn space(levels: &[Vec<i64>], names: Option<Vec<String>>) -> Result<FactorSpace, ArrayFault> {
    space_of(levels, names, Vec::len)
}

/// A space with a factor for each column that varies, of the size that its levels are given.
fn space_of(
    levels: &[Vec<i64>],
    names: Option<Vec<String>>,
    size: impl Fn(&Vec<i64>) -> usize,
) -> Result<FactorSpace, ArrayFault> {
    let varying = levels
        .iter()
        .enumerate()
        .filter(|(_, levels)| 1 < levels.len());
    let factors: Vec<Factor> = varying
        .map(|(column, levels)| {
            let name = match &names {
                Some(names) => names[column].clone(),
                None => format!("factor-{column}"),
            };
            Factor::new(name, size(levels))
        })
        .collect();
    let dsprites = FactorSpace::dsprites();
    let sizes = factors.iter().map(|f| f.size);
    if names.is_none() && sizes.eq(dsprites.factors().iter().map(|f| f.size)) {
        return Ok(dsprites);
    }
    FactorSpace::new(factors).map_err(|fault| match fault {
        SpaceError::Empty => ArrayFault::NotFactorial {
            reason: "no column of it ever changes".to_owned(),
        },
        SpaceError::TooLarge => ArrayFault::NotFactorial {
            reason: "its columns have too many distinct values to combine".to_owned(),
        },
        fault => ArrayFault::Names {
            reason: format!("the factors' names do not do: {fault}"),
        },
    })
}

/// The point of each row, when the rows are all points, each once.
fn place_rows(
    values: &[i64],
    levels: &[Vec<i64>],
    space: &FactorSpace,
) -> Result<Vec<usize>, String> {
    let n_rows = values.len() / levels.len();
    if n_rows != space.n_points() {
        let sizes: Vec<String> = levels.iter().map(|l| l.len().to_string()).collect();
        return Err(format!(
            "it has {n_rows} rows while its columns' distinct values make {} = {} combinations",
            sizes.join("x"),
            space.n_points()
        ));
    }
    let mut taken = vec![false; n_rows];
    let mut point_of_row = Vec::with_capacity(n_rows);
    for (row, classes) in values.chunks_exact(levels.len()).enumerate() {
        // A column with one level adds nothing.
        let point = levels
            .iter()
            .zip(classes)
            .fold(0, |point, (levels, class)| {
                point * levels.len() + levels.partition_point(|level| level < class)
            });
        if std::mem::replace(&mut taken[point], true) {
            return Err(format!(
                "row {row} repeats the combination of an earlier row"
            ));
        }
        point_of_row.push(point);
    }
    Ok(point_of_row)
}

/// The names, one per column, if the file has them.
fn names(
    archive: &mut Archive,
    keys: FactorialKeys,
    n_columns: usize,
) -> Result<Option<Vec<String>>, NpzError> {
    if !archive.has(keys.names) {
        return Ok(None);
    }
    let array = archive.array(keys.names)?;
    if array.shape() != [n_columns as u64] {
        return Err(array.wrong_shape(format!(
            "[{n_columns}], a name per column of {},",
            keys.classes
        )));
    }
    let place = array.place();
    let (wide, length) = match array.descr().split_at_checked(2) {
        Some(("<U", length)) => (true, length.parse::<usize>()),
        Some(("|S", length)) => (false, length.parse::<usize>()),
        _ => return Err(array.wrong_dtype("text, that is str,")),
    };
    let length = length.unwrap_or(0) * if wide { 4 } else { 1 };
    if length == 0 {
        let reason = "its names are empty".to_owned();
        return Err(array.fault(ArrayFault::Names { reason }));
    }
    let bytes = array.raw(n_columns * length)?;
    let decoded = bytes.chunks_exact(length).map(|name| decode(name, wide));
    match decoded.collect() {
        Some(names) => Ok(Some(names)),
        None => {
            let reason = "a name is not valid text".to_owned();
            Err(place.fault(ArrayFault::Names { reason }))
        }
    }
}

/// A name of fixed width, padded with zeros: UTF-32 when `wide`, else UTF-8.
fn decode(bytes: &[u8], wide: bool) -> Option<String> {
    let text = if wide {
        let (words, _) = bytes.as_chunks::<4>();
        let chars = words
            .iter()
            .map(|&word| char::from_u32(u32::from_le_bytes(word)));
        chars.collect::<Option<String>>()?
    } else {
        str::from_utf8(bytes).ok()?.to_owned()
    };
    Some(text.trim_end_matches('\0').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels(sizes: &[i64]) -> Vec<Vec<i64>> {
        sizes.iter().map(|&size| (0..size).collect()).collect()
    }

    #[test]
    fn names_of_dsprites_by_sizes_and_numbers_of_columns_else() {
        let dsprites = space(&levels(&[1, 3, 6, 40, 32, 32]), None).unwrap();
        assert_eq!(dsprites, FactorSpace::dsprites());
        let other = space(&levels(&[4, 1, 2]), None).unwrap();
        assert_eq!(
            other.factors(),
            [Factor::new("factor-0", 4), Factor::new("factor-2", 2)]
        );
        let names = ["hue", "size", "hue"].map(String::from).to_vec();
        let named = space(&levels(&[1, 2, 3]), Some(names.clone())).unwrap();
        assert_eq!(
            named.factors(),
            [Factor::new("size", 2), Factor::new("hue", 3)]
        );
        let fault = space(&levels(&[2, 2, 2]), Some(names)).unwrap_err();
        assert!(fault.to_string().contains("\"hue\" is used twice"));
    }

    #[test]
    fn rows_in_any_order_with_gaps_in_the_classes() {
        let levels = [vec![-1, 4], vec![7], vec![0, 2, 4]];
        let space = space(&levels, None).unwrap();
        let rows = [
            [4, 7, 4],
            [-1, 7, 0],
            [-1, 7, 4],
            [4, 7, 0],
            [4, 7, 2],
            [-1, 7, 2],
        ];
        let placed = place_rows(rows.as_flattened(), &levels, &space);
        assert_eq!(placed, Ok(vec![5, 0, 2, 3, 4, 1]));
    }

    #[test]
    fn missing_and_repeated_rows_are_told_apart() {
        let levels = levels(&[2, 2]);
        let space = space(&levels, None).unwrap();
        let fault = place_rows(&[0, 0, 0, 1, 1, 0], &levels, &space).unwrap_err();
        assert!(
            fault.contains("3 rows") && fault.contains("2x2 = 4"),
            "{fault}"
        );
        let fault = place_rows(&[0, 0, 0, 1, 1, 1, 0, 1], &levels, &space).unwrap_err();
        assert_eq!(fault, "row 3 repeats the combination of an earlier row");
    }

    #[test]
    fn names_are_cut_at_their_padding() {
        assert_eq!(decode(b"posX\0\0", false).as_deref(), Some("posX"));
        assert_eq!(
            decode(b"\xce\x00\0\0\xb2\x03\0\0\0\0\0\0", true).as_deref(),
            Some("Îβ")
        );
        assert_eq!(decode(b"\xff\xff\xff\xff", true), None);
        assert_eq!(decode(b"\xff", false), None);
    }
}
