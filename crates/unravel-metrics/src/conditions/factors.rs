//! Conditions of the factors.

use rayon::prelude::*;

use super::listed;
use crate::grid::FactorGrid;
use crate::limits::MIN_MATCHING_ROWS;

/// Values that a factor may have whatever the rows: as many as any factor of dSprites.
const MANY_VALUES: usize = 40;

/// Rows for each value, on average, below which a factor has many: of listed rows, and of a complete grid, which is no
/// sample.
const ROWS_PER_VALUE: [usize; 2] = [10, 2];

/// The share of values with few rows, as one in so many.
const RARE_VALUES: usize = 10;

/// The share of rows without a factor's most frequent value, as one in so many.
const OTHER_ROWS: u64 = 20;

/// Rows below which nearly every test point is a training point too: as many as are drawn to test on.
const FEW_ROWS: usize = 5_000;

/// Rows that are looked at for each pair of factors.
const ROWS_OF_PAIRS: usize = 20_000;

/// What is left of a factor's entropy once another one is known that tells it, and the rows for each value of that one.
const LEFT_OF_ENTROPY: f64 = 0.05;
const ROWS_TO_TELL: usize = 5;

/// A factor that varies, with the rows of its values.
struct Counted<'a> {
    name: &'a str,
    /// Rows of each value that occurs.
    n_rows: Vec<u32>,
}

/// One after the other: a factor may have as many values as there are rows.
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

/// The factors of which `is_so`, with what `say` says of them.
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
    let [of_listed, of_complete] = ROWS_PER_VALUE;
    let least = if grid.is_complete() {
        of_complete
    } else {
        of_listed
    };
    MANY_VALUES < n_values && grid.n_points() < n_values.saturating_mul(least)
}

pub(super) fn many_values(grid: &FactorGrid, _: &[String]) -> Option<String> {
    of_which(
        grid,
        |factor| has_many_values(grid, factor.n_rows.len()),
        |factor| {
            let (n_values, n_rows) = (factor.n_rows.len(), grid.n_points());
            format!("{:?} has {n_values} values in {n_rows} rows", factor.name)
        },
    )
}

pub(super) fn rare_values(grid: &FactorGrid, _: &[String]) -> Option<String> {
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

pub(super) fn never_fixed(grid: &FactorGrid, _: &[String]) -> Option<String> {
    let fixed = grid.matching()?;
    let is_fixed = |factor: usize| fixed.iter().any(|matching| matching.factor == factor);
    let never = grid.varying().iter().filter(|&&factor| !is_fixed(factor));
    let names: Vec<String> = never
        .map(|&factor| format!("{:?}", grid.names()[factor]))
        .collect();
    (!names.is_empty()).then(|| {
        format!(
            "of {} fewer than two values have {MIN_MATCHING_ROWS} rows",
            listed(&names)
        )
    })
}

pub(super) fn one_value(grid: &FactorGrid, _: &[String]) -> Option<String> {
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

pub(super) fn few_rows(grid: &FactorGrid, _: &[String]) -> Option<String> {
    let n_rows = grid.n_points();
    (!grid.is_complete() && n_rows < FEW_ROWS).then(|| format!("there are only {n_rows} rows"))
}

pub(super) fn determined(grid: &FactorGrid, _: &[String]) -> Option<String> {
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
        .filter_map(|(a, b)| told(&columns[a], &columns[b]))
        .collect();
    (!found.is_empty()).then(|| listed(&found))
}

/// Rows spread over all of them, in no order that a grid may have.
fn rows_of_pairs(n_points: usize) -> Vec<usize> {
    if n_points <= ROWS_OF_PAIRS {
        return (0..n_points).collect();
    }
    // Near the golden section of all rows, so that the rows lie evenly and no grid has this stride.
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

    /// Whether it has rows enough for each value to tell another factor by more than chance.
    fn can_tell(&self) -> bool {
        ROWS_TO_TELL * self.spread.n_values <= self.values.len()
    }
}

/// That one of two factors tells the other, if it does.
fn told(a: &Column<'_>, b: &Column<'_>) -> Option<String> {
    let n_values = a.spread.n_values;
    let may_be_one_to_one = n_values == b.spread.n_values && 2 * n_values <= a.values.len();
    if !may_be_one_to_one && !a.can_tell() && !b.can_tell() {
        return None;
    }
    let both = a.values.iter().zip(&b.values);
    let both = both.map(|(&a, &b)| (u64::from(a) << 32) | u64::from(b));
    let joint = Spread::of(both.collect());
    let tells = |one: &Column<'_>, other: &Column<'_>| {
        let left = joint.entropy - one.spread.entropy;
        one.can_tell() && left <= LEFT_OF_ENTROPY * other.spread.entropy
    };
    let (first, second) = (a.name, b.name);
    // A factor with one value in these rows is told by anything.
    if a.spread.n_values < 2 || b.spread.n_values < 2 {
        None
    } else if may_be_one_to_one && joint.n_values == n_values {
        Some(format!("{first:?} and {second:?} tell each other"))
    } else if tells(a, b) {
        Some(format!("{first:?} tells {second:?}"))
    } else if tells(b, a) {
        Some(format!("{second:?} tells {first:?}"))
    } else {
        None
    }
}

/// How often values occur.
struct Spread {
    /// Values that occur.
    n_values: usize,
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
            entropy: counts.into_iter().map(|c| -share(c) * share(c).ln()).sum(),
        }
    }
}
