//! IRS, the interventional robustness score: how little a code changes while the factor that it encodes is fixed.
//!
//! IRS fixes a factor at one of its values and computes the absolute deviations of each code from its mean over the
//! points with this value. It takes their 99th percentile, averages it over the values, and divides it by the largest
//! deviation of the code over all points. The robustness of the code to the factor is one minus this ratio. The score
//! of a code is its highest robustness over factors. IRS is the mean score over codes, weighted by their largest
//! deviations. From Suter et al. 2019, "Robustly Disentangled Causal Mechanisms: Validating Deep Representations for
//! Interventional Robustness" (section 4), in the form of disentanglement_lib: it uses a percentile instead of the
//! paper's maximum.
//!
//! - Range 0 to 1, higher is better. Study: 10,000 points drawn with replacement. Exact: every point of the grid once.
//! - Cost: one selection (percentile) for each code and factor: a few milliseconds (study), about half a second (exact,
//!   on the 737,280 points of dSprites) of CPU time. On a busy machine, up to two seconds of wall time were measured.
//! - The headline is that of disentanglement_lib, which puts factor values into 20 bins. This merges values of factors
//!   with more than 20 values. `irs_raw_factors` uses the unbinned values.
//! - Constant codes are excluded. If all codes are constant, the score is 0.
//! - A factor with a single value is ignored. At least one factor must vary.
//!
//! Pitfalls: codes are weighted by their largest deviation, so a noise code with the scale of the prior has the same
//! weight as an informative code. A perfect representation of dSprites scores 1.00, and 0.60 with five additional noise
//! codes. Largest deviations depend on outliers and grow with the sample. Codes of smaller scale count less.
//! disentanglement_lib's `num_active_dims` is a sum of code values, not a number of codes; unravel reports the number
//! of codes. disentanglement_lib also treats a code that is constant up to rounding as active, and then divides by
//! zero.

use rayon::prelude::*;
use unravel_score::{Direction, Metric, Variant};

use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::definition::{Definition, Quantity};
use crate::discretise::EqualWidthBins;
use crate::error::MetricError;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{Purpose, study_points};
use crate::table::{CodeRange, CodeTable};

/// The definition of IRS: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "IRS",
    one_line: "how little a code changes while the factor that it encodes is fixed and all other factors vary",
    paper: "Suter et al. 2019, Robustly Disentangled Causal Mechanisms",
    quantities: &[
        Quantity::score(
            "irs",
            "mean robustness of the codes, factor values in 20 bins",
        ),
        Quantity::score(
            "irs_raw_factors",
            "mean robustness of the codes, factor values without bins",
        ),
        Quantity::unbounded(
            "n_active_codes",
            Direction::Neither,
            "number of codes that are not constant",
        ),
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
    ],
    is_slow: |_| false,
    nanoseconds: |work, _| 60.0 * work.points * work.codes,
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The points of the study variant.
pub const POINTS: Purpose = Purpose::new("irs/points");

/// The quantile of the deviations that robustness uses.
const QUANTILE: f64 = 0.99;

/// IRS of 10,000 random points.
///
/// # Errors
/// No factor varies.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    outcome(table, &study_points(table.grid(), POINTS, seed))
}

/// IRS of the whole grid.
///
/// # Errors
/// No factor varies.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    let points: Vec<u32> = (0..table.grid().n_points() as u32).collect();
    outcome(table, &points)
}

fn outcome(table: &CodeTable, points: &[u32]) -> Result<Outcome, MetricError> {
    table.needs_varying(Metric::Irs, 1)?;
    let groupings = |binned: bool| -> Vec<Option<Vec<u16>>> {
        (0..table.grid().n_factors())
            .map(|factor| groups(table, points, factor, binned))
            .collect()
    };
    let (raw, binned) = (groupings(false), groupings(true));
    let codes: Vec<Code> = (0..table.n_codes())
        .into_par_iter()
        .map(|code| Code::new(table, points, code, &raw, &binned))
        .collect();
    let matrix = |name: &str, pick: fn(&Code) -> &Vec<f64>| {
        Matrix::codes_by_factors(
            name,
            table,
            codes.iter().flat_map(|code| pick(code).clone()).collect(),
        )
    };
    let n_active = codes
        .iter()
        .filter(|code| 0.0 < code.largest_deviation)
        .count();
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("irs", weighted_mean(&codes, |code| &code.binned)),
            ("irs_raw_factors", weighted_mean(&codes, |code| &code.raw)),
            ("n_active_codes", n_active as f64),
        ],
        matrices: vec![
            matrix("robustness", |code| &code.binned),
            matrix("robustness_raw_factors", |code| &code.raw),
            Matrix::by_code(
                "largest_deviation",
                &["largest_deviation"],
                table,
                codes.iter().map(|code| code.largest_deviation).collect(),
            ),
        ],
    })
}

