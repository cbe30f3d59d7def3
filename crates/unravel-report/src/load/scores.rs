//! The scores and matrices that a sweep asks for; a store may hold others, of other sweeps.

use crate::rows::{MatrixRow, ScoreRow};
use unravel_metrics::{Metric, Variant};
use unravel_store::{ScoreContext, ScoreFile, ScoreRecord};
use unravel_sweep::{EvaluationConfig, Representation};

/// What is asked of one trial.
pub struct Asked<'a> {
    /// What the sweep asks of every trial.
    pub evaluation: &'a EvaluationConfig,
    /// Index of the trial.
    pub trial: usize,
    /// Its length.
    pub steps: u64,
}

impl Asked<'_> {
    /// The file's scores, the headline of each context marked.
    pub fn scores(&self, file: ScoreFile) -> Vec<ScoreRow> {
        let seeds: Vec<u64> = (0..self.evaluation.seeds).collect();
        let variants = self.variants(&file.metric);
        let mut headline_context = None;
        let mut rows = Vec::new();
        for record in file.scores {
            let context = record.context();
            if !self.is_wanted(&context, &variants) || is_outdated(&record) {
                continue;
            }
            let is_headline = headline_context.as_ref() != Some(&context);
            headline_context = Some(context);
            // Fewer seeds than asked for, of a run that is still at it, are shown as they are.
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

    /// The final matrices with several rows and columns, of the first evaluation seed where there are several.
    pub fn matrices(&self, file: &ScoreFile) -> Vec<MatrixRow> {
        let variants = self.variants(&file.metric);
        let wanted = file.matrices.iter().filter(|matrix| {
            1 < matrix.row_names.len()
                && 1 < matrix.col_names.len()
                && matrix.row_names != matrix.col_names
                && matrix.step == self.steps
                && matrix.seed.is_none_or(|seed| seed == 0)
                && self.is_wanted(&matrix.context(), &variants)
                && !file.of(&matrix.context()).any(is_outdated)
        });
        let row = |matrix: &unravel_store::ScoreMatrix| MatrixRow {
            trial: self.trial,
            metric: file.metric.clone(),
            matrix: matrix.clone(),
        };
        wanted.map(row).collect()
    }

    /// The variants that are shown of a metric, the same as are taken of it; nothing for what is no metric, of which all
    /// is shown. A store may hold others, of other sweeps.
    fn variants(&self, metric: &str) -> Option<Vec<&'static str>> {
        let asked = Metric::from_name(metric)?.variants_asked(&self.evaluation.variants);
        Some(asked.into_iter().map(Variant::name).collect())
    }

    fn is_wanted(&self, context: &ScoreContext, variants: &Option<Vec<&'static str>>) -> bool {
        let evaluation = self.evaluation;
        let is_step = context.step == self.steps || evaluation.at.contains(&context.step);
        let is_asked = variants.as_ref().is_none_or(|variants| {
            let mut representations = evaluation.representations.iter().copied();
            variants.contains(&context.variant.as_str())
                && representations.any(|r| Representation::name(r) == context.representation)
        });
        is_step && is_asked
    }
}

/// Whether the metric has changed its definition since; the next run takes such a score again.
fn is_outdated(record: &ScoreRecord) -> bool {
    let metric = Metric::from_name(&record.metric);
    let current = metric.zip(Variant::from_name(&record.variant));
    current.is_some_and(|(metric, variant)| record.revision < metric.revision(variant))
}

#[cfg(test)]
mod tests {
    use super::*;
    use unravel_store::ScoreMatrix;

    #[test]
    fn a_variant_that_another_sweep_has_taken_is_not_shown_in_place_of_one_that_is_still_missing() {
        let shown = |metric: &str, variant: &str, asked: &[&str]| {
            let evaluation = EvaluationConfig {
                variants: asked.iter().map(|name| (*name).to_owned()).collect(),
                ..EvaluationConfig::default()
            };
            let context = ScoreContext {
                variant: variant.to_owned(),
                representation: "mean".to_owned(),
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
        assert!(shown("mig", "study", &["study", "exact"]));
        assert!(!shown("mig", "study", &["lin-2020"]));
        assert!(shown("mig", "lin-2020", &["lin-2020"]));
        // A metric that has none of the variants that are asked for is taken in its first.
        assert!(shown("unsupervised", "study", &["lin-2020"]));
        assert!(shown("elbo", "probe", &["study"]));
    }

    #[test]
    fn a_score_of_an_earlier_definition_is_not_shown() {
        let evaluation = EvaluationConfig::default();
        let asked = Asked {
            evaluation: &evaluation,
            trial: 0,
            steps: 10,
        };
        let n_shown = |metric: &str, revision: u32| {
            let context = ScoreContext {
                variant: "study".to_owned(),
                representation: "mean".to_owned(),
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
