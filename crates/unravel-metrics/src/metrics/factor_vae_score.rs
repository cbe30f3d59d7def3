//! The FactorVAE score: the accuracy of a majority-vote classifier that predicts the fixed factor from the code with
//! the smallest variance.
//!
//! For each vote, one factor is fixed at one value and the other factors are drawn at random. The vote is the code with
//! the smallest variance over the group, relative to its variance over the grid. The classifier predicts, for each
//! code, the factor that occurs most often with this code in the training votes. The score is its accuracy on test
//! votes. From Kim & Mnih 2018, "Disentangling by Factorising" (section 4), with disentanglement_lib's study settings:
//! 10,000 + 5,000 votes over groups of 64 points, global variances from 10,000 points, variances with divisor n - 1.
//!
//! *Exact* is the limit of the study variant for large groups and many votes: every value of every factor is fixed
//! once, with all points that have this value. Global variances are over all points. All factors have the same total
//! weight, and so have all values of a factor. The weights add up to 1. In the study variant, groups of 64 points add
//! noise if two codes have nearly the same relative variance.
//!
//! *Lin 2020*: the protocol of Lin et al. 2020 ([`crate::lin_2020`]). It uses 500 votes with groups of 100 points and
//! cycles through the factors. Global variances are from 73,728 points. All non-constant codes can get votes. The
//! accuracy is measured on the training votes.
//!
//! - Range 0 to 1, higher is better; chance is 1 divided by the number of factors.
//! - Cost: 960,000 table look-ups, about 10 ms (study); one pass over the table, about 100 ms (exact).
//! - A code is *active* if its standard deviation is at least 0.05. Only active codes can get votes (in lin-2020: all
//!   non-constant codes). If no code is active, the score is 0. (The paper prunes by the KL term instead.)
//! - If codes tie, the one with the lowest index gets the vote. If factors tie, the classifier predicts the one with
//!   the lowest index. Variances are computed in double precision: in single precision, constant codes would get random
//!   variances near 1e-15, and ties would be decided at random.
//! - A factor with a single value is never fixed. At least two factors must vary. If the rows are not a complete grid,
//!   only factor values with at least 10 rows are fixed ([`MIN_MATCHING_ROWS`](crate::MIN_MATCHING_ROWS)).
//!
//! Pitfalls: disentanglement_lib reports the number of all codes as the number of active codes; unravel counts the
//! active codes. Votes are indexed by all codes, not only by active codes. Some authors rescale the accuracy so that
//! chance is 0; such numbers are not comparable.

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

/// The definition of the FactorVAE score: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "FactorVAE score",
    one_line: "accuracy of a majority-vote classifier that predicts the fixed factor from the code with the smallest variance",
    paper: "Kim & Mnih 2018, Disentangling by Factorising",
    quantities: &[
        Quantity::score(
            "eval_accuracy",
            "accuracy on test votes; in the lin-2020 variant, on the training votes",
        ),
        Quantity::score(
            "train_accuracy",
            "accuracy on the training votes; in the exact variant, equal to `eval_accuracy`",
        ),
        Quantity::unbounded(
            "n_active_codes",
            Direction::Neither,
            "number of codes whose standard deviation is at least 0.05",
        ),
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
/// The training votes.
pub const TRAIN: Purpose = Purpose::new("factor-vae-score/train");
/// The test votes.
pub const EVAL: Purpose = Purpose::new("factor-vae-score/eval");

/// Votes taken by one task.
pub(crate) const VOTES_PER_TASK: usize = 128;

/// Sample sizes and the threshold for active codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// Number of training votes.
    pub n_train: usize,
    /// Number of test votes.
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
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    with_source(table, &Settings::STUDY, &Seeded::new(table.grid(), seed))
}

/// The FactorVAE score with other settings, or from other draws.
///
/// # Errors
/// If fewer than two factors vary, or if the rows are not a complete grid and fewer than two factors can be held fixed.
pub fn with_source(
    table: &CodeTable,
    settings: &Settings,
    source: &impl PointSource,
) -> Result<Outcome, MetricError> {
    table.needs_matching(Metric::FactorVaeScore, 2)?;
    let active = active_codes(table, settings, source);
    let votes = |n_votes: usize, purpose: Purpose| {
        take_votes(
            table,
            &active,
            n_votes,
            settings.group_size,
            source,
            purpose,
        )
    };
    let (train, eval) = (votes(settings.n_train, TRAIN), votes(settings.n_eval, EVAL));
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

/// An active code.
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
/// Deviations are relative to the first point, so a code that is constant among the points has a variance of exactly 0,
/// and large means cause no cancellation. Codes are processed in blocks whose sums fit into registers.
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

/// For each factor, the number of votes for each code, `[n_codes, n_factors]`.
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

    /// The factor that is most frequent in the votes for each code, on a tie the one with the lowest index,
    /// `[n_codes]`.
    fn majority(&self) -> Vec<usize> {
        let most = |counts: &[u32]| {
            (0..counts.len())
                .rev()
                .max_by_key(|&factor| counts[factor])
                .unwrap_or(0)
        };
        self.counts.chunks_exact(self.n_factors).map(most).collect()
    }

    /// The share of votes whose factor the classifier predicts correctly.
    fn accuracy(&self, classifier: &[usize]) -> f64 {
        let by_code = self.counts.chunks_exact(self.n_factors).zip(classifier);
        let right: u32 = by_code.map(|(counts, &factor)| counts[factor]).sum();
        f64::from(right) / f64::from(self.counts.iter().sum::<u32>().max(1))
    }

    fn as_f64(&self) -> Vec<f64> {
        self.counts.iter().map(|&count| f64::from(count)).collect()
    }
}

/// The approximate time of a score on one core, in nanoseconds.
fn nanoseconds(work: &Work, variant: Variant) -> f64 {
    match variant {
        Variant::Exact => 13.0 * work.points * work.codes,
        // Groups of 64 points, or those of a protocol, of nearly as many points.
        Variant::Lin2020 => look_ups(work.points, work.codes),
        _ => look_ups(64.0 * LOOKED_AT, work.codes),
    }
}

/// The maximum number of bytes that a score allocates, without the table and its outcome.
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
            // For listed points, one group is summed at a time; for a complete grid, each task sums all groups.
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
        // Deviations 0, j and 5j of code j: mean 2j, variance (4 + 1 + 9) j² / 2. Large means do not change it.
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
