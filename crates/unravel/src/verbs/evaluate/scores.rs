//! Scores of one representation, over evaluation seeds.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde::Serialize;
use unravel_metrics::{CodeTable, FactorBins, Matrix, MetricError, MetricExt, Outcome, score};
use unravel_score::{Metric, Variant, mean_and_sd};

/// The codes are scored as given, without sampling from a posterior.
const REPRESENTATION: &str = "mean";

/// One score, with its spread over evaluation seeds if the variant samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Score {
    /// The metric's name.
    pub metric: &'static str,
    /// The name of the quantity; a metric can have several.
    pub quantity: &'static str,
    /// `study` or `exact`.
    pub variant: &'static str,
    /// Always `mean`.
    pub representation: &'static str,
    /// Sizes of the grid: `3x6x40x32x32`, or `59 rows of 4x5x3` for an incomplete grid.
    pub grid: String,
    /// The mean of the values.
    pub mean: f64,
    /// Their standard deviation (divisor n - 1); none for fewer than two.
    pub sd: Option<f64>,
    /// Evaluation seeds; none for a variant that does not sample.
    pub seeds: Vec<u64>,
    /// One value per seed, or the one value of a variant that does not sample.
    pub values: Vec<f64>,
    /// Notes on the score, one clause each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<&'static str>,
    /// How factor values were binned, if they were.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub factor_bins: Option<FactorBins>,
    /// Wall time of the metric in this variant in seconds, for all seeds and quantities together.
    pub seconds: f64,
}

/// A matrix from which a score is computed.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoredMatrix {
    pub metric: &'static str,
    pub variant: &'static str,
    /// None for a variant that does not sample.
    pub seed: Option<u64>,
    pub matrix: Matrix,
}

/// All scores of a table.
#[derive(Debug)]
pub struct Scores {
    pub scores: Vec<Score>,
    pub matrices: Vec<ScoredMatrix>,
    /// Sizes of the grid.
    pub grid: String,
    /// The errors of the metrics that were skipped.
    pub left_out: Vec<MetricError>,
    /// How factor values were binned, if they were.
    pub factor_bins: Option<FactorBins>,
}

