//! What scoring a table takes of memory, before it is taken.

use crate::discretise::N_BINS;
use crate::registry::Metric;
use crate::table::CodeTable;

/// Rows that one task of a metric works on at least.
const ROWS_PER_TASK: usize = 8192;

/// A count of points.
const COUNT: u64 = size_of::<u32>() as u64;

/// Bytes that these metrics hold at most beside the table, in a pool of so many threads.
///
/// The tables of counts are what grows: of every code with every value of every factor, and, for [`Metric::Unsupervised`],
/// of every two codes; one for each task at work and one for their sum. Samples of points are small beside them.
#[must_use]
pub fn scoring_bytes(table: &CodeTable, metrics: &[Metric], n_threads: usize) -> u64 {
    let n_codes = table.n_codes() as u64;
    let n_values: u64 = table.grid().sizes().iter().map(|&size| size as u64).sum();
    let n_tasks = table.grid().n_points().div_ceil(ROWS_PER_TASK);
    let n_tables = n_tasks.min(n_threads) as u64 + 1;
    let n_bins = N_BINS as u64;
    let with_factors = n_codes.saturating_mul(n_values).saturating_mul(n_bins);
    let with_codes = match metrics.contains(&Metric::Unsupervised) {
        true => {
            n_codes
                .saturating_mul(n_codes)
                .saturating_mul(n_bins * n_bins)
                / 2
        }
        false => 0,
    };
    let n_cells = with_factors.saturating_add(with_codes);
    n_cells.saturating_mul(COUNT).saturating_mul(n_tables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_tables_take_the_square_of_their_codes_for_pairs_only() {
        let n_codes = 3000;
        let codes = vec![0.5; 4 * n_codes];
        let table = CodeTable::new(&codes, n_codes, &[2, 2]).unwrap();
        // Four values, twenty bins, four bytes; one task and the sum.
        assert_eq!(
            scoring_bytes(&table, &[Metric::Mig], 16),
            3000 * 4 * 20 * 4 * 2
        );
        let pairs = scoring_bytes(&table, &[Metric::Mig, Metric::Unsupervised], 16);
        let of_factors = scoring_bytes(&table, &[Metric::Mig], 16);
        // Half of the pairs, 400 cells of four bytes.
        assert_eq!(pairs - of_factors, 3000 * 3000 / 2 * 400 * 4 * 2);
    }
}
