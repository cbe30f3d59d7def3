//! Means and covariances of codes.

use rayon::prelude::*;

use crate::bytes::{Bytes, array_bytes};
use crate::covariance_sums::Sums;
use crate::table::CodeTable;

/// Rows summed by one task.
const ROWS_PER_TASK: usize = 8192;

/// Means and covariances of every code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Moments {
    n_codes: usize,
    /// `[n_codes]`.
    pub(crate) means: Vec<f64>,
    /// With divisor n - 1, `[n_codes, n_codes]`.
    pub(crate) covariance: Vec<f64>,
}

impl Moments {
    /// The means and covariances over every point of the grid once.
    pub(crate) fn of_grid(table: &CodeTable) -> Self {
        let n_codes = table.n_codes();
        let tasks = table.codes().par_chunks(ROWS_PER_TASK * n_codes);
        let sums = tasks
            .map(|rows| sums_of(table.row(0), rows.chunks_exact(n_codes)))
            .collect();
        Self::from_sums(table, sums, table.grid().n_points())
    }

    /// The maximum number of bytes that [`Self::of_grid`] allocates for this number of points. The sums of all tasks
    /// exist before they are added.
    pub(crate) fn bytes(n_codes: usize, n_points: usize) -> Bytes {
        let n_tasks = n_points.div_ceil(ROWS_PER_TASK) as Bytes;
        let sums = Sums::bytes(n_codes);
        (sums * (n_tasks + 1)).max(sums + Self::bytes_kept(n_codes))
    }

    /// Bytes of one.
    pub(crate) fn bytes_kept(n_codes: usize) -> Bytes {
        array_bytes::<f64>(&[n_codes, n_codes + 1])
    }

    fn from_sums(table: &CodeTable, sums: Vec<Sums>, n_points: usize) -> Self {
        let n_codes = table.n_codes();
        let n = n_points as f64;
        let total = Sums::total(n_codes, sums);
        let mut covariance = vec![0.0; n_codes * n_codes];
        for a in 0..n_codes {
            for b in 0..=a {
                let value = total.centred_product(a, b, n) / (n - 1.0).max(1.0);
                covariance[a * n_codes + b] = value;
                covariance[b * n_codes + a] = value;
            }
        }
        for code in 0..n_codes {
            let variance = &mut covariance[code * n_codes + code];
            *variance = variance.max(0.0);
        }
        let means = total.firsts.iter().zip(table.row(0));
        Self {
            n_codes,
            means: means
                .map(|(sum, &origin)| f64::from(origin) + sum / n)
                .collect(),
            covariance,
        }
    }

    /// Variances with divisor n - 1, `[n_codes]`. Exactly zero for a code that is constant among the points.
    pub(crate) fn variances(&self) -> Vec<f64> {
        (0..self.n_codes)
            .map(|code| self.covariance[code * self.n_codes + code])
            .collect()
    }
}

/// Of the codes of these rows.
fn sums_of<'a>(origin: &[f32], rows: impl Iterator<Item = &'a [f32]>) -> Sums {
    let mut sums = Sums::zero(origin.len());
    let mut deviations = vec![0.0; origin.len()];
    for row in rows {
        for ((deviation, &x), &origin) in deviations.iter_mut().zip(row).zip(origin) {
            *deviation = f64::from(x) - f64::from(origin);
        }
        sums.push(&deviations);
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_of_a_small_table() {
        // Deviations of the first code: -2, -1, 3; the second is -2 times the first plus a large constant.
        let codes = [1.0, 1e6 - 2.0, 2.0, 1e6 - 4.0, 6.0, 1e6 - 12.0];
        let table = CodeTable::new(&codes, 2, &[3]).unwrap();
        let moments = Moments::of_grid(&table);
        assert_eq!(moments.means, [3.0, 1e6 - 6.0]);
        assert_eq!(moments.covariance, [7.0, -14.0, -14.0, 28.0]);
        assert_eq!(moments.variances(), [7.0, 28.0]);
    }

    #[test]
    fn a_constant_code_and_a_single_point_have_no_variance() {
        let codes: Vec<f32> = (0..20_000).flat_map(|x| [0.1, x as f32]).collect();
        let table = CodeTable::new(&codes, 2, &[20_000]).unwrap();
        assert_eq!(Moments::of_grid(&table).covariance[0], 0.0);
        let single = CodeTable::new(&[0.1, 7.0], 2, &[1]).unwrap();
        assert_eq!(Moments::of_grid(&single).variances(), [0.0, 0.0]);
    }
}