/// The mean of each code's best robustness, weighted by its largest deviation; 0 if all codes are constant.
fn weighted_mean(codes: &[Code], robustness: impl Fn(&Code) -> &Vec<f64>) -> f64 {
    let weight: f64 = codes.iter().map(|code| code.largest_deviation).sum();
    let best = |code: &Code| robustness(code).iter().copied().fold(0.0, f64::max);
    let sum: f64 = codes
        .iter()
        .map(|code| code.largest_deviation * best(code))
        .sum();
    if weight == 0.0 {
        0.0
    } else {
        (sum / weight).min(1.0)
    }
}

/// The group of every point by its value of a factor, groups numbered from 0 without gaps; `None` for a constant
/// factor. The codes of a group are collected later.
fn groups(table: &CodeTable, points: &[u32], factor: usize, binned: bool) -> Option<Vec<u16>> {
    let grid = table.grid();
    let size = grid.sizes()[factor];
    if size < 2 {
        return None;
    }
    let mut occurs = vec![false; size];
    for &point in points {
        occurs[grid.value(point as usize, factor)] = true;
    }
    let lo = occurs.iter().position(|&occurs| occurs).unwrap_or(0);
    let hi = occurs.iter().rposition(|&occurs| occurs).unwrap_or(0);
    let bins = EqualWidthBins::new(CodeRange {
        lo: lo as f32,
        hi: hi as f32,
    });
    let mut label_of = vec![0_u16; size];
    let (mut n_labels, mut last) = (0, None);
    for value in (0..size).filter(|&value| occurs[value]) {
        let group = if binned {
            bins.bin(value as f32)
        } else {
            value
        };
        if last != Some(group) {
            (last, n_labels) = (Some(group), n_labels + 1);
        }
        label_of[value] = n_labels - 1;
    }
    Some(
        points
            .iter()
            .map(|&point| label_of[grid.value(point as usize, factor)])
            .collect(),
    )
}

/// One code's largest deviation, and its robustness for each factor.
struct Code {
    /// Largest deviation from the mean over all points; 0 for a constant code.
    largest_deviation: f64,
    /// Robustness for each factor, without bins.
    raw: Vec<f64>,
    /// Robustness for each factor, values in bins.
    binned: Vec<f64>,
}

impl Code {
    fn new(
        table: &CodeTable,
        points: &[u32],
        code: usize,
        raw: &[Option<Vec<u16>>],
        binned: &[Option<Vec<u16>>],
    ) -> Self {
        let values: Vec<f64> = points
            .iter()
            .map(|&point| f64::from(table.row(point as usize)[code]))
            .collect();
        let constant = values.iter().all(|value| *value == values[0]);
        let mean = mean(&values);
        let largest_deviation = if constant {
            0.0
        } else {
            values.iter().map(|x| (x - mean).abs()).fold(0.0, f64::max)
        };
        let robustness = |groups: &Option<Vec<u16>>| match groups {
            Some(groups) if 0.0 < largest_deviation => {
                (1.0 - mean_percentile(&values, groups) / largest_deviation).clamp(0.0, 1.0)
            }
            _ => 0.0,
        };
        let raw_robustness: Vec<f64> = raw.iter().map(robustness).collect();
        let same = |factor: usize| raw[factor] == binned[factor];
        let binned_robustness = binned.iter().enumerate();
        let binned_robustness = binned_robustness.map(|(factor, groups)| match same(factor) {
            true => raw_robustness[factor],
            false => robustness(groups),
        });
        Self {
            largest_deviation,
            binned: binned_robustness.collect(),
            raw: raw_robustness,
        }
    }
}

