//! Conditions of the factors.

use super::listed;
use crate::grid::{FactorGrid, MIN_MATCHING_ROWS};

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
                "of the {n_values} values of {:?} {n_rare} have fewer than {MIN_MATCHING_ROWS} rows",
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

pub(super) fn one_value(grid: &FactorGrid, constant: &[String]) -> Option<String> {
    if grid.is_complete() {
        return None;
    }
    let n_rows = grid.n_points() as u64;
    let largest = |factor: &Counted<'_>| factor.n_rows.iter().copied().max().unwrap_or(0);
    let mut found: Vec<String> = counted(grid)
        .filter(|factor| OTHER_ROWS * (n_rows - u64::from(largest(factor))) <= n_rows)
        .map(|factor| {
            let largest = largest(&factor);
            format!(
                "{:?} has one value in {largest} of {n_rows} rows",
                factor.name
            )
        })
        .collect();
    found.extend(
        constant
            .iter()
            .map(|name| format!("{name:?} has one value in all rows")),
    );
    (!found.is_empty()).then(|| listed(&found))
}

pub(super) fn few_rows(grid: &FactorGrid, _: &[String]) -> Option<String> {
    let n_rows = grid.n_points();
    (!grid.is_complete() && n_rows < FEW_ROWS).then(|| format!("there are {n_rows} rows"))
}

pub(super) fn determined(grid: &FactorGrid, _: &[String]) -> Option<String> {
    if grid.is_complete() {
        return None;
    }
    let rows = rows_of_pairs(grid.n_points());
    let names = grid.names();
    let alone: Vec<(usize, Spread)> = grid
        .varying()
        .iter()
        .map(|&factor| {
            (
                factor,
                Spread::of(&rows, |row| grid.value(row, factor) as u64),
            )
        })
        .collect();
    let mut found = Vec::new();
    for (at, (a, of_a)) in alone.iter().enumerate() {
        for (b, of_b) in &alone[at + 1..] {
            let both = |row| ((grid.value(row, *a) as u64) << 32) | grid.value(row, *b) as u64;
            let joint = Spread::of(&rows, both);
            let (first, second) = (&names[*a], &names[*b]);
            if joint.is_one_to_one(of_a, of_b, rows.len()) {
                found.push(format!("{first:?} and {second:?} tell each other"));
            } else if joint.is_told_by(of_a, of_b, rows.len()) {
                found.push(format!("{first:?} tells {second:?}"));
            } else if joint.is_told_by(of_b, of_a, rows.len()) {
                found.push(format!("{second:?} tells {first:?}"));
            }
        }
    }
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

/// How often the values of a factor occur, or of two together.
struct Spread {
    /// Values that occur.
    n_values: usize,
    /// In nats.
    entropy: f64,
}

impl Spread {
    fn of(rows: &[usize], value: impl Fn(usize) -> u64) -> Self {
        let mut values: Vec<u64> = rows.iter().map(|&row| value(row)).collect();
        values.sort_unstable();
        let share = |count: usize| count as f64 / rows.len() as f64;
        let counts: Vec<usize> = values.chunk_by(|a, b| a == b).map(<[u64]>::len).collect();
        Self {
            n_values: counts.len(),
            entropy: counts.into_iter().map(|c| -share(c) * share(c).ln()).sum(),
        }
    }

    /// Of two factors together: whether each value of one goes with one value of the other, by rows that repeat.
    fn is_one_to_one(&self, a: &Self, b: &Self, n_rows: usize) -> bool {
        let n_values = a.n_values;
        let is_one_to_one = self.n_values == n_values && b.n_values == n_values;
        1 < n_values && is_one_to_one && 2 * n_values <= n_rows
    }

    /// Of two factors together: whether a value of one nearly tells the other's.
    fn is_told_by(&self, one: &Self, other: &Self, n_rows: usize) -> bool {
        let is_enough = ROWS_TO_TELL * one.n_values <= n_rows;
        let left = self.entropy - one.entropy;
        is_enough && 1 < other.n_values && left <= LEFT_OF_ENTROPY * other.entropy
    }
}
