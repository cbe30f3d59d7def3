//! The FactorVAE score: majority votes for the code that varies least while one factor is held fixed.
//!
//! For each vote one factor is held at one value while the others are drawn; the code whose variance over the group, relative
//! to its variance over the grid, is smallest gets the vote. A classifier that answers with the factor most often seen with a
//! code is read off the training votes; the score is its accuracy on fresh votes. From Kim & Mnih 2018, "Disentangling by
//! Factorising" (section 4), with disentanglement_lib's study settings: 10,000 + 5,000 votes over groups of 64 points, global
//! variances from 10,000 points, variances with divisor n - 1.
//!
//! *Exact* is where the study tends to with ever larger groups and ever more votes: every value of every factor is held fixed
//! once, over all points that have it, with variances over all points. Each factor's votes weigh the same, and so do the values
//! of a factor; votes are shares that add up to 1. Groups of 64 leave the study some noise where two codes vary nearly alike.
//!
//! *Lin 2020*: the protocol of Lin et al. 2020 ([`crate::lin_2020`]). 500 votes over groups of 100 points, the factors in turn,
//! with the variances of 73,728 points; every code that varies at all votes. The accuracy is that on these votes themselves.
//!
//! - Range 0 to 1, higher is better; chance is one over the number of factors.
//! - Cost: 960,000 table look-ups, some ten milliseconds (study); one pass over the table, some hundred (exact).
//! - A code is *active* if its standard deviation is at least 0.05. Only active codes get votes, in lin-2020 all that
//!   vary. If there is none, as with constant codes, the score is 0. (The paper prunes by the KL term instead.)
//! - Ties go to the lowest code, and in the classifier to the lowest factor. Variances are computed in double precision:
//!   in single precision truly constant codes get variances of 1e-15 at random, which decides ties by noise.
//! - A factor with a single value is never the fixed one. At least two factors must vary; where points are listed, only values
//!   that enough of them share are held fixed ([`MIN_MATCHING_ROWS`](crate::MIN_MATCHING_ROWS)).
//!
//! Traps: disentanglement_lib reports the number of all codes as the number of active ones; here it is counted. Votes are per
//! code of the table, not per active code. Some authors rescale the accuracy so that chance is 0; those numbers do not compare.

pub(crate) mod exact;
mod lin_2020;

use rayon::prelude::*;
use unravel_score::{Direction, Metric, Variant};

pub use self::exact::exact;
pub use self::lin_2020::{lin_2020, lin_2020_of_groups};
use crate::budget::Scoring;
use crate::bytes::{Bytes, array_bytes};
use crate::cost::{LOOKED_AT, Work, look_ups};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::lin_2020::N_POINTS;
use crate::moments::Moments;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{PointSource, PointStream, Purpose, Seeded};
use crate::table::CodeTable;

/// What there is to say of the FactorVAE score, and what computes it.
pub const DEFINITION: Definition = Definition {
    title: "FactorVAE score",
    one_line: "accuracy of a majority vote that tells a fixed factor by the code that varies least",
    paper: "Kim & Mnih 2018, Disentangling by Factorising",
    quantities: &[
        Quantity {
            name: "eval_accuracy",
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line: "accuracy on fresh votes; of the lin-2020 variant on those the classifier was read from",
        },
        Quantity {
            name: "train_accuracy",
            range: [0.0, 1.0],
            direction: Direction::HigherIsBetter,
            one_line: "accuracy on the votes the classifier was read from; of the exact variant the same",
        },
        Quantity {
            name: "n_active_codes",
            range: [0.0, f64::INFINITY],
            direction: Direction::Neither,
            one_line: "codes whose standard deviation is at least 0.05",
        },
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
        (Variant::Lin2020, lin_2020),
    ],
    is_slow: |_| false,
    nanoseconds,
    bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The points of the global variances.
pub const GLOBAL: Purpose = Purpose::new("factor-vae-score/global");
/// The votes the classifier is read from.
pub const TRAIN: Purpose = Purpose::new("factor-vae-score/train");
/// The votes it is scored on.
pub const EVAL: Purpose = Purpose::new("factor-vae-score/eval");

/// Votes taken by one task.
pub(crate) const VOTES_PER_TASK: usize = 128;

/// Sample sizes and the threshold of activity.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Votes the classifier is read from.
    pub n_train: usize,
    /// Votes it is scored on.
    pub n_eval: usize,
    /// Points of a vote.
    pub group_size: usize,
    /// Points of the global variances.
    pub n_global: usize,
    /// Smallest standard deviation of an active code.
    pub active_sd: f64,
}

