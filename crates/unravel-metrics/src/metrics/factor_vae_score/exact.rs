//! The FactorVAE score without sampling: every value of every factor is held fixed once.

use rayon::prelude::*;
use unravel_score::Metric;

use super::{ActiveCode, Settings, steadiest};
use crate::error::MetricError;
use crate::grid::Matching;
use crate::moments::Moments;
use crate::outcome::{Matrix, Outcome};
use crate::table::CodeTable;

/// Rows summed by one task.
pub(crate) const ROWS_PER_TASK: usize = 16_384;

/// The FactorVAE score of the whole grid.
///
/// # Errors
/// Fewer than two factors vary, or can be held fixed.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::FactorVaeScore, 2)?;
    let active = active_codes(table);
    let votes = votes(table, &active);
    // A classifier that predicts the factor with the largest share is correct for this share.
    let largest = |shares: &[f64]| shares.iter().copied().fold(0.0, f64::max);
    let accuracy: f64 = votes
        .chunks_exact(table.grid().n_factors())
        .map(largest)
        .sum();
    let accuracy = accuracy.min(1.0);
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("eval_accuracy", accuracy),
            ("train_accuracy", accuracy),
            ("n_active_codes", active.len() as f64),
        ],
        matrices: vec![Matrix::codes_by_factors("vote_shares", table, votes)],
    })
}

fn active_codes(table: &CodeTable) -> Vec<ActiveCode> {
    let n = table.grid().n_points() as f64;
    let variances = Moments::of_grid(table).variances().into_iter().enumerate();
    variances
        .map(|(code, variance)| ActiveCode {
            code,
            global_variance: variance * (n - 1.0) / n,
        })
        .filter(|code| Settings::STUDY.active_sd <= code.global_variance.sqrt())
        .collect()
}

/// The share of votes of each code and factor, `[n_codes, n_factors]`; all zero without an active code.
fn votes(table: &CodeTable, active: &[ActiveCode]) -> Vec<f64> {
    let n_factors = table.grid().n_factors();
    let mut votes = vec![0.0; table.n_codes() * n_factors];
    if active.is_empty() {
        return votes;
    }
    let held = held_fixed(table);
    for (factor, variances) in &held {
        let n_values = variances.len() / table.n_codes();
        let share = 1.0 / (held.len() * n_values) as f64;
        for of_value in variances.chunks_exact(table.n_codes()) {
            votes[steadiest(active, of_value) * n_factors + factor] += share;
        }
    }
    votes
}

/// The factors that can be held fixed, with the variance of every code at each of their values, `[n_values, n_codes]`.
fn held_fixed(table: &CodeTable) -> Vec<(usize, Vec<f64>)> {
    let (grid, n_codes) = (table.grid(), table.n_codes());
    if let Some(matching) = grid.matching() {
        let of_factor = |matching: &Matching| {
            let groups = matching.groups.iter();
            let variances = groups.flat_map(|points| variances_of_points(table, points));
            (matching.factor, variances.collect())
        };
        return matching.iter().map(of_factor).collect();
    }
    let groups = Groups::new(table);
    let variances = groups.variances(table);
    let of_factor = |&factor: &usize| {
        let first = groups.first[factor] * n_codes;
        let of_values = &variances[first..][..grid.sizes()[factor] * n_codes];
        (factor, of_values.to_vec())
    };
    grid.varying().iter().map(of_factor).collect()
}

/// Variance of every code over some points (divisor n), `[n_codes]`; there is at least one point.
fn variances_of_points(table: &CodeTable, points: &[u32]) -> Vec<f64> {
    let mut sums = Sums::zero(1, table.n_codes());
    let origin = table.row(points[0] as usize);
    for &point in points {
        sums.add_row(0, table.row(point as usize), origin);
    }
    sums.variances()
}

/// The points of a complete grid grouped by the value of each factor, for all factors one after the other.
struct Groups {
    /// Number of the first group of each factor.
    first: Vec<usize>,
    n_groups: usize,
    /// The first point of each group, whose codes are the origin of the group's deviations. A code that is constant in
    /// a group therefore has a variance of exactly 0, and large means cause no cancellation.
    origins: Vec<u32>,
}

/// Number of points, sums and sums of squares of the codes' deviations from their group's origin.
struct Sums {
    counts: Vec<u32>,
    /// `[n_groups, n_codes]`.
    firsts: Vec<f64>,
    /// `[n_groups, n_codes]`.
    squares: Vec<f64>,
}

