//! The estimates of discrete codes: plug-in mutual information of labels, and a classifier of indicators.

use rayon::prelude::*;

use super::levels::Levels;
use super::{Estimates, Sample, predicted};
use crate::bytes::{Bytes, array_bytes};
use crate::estimators::balanced_logistic;
use crate::estimators::indicators::Indicators;

/// The estimates of a sample whose codes take these values.
pub(super) fn estimate(sample: &Sample<'_>, levels: &[Levels]) -> Estimates {
    let n_codes = levels.len();
    let mut values: Vec<u16> = Vec::with_capacity(sample.points.len() * n_codes);
    for &point in sample.points {
        let row = sample.table.row(point as usize).iter().zip(levels);
        values.extend(row.map(|(&x, levels)| levels.number(x)));
    }
    let column = |code: usize| values.iter().skip(code).step_by(n_codes).copied();
    let shares = |code: usize| -> Vec<f64> {
        let of_factor = |(position, labels): (usize, &Vec<u16>)| {
            let counts = counts(
                column(code).zip(labels.iter().copied()),
                [levels[code].len(), sample.n_values(position)],
            );
            sample.share(information(&counts, sample.points.len()), position)
        };
        sample.labels.iter().enumerate().map(of_factor).collect()
    };
    let n_levels: Vec<usize> = levels.iter().map(Levels::len).collect();
    let indicators = Indicators::new(&values, &n_levels);
    let explained = |labels: &Vec<u16>| {
        let labels: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
        predicted(&balanced_logistic::fit_design(&indicators, &labels))
    };
    Estimates {
        shares: (0..n_codes).into_par_iter().map(shares).collect(),
        active: (0..n_codes)
            .map(|code| column(code).any(|value| Some(value) != column(code).next()))
            .collect(),
        explained: sample.labels.iter().map(explained).collect(),
    }
}

/// The joint counts of a code's levels and a factor's values: `[n_levels][n_values]`.
fn counts(
    pairs: impl Iterator<Item = (u16, u16)>,
    [n_levels, n_values]: [usize; 2],
) -> Vec<Vec<u32>> {
    // Values beyond 16 bits share labels.
    let n_values = n_values.min(1 + usize::from(u16::MAX));
    let mut counts = vec![vec![0; n_values]; n_levels];
    for (level, value) in pairs {
        counts[usize::from(level)][usize::from(value)] += 1;
    }
    counts
}

/// Plug-in mutual information of two labels of `n` points from their joint counts, in nats.
fn information(counts: &[Vec<u32>], n: usize) -> f64 {
    let mut of_value = vec![0_u32; counts.first().map_or(0, Vec::len)];
    for row in counts {
        for (sum, count) in of_value.iter_mut().zip(row) {
            *sum += count;
        }
    }
    let n = n as f64;
    let of_row = |row: &Vec<u32>| -> f64 {
        let of_level = f64::from(row.iter().sum::<u32>());
        row.iter()
            .zip(&of_value)
            .filter(|(count, _)| 0 < **count)
            .map(|(&count, &of_value)| {
                let count = f64::from(count);
                // Products of counts are exact, so independent labels have exactly no information.
                count / n * (count * n / (of_level * f64::from(of_value))).ln()
            })
            .sum()
    };
    counts.iter().map(of_row).sum::<f64>().max(0.0)
}

/// Bytes that the estimates hold at most beside the sample, of factors with at most `n_labels` values of which `n_classes`
/// occur, with `n_threads` threads.
pub(crate) fn bytes(
    n_points: usize,
    levels: &[Levels],
    [n_classes, n_labels]: [usize; 2],
    n_threads: usize,
) -> Bytes {
    let n_features = levels.iter().map(Levels::len).sum();
    let largest = levels.iter().map(Levels::len).max().unwrap_or(0);
    let joint = array_bytes::<u32>(&[largest, n_labels.min(1 << 16), n_threads.min(levels.len())]);
    let fit = Indicators::bytes(n_points, levels.len(), n_features)
        + balanced_logistic::bytes(n_points, n_features, n_classes);
    array_bytes::<u16>(&[n_points, levels.len()]) + joint.max(fit)
}

#[cfg(test)]
mod tests {
    use super::super::levels::of_table;
    use super::super::{exact, study};
    use super::*;
    use crate::table::CodeTable;

