//! `scores/<metric>.json`: what one metric says of one trial, in every variant that was asked for.
//!
//! A score carries what it takes to trace it: metric, quantity, variant, representation, grid, step and seeds. It
//! carries no time and no path, so the same trial gives the same bytes wherever and whenever it is scored.
//!
//! A score whose metric has changed its definition since has a lower [revision](ScoreRecord::revision) than what is asked
//! for. It counts as missing, and the score that is then taken replaces it, whatever its seeds.
//!
//! # Matrices
//!
//! A file also holds the matrices that explain its scores ([`ScoreMatrix`]), each under the context and evaluation seed of
//! the score that it explains. What most of them say is which code holds which factor: a row for each code, named
//! `code_0`, `code_1`, … in the order of the codes, and a column for each factor, named as in the grid (`shape`,
//! `pos-x`) and varying in it; [`ScoreMatrix::is_codes_by_factors`] tells. Others have one row and a
//! column for each factor, or codes by codes, or factors by numbers of labels. A name that ends in `_nats` is in nats
//! ([`ScoreMatrix::unit`]); what has no such ending is a count (`votes_…`) or a ratio without unit. Names are the same in
//! all variants of a metric. A matrix over several seeds is for the reader to average; none is stored.

use std::path::Path;

use serde::{Deserialize, Serialize};
use unravel_score::{MetricName, RepresentationName, ScoreContext, ScoreRecord, VariantName};

use crate::error::StoreError;

/// The last field of a score file, most of its text.
pub(crate) const MATRICES: &str = "matrices";

/// What the names of rows and columns that stand for codes begin with.
const CODE_PREFIX: &str = "code_";

/// The scores of one trial by one metric.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreFile {
    /// The metric's name, such as `mig`; also the file's name.
    pub metric: MetricName,
    /// Sorted by variant, representation, grid, step, and within one of these in the metric's own order of quantities,
    /// the headline first.
    pub scores: Vec<ScoreRecord>,
    /// The matrices behind the scores, sorted alike; the last field, so that the others can be read without it.
    #[serde(default)]
    pub matrices: Vec<ScoreMatrix>,
}

/// A matrix that explains a score, such as the mutual information of each code with each factor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScoreMatrix {
    /// What its entries are.
    pub name: String,
    /// As in [`ScoreRecord::variant`].
    pub variant: VariantName,
    /// As in [`ScoreRecord::representation`].
    pub representation: RepresentationName,
    /// As in [`ScoreRecord::grid`].
    pub grid: String,
    /// As in [`ScoreRecord::step`].
    pub step: u64,
    /// The evaluation seed; none for a variant that does not sample.
    pub seed: Option<u64>,
    /// Names of the rows.
    pub row_names: Vec<String>,
    /// Names of the columns.
    pub col_names: Vec<String>,
    /// Row-major, one value per row and column.
    pub values: Vec<f64>,
}

impl ScoreMatrix {
    /// What it was taken of and how.
    pub fn context(&self) -> ScoreContext {
        ScoreContext {
            variant: self.variant.clone(),
            representation: self.representation.clone(),
            grid: self.grid.clone(),
            step: self.step,
        }
    }

    /// `nats`, or nothing for a count or a ratio.
    pub fn unit(&self) -> Option<&'static str> {
        self.name.ends_with("_nats").then_some("nats")
    }

    /// Whether there is a row for each code and a column for each factor.
    pub fn is_codes_by_factors(&self) -> bool {
        let is_code = |name: &String| name.starts_with(CODE_PREFIX);
        !self.row_names.is_empty()
            && self.row_names.iter().all(is_code)
            && !self.col_names.iter().any(is_code)
    }

    /// The value at a row and a column.
    ///
    /// # Panics
    /// When there is no such row or column.
    pub fn at(&self, row: usize, col: usize) -> f64 {
        assert!(col < self.col_names.len(), "column {col}");
        self.values[row * self.col_names.len() + col]
    }

    fn key(&self) -> (ScoreContext, &str, Option<u64>) {
        (self.context(), &self.name, self.seed)
    }

    fn fault(&self) -> Option<String> {
        let n_entries = self.row_names.len().checked_mul(self.col_names.len());
        if n_entries != Some(self.values.len()) {
            return Some(format!(
                "the matrix `{}` has {} values, not rows x columns",
                self.name,
                self.values.len()
            ));
        }
        let is_finite = self.values.iter().all(|value| value.is_finite());
        (!is_finite).then(|| {
            format!(
                "the matrix `{}` has an entry that is not a finite number",
                self.name
            )
        })
    }
}

impl ScoreFile {
    /// No scores yet.
    pub fn new(metric: impl Into<MetricName>) -> Self {
        Self {
            metric: metric.into(),
            scores: Vec::new(),
            matrices: Vec::new(),
        }
    }

    /// The records of one context, the headline quantity first.
    pub fn of(&self, context: &ScoreContext) -> impl Iterator<Item = &ScoreRecord> {
        self.scores
            .iter()
            .filter(move |record| context.is_of(record))
    }

