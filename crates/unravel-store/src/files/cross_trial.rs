//! `<report>/scores/<metric>.json`: scores that compare the trials of a setting with each other.
//!
//! They are of no single trial, so no trial's folder has them: they live beside the report of the sweep that chose the
//! trials, and name them.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use unravel_score::{MetricName, RepresentationName, VariantName};
use unravel_sweep::TrialId;

use crate::disk::checksummed_json;
use crate::disk::folders;
use crate::disk::temporaries;
use crate::error::StoreError;
use crate::files::layout::{SCORE_SUFFIX, SCORES, is_metric_name};

/// What one metric says of the trials of every setting of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossTrialFile {
    /// The metric's name, such as `udr`; also the file's name.
    pub metric: MetricName,
    /// Settings in the order of the sweep, variants in the metric's order.
    pub scores: Vec<CrossTrialScore>,
}

/// One number for each trial of a setting, taken of all of them together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CrossTrialScore {
    /// The setting's id ([`Setting::id`](unravel_sweep::Setting)).
    pub setting: String,
    /// Which of the metric's numbers.
    pub quantity: String,
    /// How it was taken: `lasso`, `spearman`.
    pub variant: VariantName,
    /// Of which codes: `mean`.
    pub representation: RepresentationName,
    /// The grid whose points were encoded, as its sizes.
    pub grid: String,
    /// How many points of it were compared.
    pub n_points: u64,
    /// The updates after which it was taken.
    pub step: u64,
    /// The trials that were compared, at least two, in the order of the sweep.
    pub trials: Vec<TrialId>,
    /// One value a trial.
    pub values: Vec<f64>,
    /// The score of each pair, first trial by second, `[n_trials, n_trials]`, row-major; zero on the diagonal.
    pub pairs: Vec<f64>,
}

impl CrossTrialFile {
    /// No scores yet.
    pub fn new(metric: impl Into<MetricName>) -> Self {
        Self {
            metric: metric.into(),
            scores: Vec::new(),
        }
    }

    /// Reads a metric's scores from a report's folder; `None` where there are none.
    ///
    /// # Errors
    /// [`StoreError::Damaged`], [`StoreError::NewerFormat`], [`StoreError::Io`].
    pub fn read(report: &Path, metric: impl Into<MetricName>) -> Result<Option<Self>, StoreError> {
        let metric = metric.into();
        let path = path(report, &metric)?;
        let Some(file) = checksummed_json::read::<Self>(&path)? else {
            return Ok(None);
        };
        match file.fault(&metric) {
            Some(what) => Err(StoreError::damaged(&path, what)),
            None => Ok(Some(file)),
        }
    }

    /// Writes the scores into a report's folder.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] for numbers that are not finite or do not fit the trials; what any write may meet.
    pub fn write(&self, report: &Path) -> Result<(), StoreError> {
        let path = path(report, &self.metric)?;
        if let Some(what) = self.fault(&self.metric) {
            return Err(StoreError::unwritable(&path, what));
        }
        folders::make(&report.join(SCORES))?;
        temporaries::remove(&report.join(SCORES));
        checksummed_json::write(&path, self)
    }

    fn fault(&self, metric: &MetricName) -> Option<String> {
        if self.metric != *metric {
            return Some(format!("it holds scores of `{}`", self.metric));
        }
        let is_sound = |score: &CrossTrialScore| {
            let n = score.trials.len();
            let numbers = score.values.iter().chain(&score.pairs);
            1 < n
                && score.values.len() == n
                && score.pairs.len() == n * n
                && numbers.copied().all(f64::is_finite)
        };
        let unsound = self.scores.iter().find(|score| !is_sound(score))?;
        let (setting, variant) = (&unsound.setting, &unsound.variant);
        Some(format!(
            "the {variant} score of setting {setting} does not fit its trials"
        ))
    }
}

fn path(report: &Path, metric: &MetricName) -> Result<PathBuf, StoreError> {
    let folder = report.join(SCORES);
    match is_metric_name(metric.as_str()) {
        true => Ok(folder.join(format!("{metric}{SCORE_SUFFIX}"))),
        false => Err(StoreError::unwritable(
            &folder,
            "the metric's name is no name of a file",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file() -> CrossTrialFile {
        let trials = ["0123456789abcdef", "fedcba9876543210"].map(|id| id.parse().unwrap());
        CrossTrialFile {
            metric: "udr".into(),
            scores: vec![CrossTrialScore {
                setting: "0011223344556677".to_owned(),
                quantity: "udr".to_owned(),
                variant: "lasso".into(),
                representation: "mean".into(),
                grid: "3x6".to_owned(),
                n_points: 18,
                step: 100,
                trials: trials.to_vec(),
                values: vec![0.5, 0.25],
                pairs: vec![0.0, 0.25, 0.5, 0.0],
            }],
        }
    }

    #[test]
    fn scores_come_back_and_changed_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(CrossTrialFile::read(folder.path(), "udr").unwrap(), None);
        file().write(folder.path()).unwrap();
        assert_eq!(
            CrossTrialFile::read(folder.path(), "udr").unwrap(),
            Some(file())
        );
        let path = folder.path().join("scores/udr.json");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("0.5", "0.6")).unwrap();
        assert!(
            CrossTrialFile::read(folder.path(), "udr")
                .unwrap_err()
                .is_damaged()
        );
    }

    #[test]
    fn numbers_that_do_not_fit_are_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let refused = |change: fn(&mut CrossTrialScore)| {
            let mut file = file();
            change(&mut file.scores[0]);
            assert!(file.write(folder.path()).is_err());
        };
        refused(|score| score.values[0] = f64::NAN);
        refused(|score| score.values.truncate(1));
        refused(|score| score.pairs.truncate(3));
        refused(|score| score.trials.truncate(1));
        let named = CrossTrialFile {
            metric: "../udr".into(),
            ..file()
        };
        assert!(named.write(folder.path()).is_err());
    }
}
