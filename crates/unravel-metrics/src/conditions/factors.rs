//! Conditions of the factors.

use rayon::prelude::*;

use super::listed;
use crate::grid::FactorGrid;
use crate::limits::MIN_MATCHING_ROWS;

/// A factor with at most this number of values never has too many: the largest number of any factor of dSprites.
const MANY_VALUES: usize = 40;

/// A factor with more than 40 values has too many below this mean number of rows per value. In a complete grid, too, random
/// codes in 20 bins then identify which few rows have a value.
const ROWS_PER_VALUE: usize = 10;

/// Values are rare if at least one in this number has few rows.
const RARE_VALUES: usize = 10;

/// At most one in this number of rows has another value than the most frequent one.
const OTHER_ROWS: u64 = 20;

/// Below this number of rows, nearly every test point is also a training point. It is the number of test points drawn.
const FEW_ROWS: usize = 5_000;

/// Number of rows used for each pair of factors.
const ROWS_OF_PAIRS: usize = 20_000;

/// One factor determines another if at most this share of the other's entropy remains when the first is known.
const REMAINING_ENTROPY: f64 = 0.05;
/// The least mean number of rows per value of the first factor for that.
const ROWS_TO_DETERMINE: usize = 5;

/// A factor nearly determines another if at most one in this number of rows has an unexpected value of the other.
const ROWS_PER_ERROR: usize = 10;

/// A factor that varies, with the rows of its values.
struct Counted<'a> {
    name: &'a str,
    /// Rows of each value that occurs.
    n_rows: Vec<u32>,
}

/// The counts of each factor, computed one at a time: a factor may have as many values as there are rows.
fn counted(grid: &FactorGrid) -> impl Iterator<Item = Counted<'_>> {
    let count = move |&factor: &usize| {
        let size = grid.sizes()[factor];
        let n_rows = match grid.is_complete() {
            true => vec![(grid.n_points() / size) as u32; size],
            false => {
                let mut n_rows = vec![0; size];
                (0..grid.n_points()).for_each(|point| n_rows[grid.value(point, factor)] += 1);
                n_rows.retain(|&n| 0 < n);
                n_rows
            }
        };
        let name = &grid.names()[factor];
        Counted { name, n_rows }
    };
    grid.varying().iter().map(count)
}

/// The factors for which `is_so` holds, each described by `say`.
fn of_which(
    grid: &FactorGrid,
    is_so: impl Fn(&Counted<'_>) -> bool,
    say: impl Fn(&Counted<'_>) -> String,
) -> Option<String> {
    let factors: Vec<String> = counted(grid)
        .filter(|f| is_so(f))
        .map(|f| say(&f))
        .collect();
    (!factors.is_empty()).then(|| listed(&factors))
}

fn has_many_values(grid: &FactorGrid, n_values: usize) -> bool {
    MANY_VALUES < n_values && grid.n_points() < n_values.saturating_mul(ROWS_PER_VALUE)
}

pub(super) fn many_values(grid: &FactorGrid) -> Option<String> {
    of_which(
        grid,
        |factor| has_many_values(grid, factor.n_rows.len()),
        |factor| {
            let (n_values, n_rows) = (factor.n_rows.len(), grid.n_points());
            format!("{:?} has {n_values} values in {n_rows} rows", factor.name)
        },
    )
}

pub(super) fn rare_values(grid: &FactorGrid) -> Option<String> {
    if grid.is_complete() {
        return None;
    }
    let n_rare = |factor: &Counted<'_>| {
        let is_rare = |&&n: &&u32| (n as usize) < MIN_MATCHING_ROWS;
        factor.n_rows.iter().filter(is_rare).count()
    };
    of_which(
        grid,
        |factor| {
            let n_values = factor.n_rows.len();
            n_values <= RARE_VALUES * n_rare(factor) && !has_many_values(grid, n_values)
        },
        |factor| {
            let (n_rare, n_values) = (n_rare(factor), factor.n_rows.len());
            format!(
                "{n_rare} of the {n_values} values of {:?} have fewer than {MIN_MATCHING_ROWS} rows",
                factor.name
            )
        },
    )
}

pub(super) fn never_fixed(grid: &FactorGrid) -> Option<String> {
    let fixed = grid.matching()?;
    let is_fixed = |factor: usize| fixed.iter().any(|matching| matching.factor == factor);
    let never = grid.varying().iter().filter(|&&factor| !is_fixed(factor));
    let names: Vec<String> = never
        .map(|&factor| format!("{:?}", grid.names()[factor]))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "fewer than two values of {} have {MIN_MATCHING_ROWS} rows",
            listed(&names)
        )
    })
}

