//! Selects the scores and matrices that a sweep requests. A store can also contain scores of other sweeps.

use crate::report_input::{MatrixRow, ScoreRow};
use unravel_score::{ScoreContext, ScoreRecord};
use unravel_store::{ScoreFile, ScoreMatrix};
use unravel_sweep::EvaluationConfig;

/// The requests for one trial.
pub struct Asked<'a> {
    /// The requests of the sweep, for every trial.
    pub evaluation: &'a EvaluationConfig,
    /// Index of the trial.
    pub trial: usize,
    /// Its number of training steps.
    pub steps: u64,
}

impl Asked<'_> {
    /// The file's scores, with the headline of each context marked.
    pub fn scores(&self, file: ScoreFile) -> Vec<ScoreRow> {
        let seeds: Vec<u64> = (0..self.evaluation.seeds).collect();
        let contexts = self.contexts(&file);
        let mut headline_context = None;
        let mut rows = Vec::new();
        for record in file.scores {
            let context = record.context();
            if !contexts.contains(&context) || is_outdated(&record) {
                continue;
            }
            let is_headline = headline_context.as_ref() != Some(&context);
            headline_context = Some(context);
            // If a run has not finished all requested seeds, the finished ones are shown.
            let record = record.over_seeds(&seeds).unwrap_or(record);
            rows.push(ScoreRow {
                trial: self.trial,
                metric: record.metric,
                quantity: record.quantity,
                is_headline,
                variant: record.variant,
                representation: record.representation,
                grid: record.grid,
                step: record.step,
                evaluation_seeds: record.seeds,
                values: record.values,
                mean: record.mean,
                sd_over_evaluation_seeds: record.sd,
            });
        }
        rows
    }

    /// The final matrices with several rows and columns. If there are several evaluation seeds, those of the first
    /// seed.
    pub fn matrices(&self, file: &ScoreFile) -> Vec<MatrixRow> {
        let contexts = self.contexts(file);
        let wanted = file.matrices.iter().filter(|matrix| {
            1 < matrix.row_names.len()
                && 1 < matrix.col_names.len()
                && matrix.row_names != matrix.col_names
                && matrix.step == self.steps
                && matrix.seed.is_none_or(|seed| seed == 0)
                && contexts.contains(&matrix.context())
                && !file.of(&matrix.context()).any(is_outdated)
        });
        let row = |matrix: &ScoreMatrix| MatrixRow {
            trial: self.trial,
            metric: file.metric.clone(),
            matrix: matrix.clone(),
        };
        wanted.map(row).collect()
    }

    /// The contexts in which the sweep requests the scores of this file.
    fn contexts(&self, file: &ScoreFile) -> Vec<ScoreContext> {
        // A trial has one grid, and its scores contain the name of this grid.
        let grid = file
            .scores
            .first()
            .map_or("", |record| record.grid.as_str());
        let requests = self.evaluation.score_requests(self.steps, grid).into_iter();
        requests
            .filter(|request| request.metric == file.metric)
            .map(|request| request.context)
            .collect()
    }
}

/// Whether the score has an earlier revision of the metric. The next run computes such a score again.
fn is_outdated(record: &ScoreRecord) -> bool {
    let current = record.metric.known().zip(record.variant.known());
    current.is_some_and(|(metric, variant)| record.revision < metric.revision(variant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use unravel_score::{Metric, MetricName, Variant};

    #[test]
    fn a_variant_that_another_sweep_has_taken_is_not_shown_in_place_of_one_that_is_still_missing() {
        let shown = |metric: &MetricName, context: (&str, &str), asked: &[Variant]| {
            let evaluation = EvaluationConfig {
                metrics: metric.known().into_iter().collect(),
                variants: asked.to_vec(),
                ..EvaluationConfig::default()
            };
            let context = ScoreContext {
                variant: context.0.into(),
                representation: context.1.into(),
                grid: "2x2".to_owned(),
                step: 10,
            };
            let mut file = ScoreFile::new(metric);
            file.scores = vec![ScoreRecord::exact(metric, "score", &context, 0.5)];
            let asked = Asked {
                evaluation: &evaluation,
                trial: 0,
                steps: 10,
            };
            !asked.scores(file).is_empty()
        };
        let (mig, unsupervised) = (Metric::Mig.into(), Metric::Unsupervised.into());
        let study = ("study", "mean");
        assert!(shown(&mig, study, &[Variant::Study, Variant::Exact]));
        assert!(!shown(&mig, study, &[Variant::Lin2020]));
        assert!(!shown(&mig, ("study", "sampled"), &[Variant::Study]));
        assert!(shown(&mig, ("lin-2020", "mean"), &[Variant::Lin2020]));
        // A metric without any of the requested variants is computed in its first variant.
        assert!(shown(&unsupervised, study, &[Variant::Lin2020]));
        assert!(shown(
            &MetricName::Elbo,
            ("probe", "sampled"),
            &[Variant::Study]
        ));
    }

    #[test]
    fn a_score_of_an_earlier_definition_is_not_shown() {
        let evaluation = EvaluationConfig {
            metrics: vec![Metric::Mig, Metric::Infomec],
            ..EvaluationConfig::default()
        };
        let asked = Asked {
            evaluation: &evaluation,
            trial: 0,
            steps: 10,
        };
        let n_shown = |metric: &str, revision: u32| {
            let context = ScoreContext {
                variant: "study".into(),
                representation: "mean".into(),
                grid: "2x2".to_owned(),
                step: 10,
            };
            let mut file = ScoreFile::new(metric);
            let record = ScoreRecord::sampled(metric, "score", &context, [(0, 0.5)]);
            file.scores = vec![record.noted(revision, [])];
            file.matrices = vec![ScoreMatrix {
                name: "shares".to_owned(),
                variant: context.variant,
                representation: context.representation,
                grid: context.grid,
                step: context.step,
                seed: Some(0),
                row_names: ["code_0", "code_1"].map(str::to_owned).to_vec(),
                col_names: ["a", "b"].map(str::to_owned).to_vec(),
                values: vec![0.5; 4],
            }];
            (asked.matrices(&file).len(), asked.scores(file).len())
        };
        assert_eq!(n_shown("mig", 0), (1, 1));
        assert_eq!(n_shown("infomec", 0), (0, 0));
        assert_eq!(n_shown("infomec", 1), (1, 1));
    }
}