impl Groups {
    fn new(table: &CodeTable) -> Self {
        let grid = table.grid();
        let (mut first, mut origins) = (Vec::new(), Vec::new());
        for factor in 0..grid.n_factors() {
            first.push(origins.len());
            let values = 0..grid.sizes()[factor];
            origins.extend(values.map(|value| (value * grid.stride(factor)) as u32));
        }
        Self {
            first,
            n_groups: origins.len(),
            origins,
        }
    }

    /// Variances of every code within each group (divisor n), `[n_groups, n_codes]`.
    fn variances(&self, table: &CodeTable) -> Vec<f64> {
        let n_codes = table.n_codes();
        let tasks = table.codes().par_chunks(ROWS_PER_TASK * n_codes);
        let parts: Vec<Sums> = tasks
            .enumerate()
            .map(|(task, rows)| self.sums(table, rows, task * ROWS_PER_TASK))
            .collect();
        let mut total = Sums::zero(self.n_groups, n_codes);
        for part in &parts {
            total.add(part);
        }
        total.variances()
    }

    /// Of consecutive rows from `first_point` on.
    fn sums(&self, table: &CodeTable, rows: &[f32], first_point: usize) -> Sums {
        let n_codes = table.n_codes();
        let mut sums = Sums::zero(self.n_groups, n_codes);
        for (point, row) in (first_point..).zip(rows.chunks_exact(n_codes)) {
            for (factor, first) in self.first.iter().enumerate() {
                let group = first + table.grid().value(point, factor);
                sums.add_row(group, row, table.row(self.origins[group] as usize));
            }
        }
        sums
    }
}

impl Sums {
    fn zero(n_groups: usize, n_codes: usize) -> Self {
        Self {
            counts: vec![0; n_groups],
            firsts: vec![0.0; n_groups * n_codes],
            squares: vec![0.0; n_groups * n_codes],
        }
    }

    /// Counts a row of a group, as deviations from the group's origin.
    #[inline]
    fn add_row(&mut self, group: usize, row: &[f32], origin: &[f32]) {
        self.counts[group] += 1;
        let cells = group * row.len()..(group + 1) * row.len();
        let firsts = self.firsts[cells.clone()].iter_mut();
        let sums = firsts.zip(&mut self.squares[cells]);
        for ((first, square), (&x, &origin)) in sums.zip(row.iter().zip(origin)) {
            let deviation = f64::from(x) - f64::from(origin);
            *first += deviation;
            *square += deviation * deviation;
        }
    }

    fn add(&mut self, other: &Self) {
        for (sum, count) in self.counts.iter_mut().zip(&other.counts) {
            *sum += count;
        }
        let sums = self.firsts.iter_mut().chain(&mut self.squares);
        for (sum, value) in sums.zip(other.firsts.iter().chain(&other.squares)) {
            *sum += value;
        }
    }

    /// With divisor n, `[n_groups, n_codes]`.
    fn variances(&self) -> Vec<f64> {
        let n_codes = self.firsts.len() / self.counts.len();
        let sums = self.firsts.iter().zip(&self.squares).enumerate();
        sums.map(|(at, (first, square))| {
            let n = f64::from(self.counts[at / n_codes].max(1));
            (square / n - (first / n).powi(2)).max(0.0)
        })
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_two_factors_gets_the_votes_of_the_one_that_moves_it_more() {
        // The second code is ten times the second factor, plus the first: its relative variance is smallest when the
        // second factor is fixed.
        let codes: Vec<f32> = (0..12)
            .flat_map(|point| [(point / 4) as f32, (10 * (point % 4) + point / 4) as f32])
            .collect();
        let table = CodeTable::new(&codes, 2, &[3, 4]).unwrap();
        let outcome = exact(&table).unwrap();
        assert!((outcome.headline() - 1.0).abs() < 1e-15);
        let votes = &outcome.matrix("vote_shares").unwrap().values;
        assert_eq!([votes[1], votes[2]], [0.0; 2]);
    }

    #[test]
    fn variances_are_those_of_the_groups() {
        let codes = [1e6, 1e6 + 2.0, 5.0, 5.0];
        let table = CodeTable::new(&codes, 1, &[2, 2]).unwrap();
        let variances = Groups::new(&table).variances(&table);
        assert_eq!(variances[..2], [1.0, 0.0]);
    }
}