pub(super) fn one_value(grid: &FactorGrid) -> Option<String> {
    if grid.is_complete() {
        return None;
    }
    let n_rows = grid.n_points() as u64;
    let largest = |factor: &Counted<'_>| factor.n_rows.iter().copied().max().unwrap_or(0);
    of_which(
        grid,
        |factor| OTHER_ROWS * (n_rows - u64::from(largest(factor))) <= n_rows,
        |factor| {
            let (name, largest) = (factor.name, largest(factor));
            format!("{name:?} has one value in {largest} of {n_rows} rows")
        },
    )
}

pub(super) fn constant(grid: &FactorGrid, constant: &[String]) -> Option<String> {
    let names: Vec<String> = constant.iter().map(|name| format!("{name:?}")).collect();
    let is_found = !grid.is_complete() && !names.is_empty();
    is_found.then(|| format!("{} has one value in all rows", listed(&names)))
}

pub(super) fn few_rows(grid: &FactorGrid) -> Option<String> {
    let n_rows = grid.n_points();
    (!grid.is_complete() && n_rows < FEW_ROWS).then(|| format!("there are only {n_rows} rows"))
}

pub(super) fn determined(grid: &FactorGrid) -> Option<String> {
    if grid.is_complete() {
        return None;
    }
    let rows = rows_of_pairs(grid.n_points());
    let column = |&factor: &usize| {
        let values = rows.iter().map(|&row| grid.value(row, factor) as u32);
        Column::of(&grid.names()[factor], values.collect())
    };
    let columns: Vec<Column<'_>> = grid.varying().iter().map(column).collect();
    let pairs = (0..columns.len()).flat_map(|a| (a + 1..columns.len()).map(move |b| (a, b)));
    let pairs: Vec<(usize, usize)> = pairs.collect();
    let found: Vec<String> = pairs
        .into_par_iter()
        .filter_map(|(a, b)| determined_by(&columns[a], &columns[b]))
        .collect();
    (!found.is_empty()).then(|| listed(&found))
}

/// Up to [`ROWS_OF_PAIRS`] rows, spread evenly and without the periods that a grid's rows have.
fn rows_of_pairs(n_points: usize) -> Vec<usize> {
    if n_points <= ROWS_OF_PAIRS {
        return (0..n_points).collect();
    }
    // A stride near the golden ratio spreads the rows evenly, and no grid has this stride.
    let golden = (n_points as f64 * 0.618_033_988_749_895) as usize;
    let step = (golden..n_points).find(|&step| are_coprime(step, n_points));
    let step = step.unwrap_or(1);
    let next = |row: &usize| Some((row + step) % n_points);
    std::iter::successors(Some(0), next)
        .take(ROWS_OF_PAIRS)
        .collect()
}

fn are_coprime(mut a: usize, mut b: usize) -> bool {
    while 0 < b {
        (a, b) = (b, a % b);
    }
    a == 1
}

/// The values of a factor in some rows.
struct Column<'a> {
    name: &'a str,
    values: Vec<u32>,
    spread: Spread,
}

