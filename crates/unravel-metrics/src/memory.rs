//! Estimates the memory for scoring a table.
//!
//! The memory depends on the metric: tables of counts grow with the number of factor values, covariances with the
//! square of the number of codes, and samples with the number of codes. Each metric's file computes its memory from the
//! `bytes` functions of its parts. These functions are beside the parts, so that both are changed together. Memory that
//! does not grow with any of these, a megabyte or two, is not counted.

use unravel_score::{Metric, Variant};

use crate::budget::Scoring;
use crate::bytes::Bytes;
use crate::catalogue::MetricExt;
use crate::table::CodeTable;

/// The maximum number of bytes for these scores, without the table: they are computed one after the other in a pool of
/// this number of threads, sampled variants once per seed, and all outcomes are kept. Metrics that reject the table
/// need no memory.
#[must_use]
pub fn scoring_bytes(
    table: &CodeTable,
    pairs: &[(Metric, Variant)],
    n_seeds: u64,
    n_threads: usize,
) -> u64 {
    let scoring = Scoring { table, n_threads };
    let offered = table.offered();
    let computed = pairs
        .iter()
        .filter(|(metric, variant)| metric.check(*variant, &offered).is_ok());
    let (mut kept, mut most): (Bytes, Bytes) = (0, 0);
    for &(metric, variant) in computed {
        let definition = metric.definition();
        let n_outcomes = if variant.is_sampled() { n_seeds } else { 1 };
        kept += (definition.outcome_bytes)(table) * Bytes::from(n_outcomes);
        most = most.max((definition.bytes)(scoring, variant));
    }
    u64::try_from(kept.saturating_add(most)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discretise::N_BINS;
    use crate::grid::FactorGrid;

    /// An allowance for outcomes and other small allocations.
    const LITTLE: u64 = 20 << 20;

    fn all_of(metric: Metric) -> Vec<(Metric, Variant)> {
        metric
            .variants()
            .iter()
            .map(|&variant| (metric, variant))
            .collect()
    }

    /// Every metric whose memory grows with the square of the codes rejects a table of four points.
    #[test]
    fn wide_tables_take_the_square_of_their_codes() {
        let n_codes = 60_000_usize;
        let codes = vec![0.5; 24 * n_codes];
        let logvars = vec![0.0; 24 * n_codes];
        let table = CodeTable::new(&codes, n_codes, &[12, 2]).unwrap();
        let table = table.with_logvars(&logvars).unwrap();
        let square = (n_codes * n_codes) as u64;
        let bytes = |metric, variant| scoring_bytes(&table, &[(metric, variant)], 1, 2);
        for (metric, variant) in [
            (Metric::Sap, Variant::Study),
            (Metric::Sap, Variant::Exact),
            (Metric::Sap, Variant::Lin2020),
            (Metric::Dci, Variant::Lasso),
            (Metric::Dci, Variant::Lin2020),
            (Metric::ActiveUnits, Variant::Exact),
            (Metric::FactorVaeScore, Variant::Exact),
            (Metric::BetaVaeScore, Variant::Study),
            (Metric::BetaVaeScore, Variant::Lin2020),
            (Metric::Explicitness, Variant::Study),
            (Metric::Explicitness, Variant::Lin2020),
        ] {
            // Half of the square for the sums of the one task and half for all of them.
            assert!(8 * square <= bytes(metric, variant), "{}", metric.name());
        }
        // Half of the pairs, 400 cells of four bytes.
        assert!(800 * square - 800 * n_codes as u64 <= bytes(Metric::Unsupervised, Variant::Exact));
        // Samples of so wide a table are gigabytes.
        assert!(15_000 * 4 * n_codes as u64 <= bytes(Metric::Dci, Variant::Study));
        assert!(10_000 * 4 * n_codes as u64 <= bytes(Metric::Unsupervised, Variant::Study));
        assert!(bytes(Metric::Mig, Variant::Exact) < 1 << 30);
    }

    #[test]
    fn four_points_are_counted_as_well() {
        let (n_codes, n_points) = (60_000_usize, 4);
        let codes = vec![0.5; n_points * n_codes];
        let table = CodeTable::new(&codes, n_codes, &[2, 2]).unwrap();
        for (metric, variant) in [
            (Metric::Sap, Variant::Exact),
            (Metric::Dci, Variant::Lasso),
            (Metric::ActiveUnits, Variant::Exact),
        ] {
            let scoring = Scoring {
                table: &table,
                n_threads: 1,
            };
            assert!(
                20 << 30 < (metric.definition().bytes)(scoring, variant),
                "{}",
                metric.name()
            );
            // Too few points to score, so nothing is held.
            assert_eq!(scoring_bytes(&table, &[(metric, variant)], 1, 1), 0);
        }
    }

    /// A hundred thousand rows whose five factors never repeat a value, as those of a simulation.
    #[test]
    fn honest_tables_ask_for_what_they_take() {
        let (n_rows, n_factors, n_codes) = (100_000, 5, 10);
        let codes: Vec<f32> = (0..n_rows * n_codes).map(|i| (i % 7919) as f32).collect();
        let values = (0..n_rows as u32).flat_map(|row| [row; 5]).collect();
        let grid = FactorGrid::of_rows(&[n_rows; 5], values).unwrap();
        let table = CodeTable::over(&codes, n_codes, grid).unwrap();
        let bytes = |metric, n_threads| {
            let pairs: Vec<_> = all_of(metric);
            scoring_bytes(&table, &pairs, 5, n_threads)
        };
        // One table of all counts, whatever the number of threads.
        let one_table = (n_codes * n_factors * n_rows * N_BINS * 4) as u64;
        for n_threads in [1, 16] {
            for metric in [
                Metric::Mig,
                Metric::Jemmig,
                Metric::Modularity,
                Metric::Dcimig,
            ] {
                let bytes = bytes(metric, n_threads);
                assert!((one_table..one_table + LITTLE).contains(&bytes), "{bytes}");
            }
        }
        // Who counts nothing is charged for no counts.
        for metric in [
            Metric::BetaVaeScore,
            Metric::FactorVaeScore,
            Metric::Sap,
            Metric::Irs,
        ] {
            let bytes = bytes(metric, 16);
            assert!(bytes < 200 << 20, "{}: {bytes}", metric.name());
        }
    }

    #[test]
    fn all_metrics_of_dsprites_take_less_than_a_few_gigabytes() {
        let sizes = [3, 6, 40, 32, 32];
        let n_codes = 10;
        let n_points: usize = sizes.iter().product();
        let codes: Vec<f32> = (0..n_points * n_codes).map(|i| (i % 7919) as f32).collect();
        let logvars = vec![0.0; codes.len()];
        let table = CodeTable::new(&codes, n_codes, &sizes).unwrap();
        let table = table.with_logvars(&logvars).unwrap();
        for metric in Metric::ALL {
            for (metric, variant) in all_of(metric) {
                let bytes = scoring_bytes(&table, &[(metric, variant)], 5, 16);
                let limit = match metric {
                    // Lattices of 32,768 nodes at most for each value of each factor, by ten threads.
                    Metric::MigChen => 2 << 30,
                    _ => 700 << 20,
                };
                assert!(
                    bytes < limit,
                    "{} {}: {bytes}",
                    metric.name(),
                    variant.name()
                );
            }
        }
    }
}