    /// Codes of 10,000 points of a grid of four factors: a factor, another in three steps, a sum of two, a small step.
    fn quantised() -> Vec<f32> {
        (0..10_000)
            .flat_map(|point| {
                let [a, b, c, d] = [point / 1000, point / 100 % 10, point / 10 % 10, point % 10];
                let small = if a == 0 { 0.07 } else { 0.0 };
                [a as f32 / 3.0, (b / 4) as f32, ((c + d) % 5) as f32, small]
            })
            .collect()
    }

    #[test]
    fn few_values_in_every_code_are_discrete() {
        let codes = quantised();
        let table = CodeTable::new(&codes, 4, &[10; 4]).unwrap();
        let found = of_table(&table).unwrap();
        assert_eq!(
            found.iter().map(Levels::len).collect::<Vec<_>>(),
            [10, 3, 5, 2]
        );
        let outcome = exact(&table).unwrap();
        assert_eq!(outcome.notes, [super::super::DISCRETE]);
        // The small step has a range below a twentieth of the largest, and is active all the same.
        assert_eq!(outcome.quantity("n_active_codes"), Some(4.0));
        let information = outcome.matrix("normalised_mutual_information").unwrap();
        assert!((information.at(0, 0) - 1.0).abs() < 1e-14);
        assert_eq!(information.at(0, 1), 0.0);
        // Ten values in steps of four, four and two.
        let entropy = -(0.8 * 0.4_f64.ln() + 0.2 * 0.2_f64.ln());
        assert!((information.at(1, 1) - entropy / 10_f64.ln()).abs() < 1e-14);
        // The share of information that the sum of two factors does not have about either.
        assert!(information.at(2, 2) < 1e-14);
        let explained = outcome.matrix("explained_share_of_entropy").unwrap();
        assert!(
            (explained.at(0, 1) - information.at(1, 1)).abs() < 1e-4,
            "{explained:?}"
        );
        assert!(0.9999 < explained.at(0, 0));
        // 10,000 of 10,000 points are all of them.
        assert_eq!(study(&table, 3).unwrap(), outcome);
    }

    #[test]
    fn one_continuous_code_makes_all_of_them_continuous() {
        let mut codes = quantised();
        codes
            .iter_mut()
            .step_by(4)
            .enumerate()
            .for_each(|(point, x)| *x += 1e-3 * point as f32);
        let table = CodeTable::new(&codes, 4, &[10; 4]).unwrap();
        assert!(of_table(&table).is_none());
        assert_eq!(
            exact(&table).unwrap().notes,
            [super::super::MOSTLY_DISCRETE]
        );
    }

    #[test]
    fn a_dead_code_with_noise_leaves_the_estimator_as_it_is() {
        let noise = |point: usize| (point * 2_654_435_761 % 1_000_003) as f32 / 1e6;
        let with = |scale: f32| -> Vec<f32> {
            let rows = quantised();
            let rows = rows.chunks_exact(4).enumerate();
            rows.flat_map(|(point, row)| [row[0], row[1], row[2], scale * noise(point)])
                .collect()
        };
        let score = |codes: &[f32]| exact(&CodeTable::new(codes, 4, &[10; 4]).unwrap()).unwrap();
        let (constant, dead) = (score(&with(0.0)), score(&with(1e-3)));
        assert_eq!(constant.notes, [super::super::DISCRETE]);
        assert_eq!(dead.notes, [super::super::DISCRETE_BUT_DEAD]);
        assert_eq!(dead.quantities, constant.quantities);
        // An active one is continuous, and that is said.
        assert_eq!(score(&with(1.0)).notes, [super::super::MOSTLY_DISCRETE]);
    }

    #[test]
    fn a_few_rows_with_noise_in_every_code_are_said_to_switch_the_estimator() {
        let mut codes = quantised();
        for (row, codes) in codes.chunks_exact_mut(4).enumerate().step_by(25) {
            codes.iter_mut().for_each(|x| *x += 1e-4 * (1 + row) as f32);
        }
        let table = CodeTable::new(&codes, 4, &[10; 4]).unwrap();
        assert_eq!(
            exact(&table).unwrap().notes,
            [super::super::MOSTLY_DISCRETE]
        );
    }

    #[test]
    fn few_points_or_no_code_that_varies_are_not_discrete() {
        let level = |n_points: usize, n_values: usize| {
            let codes: Vec<f32> = (0..n_points)
                .map(|point| (point % n_values) as f32)
                .collect();
            of_table(&CodeTable::new(&codes, 1, &[n_points]).unwrap()).is_some()
        };
        assert!(level(40, 2) && level(5120, 256));
        assert!(!level(39, 2) && !level(100_000, 257) && !level(100, 1));
    }
}