impl Settings {
    /// The settings of disentanglement_lib's study.
    pub const STUDY: Self = Self {
        n_train: 10_000,
        n_eval: 5_000,
        group_size: 64,
        n_global: 10_000,
        active_sd: 0.05,
    };
}

/// The FactorVAE score with the study's settings.
///
/// # Errors
/// Fewer than two factors vary, or, where points are listed, can be held fixed.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    with_source(table, &Settings::STUDY, &Seeded::new(table.grid(), seed))
}

/// The FactorVAE score with other settings, or from other draws.
///
/// # Errors
/// Fewer than two factors vary, or, where points are listed, can be held fixed.
pub fn with_source(
    table: &CodeTable,
    settings: &Settings,
    source: &impl PointSource,
) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::FactorVaeScore, 2)?;
    let active = active_codes(table, settings, source);
    let train = take_votes(
        table,
        &active,
        settings.n_train,
        settings.group_size,
        source,
        TRAIN,
    );
    let eval = take_votes(
        table,
        &active,
        settings.n_eval,
        settings.group_size,
        source,
        EVAL,
    );
    let classifier = train.majority();
    let accuracy = |votes: &Votes| {
        if active.is_empty() {
            0.0
        } else {
            votes.accuracy(&classifier)
        }
    };
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("eval_accuracy", accuracy(&eval)),
            ("train_accuracy", accuracy(&train)),
            ("n_active_codes", active.len() as f64),
        ],
        matrices: vec![
            Matrix::codes_by_factors("votes_train", table, train.as_f64()),
            Matrix::codes_by_factors("votes_eval", table, eval.as_f64()),
        ],
    })
}

/// A code that takes part in the votes.
struct ActiveCode {
    code: usize,
    global_variance: f64,
}

fn active_codes(
    table: &CodeTable,
    settings: &Settings,
    source: &impl PointSource,
) -> Vec<ActiveCode> {
    let mut points = vec![0; settings.n_global];
    source.stream(GLOBAL, 0).points(&mut points);
    let mut variances = vec![0.0; table.n_codes()];
    sample_variances(table, &points, &mut variances);
    let variances = variances.into_iter().enumerate();
    variances
        .filter(|&(_, variance)| settings.active_sd <= variance.sqrt())
        .map(|(code, global_variance)| ActiveCode {
            code,
            global_variance,
        })
        .collect()
}

/// Sample variances (divisor n - 1) of every code over some points, `[n_codes]`.
///
/// Deviations are taken from the first point: a code that is constant among the points has a variance of exactly 0, and no
/// large mean cancels. Codes are taken in blocks whose sums fit in registers.
fn sample_variances(table: &CodeTable, points: &[u32], variances: &mut [f64]) {
    let n_codes = table.n_codes();
    let mut code = 0;
    while code < n_codes {
        code += match n_codes - code {
            8.. => block_variances::<8>(table, points, code, variances),
            4.. => block_variances::<4>(table, points, code, variances),
            2.. => block_variances::<2>(table, points, code, variances),
            _ => block_variances::<1>(table, points, code, variances),
        };
    }
}

