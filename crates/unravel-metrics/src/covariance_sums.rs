//! Sums for covariances.

use crate::bytes::{Bytes, array_bytes};

/// Sums over rows of deviations from an origin. The origin should be a row: then a constant column has a variance of
/// exactly 0, and large means cause no cancellation.
pub(crate) struct Sums {
    /// `[n_columns]`, of the deviations.
    pub(crate) firsts: Vec<f64>,
    /// Of the products of two deviations: the lower triangle, row by row.
    products: Vec<f64>,
}

impl Sums {
    /// Empty sums.
    pub(crate) fn zero(n_columns: usize) -> Self {
        Self {
            firsts: vec![0.0; n_columns],
            products: vec![0.0; n_columns * (n_columns + 1) / 2],
        }
    }

    /// Bytes of one.
    pub(crate) fn bytes(n_columns: usize) -> Bytes {
        array_bytes::<f64>(&[n_columns, n_columns + 3]) / 2
    }

    /// Adds up in the order of the tasks, which does not depend on the threads.
    pub(crate) fn total(n_columns: usize, tasks: Vec<Self>) -> Self {
        let mut total = Self::zero(n_columns);
        for task in tasks {
            let sums = total.firsts.iter_mut().chain(&mut total.products);
            for (sum, value) in sums.zip(task.firsts.iter().chain(&task.products)) {
                *sum += value;
            }
        }
        total
    }

    /// Adds the deviations of one row.
    pub(crate) fn push(&mut self, deviations: &[f64]) {
        let mut first = 0;
        for (column, &deviation) in deviations.iter().enumerate() {
            self.firsts[column] += deviation;
            for (sum, other) in self.products[first..]
                .iter_mut()
                .zip(&deviations[..=column])
            {
                *sum += deviation * other;
            }
            first += column + 1;
        }
    }

    /// The sum over `n` rows of the products of two columns' deviations from their means.
    pub(crate) fn centred_product(&self, a: usize, b: usize, n: f64) -> f64 {
        let (a, b) = (a.max(b), a.min(b));
        self.products[a * (a + 1) / 2 + b] - self.firsts[a] * self.firsts[b] / n
    }
}
