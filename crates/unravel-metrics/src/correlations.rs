//! Correlations between codes, and of codes with factor values.

use rayon::prelude::*;

use crate::bytes::{Bytes, array_bytes};
use crate::covariance_sums::Sums;
use crate::table::CodeTable;

/// Rows summed by one task.
const ROWS_PER_TASK: usize = 8192;

/// Codes whose variance is no larger than this are taken for constant, as disentanglement_lib does in its SAP score.
const MIN_VARIANCE: f64 = 1e-12;

/// Pearson correlations; 0 with a code or a factor that does not vary, a code's with itself included.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Correlations {
    /// `[n_codes, n_codes]`.
    pub(crate) between_codes: Vec<f64>,
    /// `[n_codes, n_factors]`.
    pub(crate) with_factors: Vec<f64>,
}

impl Correlations {
    /// The means and covariances over every point of the grid once.
    pub(crate) fn of_grid(table: &CodeTable) -> Self {
        let n_points = table.grid().n_points();
        let tasks = (0..n_points.div_ceil(ROWS_PER_TASK)).into_par_iter();
        let sums = tasks
            .map(|task| {
                let first = task * ROWS_PER_TASK;
                sums_of(table, first..(first + ROWS_PER_TASK).min(n_points))
            })
            .collect();
        Self::from_sums(table, sums, n_points)
    }

    /// Over the given points, each as often as it is given.
    pub(crate) fn of_points(table: &CodeTable, points: &[u32]) -> Self {
        let sums = points
            .par_chunks(ROWS_PER_TASK)
            .map(|points| sums_of(table, points.iter().map(|&point| point as usize)))
            .collect();
        Self::from_sums(table, sums, points.len())
    }

    /// Bytes that either holds at most, of so many points; all tasks' sums are there before they are added up.
    pub(crate) fn bytes(table: &CodeTable, n_points: usize) -> Bytes {
        let n_columns = table.n_codes() + table.grid().n_factors();
        let n_tasks = n_points.div_ceil(ROWS_PER_TASK) as Bytes;
        let sums = Sums::bytes(n_columns);
        let kept = array_bytes::<f64>(&[table.n_codes(), n_columns]);
        (sums * (n_tasks + 1)).max(sums + kept)
    }

    fn from_sums(table: &CodeTable, tasks: Vec<Sums>, n_points: usize) -> Self {
        let (n_codes, n_factors) = (table.n_codes(), table.grid().n_factors());
        let n_columns = n_codes + n_factors;
        let n = n_points as f64;
        let sums = Sums::total(n_columns, tasks);
        let covariance = |a: usize, b: usize| sums.centred_product(a, b, n) / n;
        let variances: Vec<f64> = (0..n_columns)
            .map(|column| covariance(column, column))
            .collect();
        let correlation = |a: usize, b: usize| {
            if variances[a] <= MIN_VARIANCE || variances[b] <= MIN_VARIANCE {
                0.0
            } else if a == b {
                1.0
            } else {
                (covariance(a, b) / (variances[a] * variances[b]).sqrt()).clamp(-1.0, 1.0)
            }
        };
        let block = |columns: std::ops::Range<usize>| {
            let rows =
                (0..n_codes).flat_map(|code| columns.clone().map(move |column| (code, column)));
            let mut block = Vec::with_capacity(n_codes * columns.len());
            block.extend(rows.map(|(code, column)| correlation(code, column)));
            block
        };
        Self {
            between_codes: block(0..n_codes),
            with_factors: block(n_codes..n_columns),
        }
    }
}

/// Of the codes and the factor values of these points.
fn sums_of(table: &CodeTable, points: impl Iterator<Item = usize>) -> Sums {
    let grid = table.grid();
    let mut sums = Sums::zero(table.n_codes() + grid.n_factors());
    let mut row = vec![0.0; table.n_codes() + grid.n_factors()];
    for point in points {
        let (codes, values) = row.split_at_mut(table.n_codes());
        for ((code, &x), &origin) in codes.iter_mut().zip(table.row(point)).zip(table.row(0)) {
            *code = f64::from(x) - f64::from(origin);
        }
        for (factor, value) in values.iter_mut().enumerate() {
            *value = grid.value(point, factor) as f64;
        }
        sums.push(&row);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_of_a_small_table() {
        // The first code is the factor, the second falls with it, the third is constant.
        let codes = [1.0, 1e6, 0.3, 2.0, 1e6 - 2.0, 0.3, 3.0, 1e6 - 4.0, 0.3];
        let table = CodeTable::new(&codes, 3, &[3]).unwrap();
        let expected = Correlations {
            between_codes: vec![1.0, -1.0, 0.0, -1.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            with_factors: vec![1.0, -1.0, 0.0],
        };
        assert_eq!(Correlations::of_grid(&table), expected);
        assert_eq!(
            Correlations::of_points(&table, &[0, 1, 2, 0, 1, 2]),
            expected
        );
        let at_one_point = Correlations::of_points(&table, &[1]);
        assert_eq!(at_one_point.with_factors, [0.0; 3]);
    }
}