/// The variances of the `WIDTH` codes from `first_code` on. Returns `WIDTH`.
fn block_variances<const WIDTH: usize>(
    table: &CodeTable,
    points: &[u32],
    first_code: usize,
    variances: &mut [f64],
) -> usize {
    let block = |point: u32| -> &[f32; WIDTH] {
        let codes = &table.row(point as usize)[first_code..];
        codes
            .first_chunk()
            .expect("the table has all codes of the block")
    };
    let origin = points
        .first()
        .map_or([0.0; WIDTH], |&point| block(point).map(f64::from));
    let mut sums = [0.0; WIDTH];
    let mut squares = [0.0; WIDTH];
    for &point in points {
        let codes = block(point);
        for k in 0..WIDTH {
            let deviation = f64::from(codes[k]) - origin[k];
            sums[k] += deviation;
            squares[k] += deviation * deviation;
        }
    }
    let n = points.len() as f64;
    let sample_variance = |k: usize| ((squares[k] - sums[k] * sums[k] / n) / (n - 1.0)).max(0.0);
    for (k, variance) in variances[first_code..][..WIDTH].iter_mut().enumerate() {
        *variance = sample_variance(k);
    }
    WIDTH
}

fn take_votes(
    table: &CodeTable,
    active: &[ActiveCode],
    n_votes: usize,
    group_size: usize,
    source: &impl PointSource,
    purpose: Purpose,
) -> Votes {
    let zero = || Votes::zero(table.n_codes(), table.grid().n_factors());
    if active.is_empty() {
        return zero();
    }
    (0..n_votes.div_ceil(VOTES_PER_TASK))
        .into_par_iter()
        .map(|task| {
            let mut votes = zero();
            let mut points = vec![0; group_size];
            let mut variances = vec![0.0; table.n_codes()];
            for vote in task * VOTES_PER_TASK..n_votes.min((task + 1) * VOTES_PER_TASK) {
                let factor = source.stream(purpose, vote as u64).group(&mut points);
                sample_variances(table, &points, &mut variances);
                votes.add(steadiest(active, &variances), factor);
            }
            votes
        })
        .reduce(zero, Votes::plus)
}

/// The active code with the smallest relative variance, the lowest of them on a tie.
fn steadiest(active: &[ActiveCode], variances: &[f64]) -> usize {
    let relative = |active: &ActiveCode| variances[active.code] / active.global_variance;
    let mut best = (active[0].code, relative(&active[0]));
    for other in &active[1..] {
        let relative = relative(other);
        if relative < best.1 {
            best = (other.code, relative);
        }
    }
    best.0
}

/// How often each code was the steadiest while each factor was fixed, `[n_codes, n_factors]`.
struct Votes {
    n_factors: usize,
    counts: Vec<u32>,
}

impl Votes {
    fn zero(n_codes: usize, n_factors: usize) -> Self {
        Self {
            n_factors,
            counts: vec![0; n_codes * n_factors],
        }
    }

    fn add(&mut self, code: usize, factor: usize) {
        self.counts[code * self.n_factors + factor] += 1;
    }

    fn plus(mut self, other: Self) -> Self {
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
        self
    }

    /// The factor most often seen with each code, the lowest on a tie, `[n_codes]`.
    fn majority(&self) -> Vec<usize> {
        let most = |counts: &[u32]| {
            (0..counts.len())
                .rev()
                .max_by_key(|&factor| counts[factor])
                .unwrap_or(0)
        };
        self.counts.chunks_exact(self.n_factors).map(most).collect()
    }

    /// The share of votes whose factor the classifier tells from their code.
    fn accuracy(&self, classifier: &[usize]) -> f64 {
        let by_code = self.counts.chunks_exact(self.n_factors).zip(classifier);
        let right: u32 = by_code.map(|(counts, &factor)| counts[factor]).sum();
        f64::from(right) / f64::from(self.counts.iter().sum::<u32>().max(1))
    }

    fn as_f64(&self) -> Vec<f64> {
        self.counts.iter().map(|&count| f64::from(count)).collect()
    }
}