    /// The part of these scores, and of the matrices behind them, that was taken in one of these contexts.
    pub fn part(&self, contexts: &[ScoreContext]) -> Self {
        let mut part = self.clone();
        part.scores
            .retain(|record| contexts.contains(&record.context()));
        part.matrices
            .retain(|matrix| contexts.contains(&matrix.context()));
        part
    }

    /// Takes over the other file's scores and keeps everything else; where both have a value, the other's is taken.
    /// In each context the scores and matrices of the highest revision remain, and no others.
    /// What comes out does not depend on the order in which contexts and seeds were added.
    pub fn merge(&mut self, mut other: Self) {
        self.drop_older_than(&other);
        other.drop_older_than(self);
        for record in other.scores {
            let same = |mine: &&mut ScoreRecord| {
                mine.quantity == record.quantity && mine.context() == record.context()
            };
            match self.scores.iter_mut().find(same) {
                Some(mine) => mine.absorb(record),
                None => self.scores.push(record),
            }
        }
        // Stable: the quantities of one context stay in the metric's order.
        self.scores.sort_by_key(ScoreRecord::context);
        for matrix in other.matrices {
            self.matrices.retain(|mine| mine.key() != matrix.key());
            self.matrices.push(matrix);
        }
        self.matrices.sort_by(|a, b| a.key().cmp(&b.key()));
    }

    /// Drops every context that the other file has in a higher revision.
    fn drop_older_than(&mut self, other: &Self) {
        let of_other =
            |context: &ScoreContext| other.of(context).map(|record| record.revision).max();
        let is_older = |record: &&ScoreRecord| Some(record.revision) < of_other(&record.context());
        let older: Vec<ScoreContext> = self
            .scores
            .iter()
            .filter(is_older)
            .map(ScoreRecord::context)
            .collect();
        self.scores
            .retain(|record| !older.contains(&record.context()));
        self.matrices
            .retain(|matrix| !older.contains(&matrix.context()));
    }

    /// Checks what no score file may hold: NaN or infinity, another metric's records, values that do not fit seeds.
    pub(crate) fn fault(&self) -> Option<String> {
        if let Some(stray) = self
            .scores
            .iter()
            .find(|record| record.metric != self.metric)
        {
            return Some(format!(
                "a score of `{}` is among those of `{}`",
                stray.metric, self.metric
            ));
        }
        let of_records = self.scores.iter().find_map(ScoreRecord::fault);
        of_records.or_else(|| self.matrices.iter().find_map(ScoreMatrix::fault))
    }