impl<'a> Column<'a> {
    fn of(name: &'a str, values: Vec<u32>) -> Self {
        let spread = Spread::of(values.iter().map(|&value| value.into()).collect());
        Self {
            name,
            values,
            spread,
        }
    }

    /// Whether it has enough rows per value to determine another factor not only by chance.
    fn can_determine(&self) -> bool {
        ROWS_TO_DETERMINE * self.spread.n_values <= self.values.len()
    }
}

/// A sentence if one of two factors determines the other.
fn determined_by(a: &Column<'_>, b: &Column<'_>) -> Option<String> {
    let n_values = a.spread.n_values;
    let may_be_one_to_one = n_values == b.spread.n_values && 2 * n_values <= a.values.len();
    if !may_be_one_to_one && !a.can_determine() && !b.can_determine() {
        return None;
    }
    let both = a.values.iter().zip(&b.values);
    let both = both.map(|(&a, &b)| (u64::from(a) << 32) | u64::from(b));
    let joint = Spread::of(both.collect());
    let determines = |one: &Column<'_>, other: &Column<'_>| {
        let left = joint.entropy - one.spread.entropy;
        one.can_determine() && left <= REMAINING_ENTROPY * other.spread.entropy
    };
    // The errors must be at most half of those without the first factor. Otherwise a rare value would count as determined.
    let nearly_determines = |one: &Column<'_>, other: &Column<'_>| {
        let n_rows = one.values.len();
        let n_wrong = if one.can_determine() {
            n_wrong(one, other)
        } else {
            n_rows
        };
        let is_determined =
            ROWS_PER_ERROR * n_wrong <= n_rows && 2 * n_wrong <= other.spread.n_others;
        is_determined.then(|| 100 * (n_rows - n_wrong) / n_rows)
    };
    let say = |one: &Column<'_>, other: &Column<'_>| {
        if determines(one, other) {
            return Some(format!("{:?} determines {:?}", one.name, other.name));
        }
        let percent = nearly_determines(one, other)?;
        Some(format!(
            "{:?} determines {:?} in {percent} % of the rows",
            one.name, other.name
        ))
    };
    let (first, second) = (a.name, b.name);
    // A factor with one value in these rows is determined by any other.
    if a.spread.n_values < 2 || b.spread.n_values < 2 {
        None
    } else if may_be_one_to_one && joint.n_values == n_values {
        Some(format!("{first:?} and {second:?} determine each other"))
    } else if determines(b, a) && !determines(a, b) {
        say(b, a)
    } else {
        say(a, b).or_else(|| say(b, a))
    }
}

/// The number of rows in which the second factor has another value than its most frequent one for that value of the first.
fn n_wrong(one: &Column<'_>, other: &Column<'_>) -> usize {
    let both = one.values.iter().zip(&other.values);
    let mut both: Vec<(u32, u32)> = both.map(|(&a, &b)| (a, b)).collect();
    both.sort_unstable();
    let of_value = |rows: &[(u32, u32)]| {
        let counts = rows.chunk_by(|a, b| a == b).map(<[_]>::len);
        rows.len() - counts.max().unwrap_or(0)
    };
    both.chunk_by(|a, b| a.0 == b.0).map(of_value).sum()
}

/// The number of distinct values and their entropy.
struct Spread {
    /// Values that occur.
    n_values: usize,
    /// Rows without the most frequent value.
    n_others: usize,
    /// In nats.
    entropy: f64,
}

impl Spread {
    fn of(mut values: Vec<u64>) -> Self {
        let n = values.len() as f64;
        values.sort_unstable();
        let counts: Vec<usize> = values.chunk_by(|a, b| a == b).map(<[u64]>::len).collect();
        let share = |count: usize| count as f64 / n;
        Self {
            n_values: counts.len(),
            n_others: values.len() - counts.iter().max().unwrap_or(&0),
            entropy: counts.into_iter().map(|c| -share(c) * share(c).ln()).sum(),
        }
    }
}