impl Scores {
    /// Scores the table. Calls `progress(done, total)` after each score and seed. `factor_bins` states how its factor
    /// values were binned.
    pub fn take(
        table: &CodeTable<'_>,
        pairs: &[(Metric, Variant)],
        n_seeds: u64,
        factor_bins: Option<FactorBins>,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Self, MetricError> {
        let grid = table.grid().label();
        let mut all = Self {
            scores: Vec::new(),
            matrices: Vec::new(),
            grid,
            left_out: Vec::new(),
            factor_bins,
        };
        let seeds = |variant: Variant| 0..if variant.is_sampled() { n_seeds } else { 1 };
        let total = pairs
            .iter()
            .map(|(_, variant)| seeds(*variant).count())
            .sum();
        let mut done = 0;
        progress(done, total);
        for &(metric, variant) in pairs {
            let began = Instant::now();
            let outcomes: Result<Vec<Outcome>, MetricError> = seeds(variant)
                .map(|seed| {
                    let outcome = score(metric, variant, table, seed);
                    done += 1;
                    progress(done, total);
                    outcome
                })
                .collect();
            match outcomes {
                Ok(outcomes) => all.add(metric, variant, outcomes, began.elapsed()),
                Err(error) if error.is_refusal() => all.left_out.push(error),
                Err(error) => return Err(error),
            }
        }
        all.left_out.dedup();
        Ok(all)
    }

    /// Adds the outcomes of seeds 0, 1, ….
    fn add(&mut self, metric: Metric, variant: Variant, outcomes: Vec<Outcome>, took: Duration) {
        let is_sampled = variant.is_sampled();
        let notes: BTreeSet<&str> = outcomes
            .iter()
            .flat_map(|outcome| outcome.notes.iter().copied())
            .collect();
        for (at, quantity) in metric.quantities().iter().enumerate() {
            let values: Vec<f64> = outcomes
                .iter()
                .map(|outcome| outcome.quantities[at].1)
                .collect();
            let (mean, sd) = mean_and_sd(&values);
            self.scores.push(Score {
                metric: metric.name(),
                quantity: quantity.name,
                variant: variant.name(),
                representation: REPRESENTATION,
                grid: self.grid.clone(),
                mean,
                sd,
                seeds: if is_sampled {
                    (0..values.len() as u64).collect()
                } else {
                    Vec::new()
                },
                values,
                notes: notes.iter().copied().collect(),
                factor_bins: self.factor_bins,
                seconds: took.as_secs_f64(),
            });
        }
        for (seed, outcome) in (0..).zip(outcomes) {
            self.matrices
                .extend(outcome.matrices.into_iter().map(|matrix| ScoredMatrix {
                    metric: metric.name(),
                    variant: variant.name(),
                    seed: is_sampled.then_some(seed),
                    matrix,
                }));
        }
    }
}

impl Scores {
    /// The notes on these scores, each once, prefixed with its metric and variants.
    pub fn notes(&self) -> Vec<String> {
        let mut notes: Vec<(&str, &str, Vec<&str>)> = Vec::new();
        for score in &self.scores {
            for &note in &score.notes {
                match notes
                    .iter_mut()
                    .find(|known| (known.0, known.1) == (score.metric, note))
                {
                    Some((_, _, variants)) if variants.contains(&score.variant) => {}
                    Some((_, _, variants)) => variants.push(score.variant),
                    None => notes.push((score.metric, note, vec![score.variant])),
                }
            }
        }
        let sentence = |(metric, note, variants): (&str, &str, Vec<&str>)| {
            format!("{metric} ({}): {note}", variants.join(", "))
        };
        notes.into_iter().map(sentence).collect()
    }
}

impl Score {
    /// `0.5123 ± 0.0042`, or only the mean.
    pub fn mean_and_sd(&self) -> String {
        match self.sd {
            Some(sd) => format!("{:.4} ± {sd:.4}", self.mean),
            None => format!("{:.4}", self.mean),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Codes that are the two factors of a 4 x 5 grid.
    fn factors() -> Vec<f32> {
        (0..20)
            .flat_map(|point| [(point / 5) as f32, (point % 5) as f32])
            .collect()
    }

    #[test]
    fn every_quantity_has_its_values_by_seed() {
        let codes = factors();
        let table = CodeTable::new(&codes, 2, &[4, 5]).unwrap();
        let pairs = [(Metric::Mig, Variant::Study), (Metric::Mig, Variant::Exact)];
        let mut last = (0, 0);
        let scores =
            Scores::take(&table, &pairs, 3, None, |done, total| last = (done, total)).unwrap();
        assert_eq!(last, (4, 4));
        assert_eq!(scores.grid, "4x5");
        let of = |variant| {
            let mut found = scores
                .scores
                .iter()
                .filter(move |score| score.variant == variant);
            found.next().unwrap()
        };
        assert_eq!(
            (of("study").seeds.as_slice(), of("study").values.len()),
            ([0, 1, 2].as_slice(), 3)
        );
        assert_eq!((of("exact").seeds.len(), of("exact").sd), (0, None));
        assert!(
            (of("exact").mean - 1.0).abs() < 1e-12,
            "factors as codes are perfect"
        );
        let seeds: Vec<_> = scores.matrices.iter().map(|matrix| matrix.seed).collect();
        assert!(seeds.contains(&Some(2)) && seeds.contains(&None));
    }

    #[test]
    fn a_grid_of_one_factor_leaves_metrics_out() {
        let codes = [0.0, 1.0, 2.0];
        let table = CodeTable::new(&codes, 1, &[3]).unwrap();
        let pairs = [(Metric::BetaVaeScore, Variant::Study)];
        let scores = Scores::take(&table, &pairs, 2, None, |_, _| {}).unwrap();
        assert_eq!(scores.scores.len() + scores.left_out.len(), 1);
    }

    #[test]
    fn spread_is_that_of_a_sample() {
        assert_eq!(mean_and_sd(&[1.0, 3.0]), (2.0, Some(2.0_f64.sqrt())));
        assert_eq!(mean_and_sd(&[0.5]), (0.5, None));
    }
}