/// The 99th percentile of each group's deviations from its mean, averaged over groups.
fn mean_percentile(values: &[f64], groups: &[u16]) -> f64 {
    let n_groups = groups.iter().max().map_or(0, |&last| usize::from(last) + 1);
    let mut by_group = vec![Vec::with_capacity(values.len() / n_groups.max(1) + 1); n_groups];
    for (&value, &group) in values.iter().zip(groups) {
        by_group[usize::from(group)].push(value);
    }
    let percentiles = by_group.iter_mut().map(|values| {
        let mean = mean(values);
        for value in values.iter_mut() {
            *value = (*value - mean).abs();
        }
        quantile(values, QUANTILE)
    });
    percentiles.sum::<f64>() / n_groups.max(1) as f64
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The quantile of some values with linear interpolation (NumPy's `linear`). Reorders the values.
fn quantile(values: &mut [f64], share: f64) -> f64 {
    let position = share * (values.len() - 1) as f64;
    let (_, &mut at, above) = values.select_nth_unstable_by(position as usize, f64::total_cmp);
    let next = above.iter().copied().fold(f64::INFINITY, f64::min);
    if next.is_finite() {
        at + position.fract() * (next - at)
    } else {
        at
    }
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let (n_points, n_factors) = (scoring.n_points(variant), scoring.table.grid().n_factors());
    let n_values = scoring.n_classes(n_points);
    // The deviations of a code, and the same by value, in vectors with up to twice the needed capacity.
    let of_code = array_bytes::<f64>(&[n_points, 1 + 2]) + array_bytes::<Vec<f64>>(&[n_values]);
    array_bytes::<u32>(&[n_points])
        + 2 * array_bytes::<u16>(&[n_points, n_factors])
        + scoring.by_code(of_code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_values() {
        assert_eq!(quantile(&mut [3.0], 0.99), 3.0);
        assert_eq!(quantile(&mut [3.0, 1.0, 2.0], 0.5), 2.0);
        assert!((quantile(&mut [0.0, 10.0, 20.0], 0.99) - 19.8).abs() < 1e-12);
    }

    #[test]
    fn forty_values_fall_into_twenty_groups_and_twenty_stay_apart() {
        let codes = vec![0.0; 40 * 20 + 40 * 20];
        let table = CodeTable::new(&codes, 1, &[40, 20, 2]).unwrap();
        let points: Vec<u32> = (0..1600).collect();
        let n_groups = |factor, binned| {
            usize::from(
                *groups(&table, &points, factor, binned)
                    .unwrap()
                    .iter()
                    .max()
                    .unwrap(),
            ) + 1
        };
        assert_eq!([n_groups(0, false), n_groups(0, true)], [40, 20]);
        assert_eq!([n_groups(1, false), n_groups(1, true)], [20, 20]);
    }

    #[test]
    fn robustness_of_a_hand_made_code() {
        // The code is 10 a + b with a in 0..3 and b in 0..2. Means 10 and 0.5: largest deviation 10.5. Fixing a leaves ±0.5;
        // fixing b leaves -10, 0, 10, whose 99th percentile of 0, 10, 10 is 10.
        let codes: Vec<f32> = (0..6)
            .map(|point| (point / 2 * 10 + point % 2) as f32)
            .collect();
        let outcome = exact(&CodeTable::new(&codes, 1, &[3, 2]).unwrap()).unwrap();
        let robustness = &outcome.matrix("robustness").unwrap().values;
        assert!((robustness[0] - (1.0 - 0.5 / 10.5)).abs() < 1e-12);
        assert!((robustness[1] - (1.0 - 10.0 / 10.5)).abs() < 1e-12);
        assert_eq!(outcome.headline(), robustness[0]);
    }

    #[test]
    fn constant_codes_are_dropped() {
        let codes: Vec<f32> = (0..6).flat_map(|point| [(point / 2) as f32, 0.1]).collect();
        let outcome = exact(&CodeTable::new(&codes, 2, &[3, 2]).unwrap()).unwrap();
        assert_eq!(
            (outcome.headline(), outcome.quantity("n_active_codes")),
            (1.0, Some(1.0))
        );
        let outcome = exact(&CodeTable::new(&[0.1; 12], 2, &[3, 2]).unwrap()).unwrap();
        assert_eq!(
            (outcome.headline(), outcome.quantity("n_active_codes")),
            (0.0, Some(0.0))
        );
    }
}