    /// As [`fault`](Self::fault), for what was read from `path`.
    pub(crate) fn checked(self, path: &Path) -> Result<Self, StoreError> {
        match self.fault() {
            Some(what) => Err(StoreError::damaged(path, what)),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(variant: &str, step: u64) -> ScoreContext {
        ScoreContext {
            variant: variant.into(),
            representation: "mean".into(),
            grid: "3x6x10x16x16".to_owned(),
            step,
        }
    }

    fn study(step: u64, values_by_seed: &[(u64, f64)]) -> ScoreFile {
        let record = |quantity: &str| {
            ScoreRecord::sampled(
                "mig",
                quantity,
                &context("study", step),
                values_by_seed.iter().copied(),
            )
        };
        let scores = vec![record("mig"), record("entropy_nats")];
        ScoreFile {
            metric: "mig".into(),
            scores,
            matrices: Vec::new(),
        }
    }

    fn exact(value: f64) -> ScoreFile {
        let scores = vec![ScoreRecord::exact(
            "mig",
            "mig",
            &context("exact", 100),
            value,
        )];
        let ScoreContext {
            variant,
            representation,
            grid,
            step,
        } = context("exact", 100);
        let (row_names, col_names) = (
            vec!["code_0".to_owned()],
            vec!["shape".to_owned(), "scale".to_owned()],
        );
        let (name, values) = ("mutual_information_nats".to_owned(), vec![value, 0.0]);
        let matrix = ScoreMatrix {
            name,
            variant,
            representation,
            grid,
            step,
            seed: None,
            row_names,
            col_names,
            values,
        };
        ScoreFile {
            metric: "mig".into(),
            scores,
            matrices: vec![matrix],
        }
    }

    fn merged(files: impl IntoIterator<Item = ScoreFile>) -> ScoreFile {
        let mut all = ScoreFile::new("mig");
        files.into_iter().for_each(|file| all.merge(file));
        all
    }

    #[test]
    fn mean_and_standard_deviation_are_those_of_the_seeds() {
        let file = study(100, &[(2, 4.0), (0, 2.0), (1, 3.0)]);
        let record = &file.scores[0];
        assert_eq!(
            (&record.seeds[..], &record.values[..]),
            (&[0, 1, 2][..], &[2.0, 3.0, 4.0][..])
        );
        assert_eq!((record.mean, record.sd), (3.0, Some(1.0))); // squares 1 + 0 + 1 over n - 1 = 2
        assert_eq!(exact(0.25).scores[0].sd, None);
    }

    #[test]
    fn adding_keeps_what_was_there_and_the_order_of_adding_does_not_show() {
        let parts = [
            study(100, &[(0, 0.1), (1, 0.2)]),
            study(100, &[(2, 0.3)]),
            study(50, &[(0, 0.5)]),
            exact(0.25),
        ];
        let all = merged(parts.clone());
        assert_eq!(all, merged(parts.into_iter().rev()));
        assert_eq!(all.scores.len(), 5);
        let record = all.of(&context("study", 100)).next().unwrap();
        assert_eq!(
            (&record.quantity[..], &record.seeds[..]),
            ("mig", &[0, 1, 2][..])
        );
        assert!(all.fault().is_none());
    }

    #[test]
    fn a_score_taken_again_replaces_the_old_one() {
        let all = merged([
            exact(0.25),
            study(100, &[(0, 0.1), (1, 0.2)]),
            exact(0.5),
            study(100, &[(1, 0.4)]),
        ]);
        assert_eq!(all.of(&context("exact", 100)).next().unwrap().values, [0.5]);
        assert_eq!(
            all.of(&context("study", 100)).next().unwrap().values,
            [0.1, 0.4]
        );
        assert_eq!((all.matrices.len(), all.matrices[0].values[0]), (1, 0.5));
    }

    #[test]
    fn a_score_of_a_changed_definition_replaces_the_old_one_with_all_its_seeds() {
        let of_revision = |revision: u32, file: ScoreFile| ScoreFile {
            scores: file
                .scores
                .into_iter()
                .map(|score| score.noted(revision, []))
                .collect(),
            ..file
        };
        let old = merged([study(100, &[(0, 0.1), (1, 0.2), (2, 0.3)]), exact(0.25)]);
        let new = of_revision(1, study(100, &[(1, 0.5)]));
        let all = merged([old.clone(), new.clone()]);
        assert_eq!(all, merged([new, old]));
        let record = all.of(&context("study", 100)).next().unwrap();
        assert_eq!((&record.seeds[..], record.revision), (&[1][..], 1));
        // What has not changed stays, with its matrix.
        assert_eq!(
            (all.of(&context("exact", 100)).count(), all.matrices.len()),
            (1, 1)
        );
        let all = merged([all, of_revision(2, exact(0.5)), of_revision(1, exact(0.75))]);
        assert_eq!(all.of(&context("exact", 100)).next().unwrap().values, [0.5]);
        assert_eq!((all.matrices.len(), all.matrices[0].values[0]), (1, 0.5));
    }

    #[test]
    fn notes_are_those_of_all_seeds_and_the_first_revision_leaves_no_trace() {
        let noted = |seed: u64, note: &str| {
            let mut file = study(100, &[(seed, 0.5)]);
            file.scores = file
                .scores
                .into_iter()
                .map(|s| s.noted(0, [note.to_owned()]))
                .collect();
            file
        };
        let all = merged([noted(1, "b"), noted(0, "a"), noted(2, "b")]);
        assert_eq!(all.scores[0].notes, ["a", "b"]);
        assert_eq!(all.scores[0].over_seeds(&[0]).unwrap().notes, ["a", "b"]);
        let text = serde_json::to_string(&exact(0.25)).unwrap();
        assert!(
            !text.contains("revision") && !text.contains("notes"),
            "{text}"
        );
    }

    #[test]
    fn a_matrix_says_what_its_rows_are_and_its_unit() {
        let mut matrix = exact(0.25).matrices.remove(0);
        assert!(matrix.is_codes_by_factors());
        assert_eq!((matrix.unit(), matrix.at(0, 1)), (Some("nats"), 0.0));
        matrix.name = "votes_eval".to_owned();
        matrix.row_names = vec!["entropy".to_owned()];
        assert!(!matrix.is_codes_by_factors());
        assert_eq!(matrix.unit(), None);
    }

    #[test]
    fn fewer_seeds_than_were_taken_give_their_own_mean() {
        let record = study(100, &[(0, 1.0), (1, 2.0), (2, 6.0)]).scores[0].clone();
        assert_eq!(record.over_seeds(&[0, 1]).unwrap().mean, 1.5);
        assert_eq!(record.over_seeds(&[0, 3]), None);
        assert_eq!(record.over_seeds(&[]), None);
        let exact = exact(0.25).scores[0].clone();
        assert_eq!(exact.over_seeds(&[0, 1]), Some(exact.clone()));
    }

    #[test]
    fn what_is_no_number_or_fits_nothing_is_a_fault() {
        assert!(
            study(1, &[(0, f64::NAN)])
                .fault()
                .unwrap()
                .contains("not a finite number")
        );
        assert!(study(1, &[(0, f64::INFINITY)]).fault().is_some());
        assert!(
            study(1, &[(0, 1.0), (0, 2.0)])
                .fault()
                .unwrap()
                .contains("out of order")
        );
        assert!(study(1, &[]).fault().is_some());
        let mut file = exact(0.1);
        file.matrices[0].row_names.push("code_1".to_owned());
        assert!(file.fault().unwrap().contains("rows x columns"));
        file.scores[0].metric = "sap".into();
        assert!(file.fault().unwrap().contains("sap"));
    }
}
