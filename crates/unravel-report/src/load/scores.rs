//! The scores and matrices that a sweep asks for; a store may hold others, of other sweeps.

use crate::rows::{ELBO, MatrixRow, ScoreRow};
use unravel_store::{ScoreContext, ScoreFile};
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
        let has_asked = self.has_asked(&file);
        let mut headline_context = None;
        let mut rows = Vec::new();
        for record in file.scores {
            let context = record.context();
            if !self.is_wanted(&record.metric, &context, has_asked) {
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
        let has_asked = self.has_asked(file);
        let wanted = file.matrices.iter().filter(|matrix| {
            1 < matrix.row_names.len()
                && 1 < matrix.col_names.len()
                && matrix.row_names != matrix.col_names
                && matrix.step == self.steps
                && matrix.seed.is_none_or(|seed| seed == 0)
                && self.is_wanted(&file.metric, &matrix.context(), has_asked)
        });
        let row = |matrix: &unravel_store::ScoreMatrix| MatrixRow {
            trial: self.trial,
            metric: file.metric.clone(),
            matrix: matrix.clone(),
        };
        wanted.map(row).collect()
    }

    /// Whether the file has a variant that is asked for. A metric that has none is taken in its first, and so are its
    /// scores.
    fn has_asked(&self, file: &ScoreFile) -> bool {
        let variants = &self.evaluation.variants;
        let mut scores = file.scores.iter();
        scores.any(|record| variants.contains(&record.variant))
    }

    fn is_wanted(&self, metric: &str, context: &ScoreContext, has_asked: bool) -> bool {
        let evaluation = self.evaluation;
        let is_step = context.step == self.steps || evaluation.at.contains(&context.step);
        let mut representations = evaluation.representations.iter().copied();
        let is_asked = metric == ELBO
            || ((!has_asked || evaluation.variants.contains(&context.variant))
                && representations.any(|r| Representation::name(r) == context.representation));
        is_step && is_asked
    }
}