/// About how long a score takes one core, in nanoseconds.
fn nanoseconds(work: &Work, variant: Variant) -> f64 {
    match variant {
        Variant::Exact => 13.0 * work.points * work.codes,
        // Groups of 64 points, or those of a protocol, of nearly as many points.
        Variant::Lin2020 => look_ups(work.points, work.codes),
        _ => look_ups(64.0 * LOOKED_AT, work.codes),
    }
}

/// Bytes that a score holds at most, beside the table and its outcome.
fn bytes(scoring: Scoring<'_>, variant: Variant) -> Bytes {
    let (grid, n_codes) = (scoring.table.grid(), scoring.n_codes());
    let of_codes = array_bytes::<f64>(&[n_codes, 3]);
    match variant {
        Variant::Exact => {
            let n_values: usize = match grid.matching() {
                Some(matching) => matching.iter().map(|factor| factor.groups.len()).sum(),
                None => grid.sizes().iter().sum(),
            };
            let variances = 2 * array_bytes::<f64>(&[n_values, n_codes]);
            // Of listed points a group is summed up at a time, of a grid all of them by each task.
            let n_tasks = match grid.is_complete() {
                true => grid.n_points().div_ceil(exact::ROWS_PER_TASK) + 1,
                false => 0,
            };
            let sums = array_bytes::<f64>(&[n_values, n_codes, 2, n_tasks]);
            Moments::bytes(n_codes, grid.n_points()).max(variances + sums) + of_codes
        }
        Variant::Lin2020 => array_bytes::<u32>(&[N_POINTS]) + of_codes,
        _ => {
            let sizes = Settings::STUDY;
            let n_tasks = sizes.n_train.div_ceil(VOTES_PER_TASK);
            array_bytes::<u32>(&[n_tasks + scoring.n_threads, n_codes, grid.n_factors()])
                + of_codes * (scoring.n_threads + 1) as Bytes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variances_are_the_sample_variances() {
        // Deviations 0, j and 5j of code j: mean 2j, variance (4 + 1 + 9) j² / 2. Large means take nothing away.
        for n_codes in 1..=19 {
            let row = |step: f32| (0..n_codes).map(move |code| 1e6 + step * code as f32);
            let codes: Vec<f32> = [0.0, 1.0, 5.0].into_iter().flat_map(row).collect();
            let mut variances = vec![0.0; n_codes];
            sample_variances(
                &CodeTable::new(&codes, n_codes, &[3]).unwrap(),
                &[0, 1, 2],
                &mut variances,
            );
            let expected: Vec<f64> = (0..n_codes)
                .map(|code| 7.0 * (code * code) as f64)
                .collect();
            assert_eq!(variances, expected);
        }
    }

    #[test]
    fn majority_and_accuracy_of_hand_made_votes() {
        let votes = Votes {
            n_factors: 2,
            counts: vec![3, 1, 2, 2, 0, 0],
        };
        let classifier = votes.majority();
        assert_eq!(
            classifier,
            [0, 0, 0],
            "ties and codes without votes go to the lowest factor"
        );
        assert_eq!(votes.accuracy(&classifier), 5.0 / 8.0);
    }

    #[test]
    fn without_an_active_code_the_score_is_zero() {
        let codes: Vec<f32> = (0..50).map(|x| 0.001 * x as f32).collect();
        let outcome = study(&CodeTable::new(&codes, 2, &[5, 5]).unwrap(), 0).unwrap();
        assert_eq!(
            outcome
                .quantities
                .iter()
                .map(|(_, value)| *value)
                .collect::<Vec<_>>(),
            [0.0; 3]
        );
    }

    #[test]
    fn a_single_varying_factor_cannot_be_told_from_others() {
        let error = study(&CodeTable::new(&[0.0, 1.0], 1, &[2, 1]).unwrap(), 0).unwrap_err();
        assert_eq!(
            error,
            MetricError::TooFewFactors {
                metric: Metric::FactorVaeScore,
                needed: 2,
                found: 1
            }
        );
    }
}
