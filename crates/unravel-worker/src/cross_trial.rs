//! Scores that compare the trials of a setting, from the probes in their folders.

use std::collections::BTreeMap;
use std::path::Path;

use unravel_metrics::MetricExt;
use unravel_metrics::metrics::active_units::kl_per_code;
use unravel_metrics::metrics::udr::{Representation as Model, Similarity, udr};
use unravel_score::{Metric, Representation, Variant};
use unravel_store::{Codes, CrossTrialFile, CrossTrialScore, Store, StoreError, none_if_damaged};
use unravel_sweep::{EvaluationConfig, Trial, TrialId};

use crate::error::WorkerError;

/// Computes the requested cross-trial scores of every setting with at least two trained trials, and writes them beside
/// the report. Existing scores of the same trials are kept.
///
/// `trials` are the trials of the sweep, `grid` is the name of their grid. Returns a notice for each unreadable file.
///
/// # Errors
/// Fails if the report's folder cannot be written or the store cannot be read.
pub fn update(
    evaluation: &EvaluationConfig,
    trials: &[Trial],
    grid: &str,
    store: &Store,
    report: &Path,
) -> Result<Vec<String>, WorkerError> {
    let mut notices = Vec::new();
    if !is_requested(evaluation) {
        return Ok(notices);
    }
    let before = CrossTrialFile::read(report, Metric::Udr);
    let before = none_if_damaged(before, &mut notices)?;
    let file = scores(
        evaluation,
        trials,
        grid,
        store,
        before.as_ref(),
        &mut notices,
    )?;
    if let Some(file) = file.filter(|file| before.as_ref() != Some(file)) {
        file.write(report)?;
    }
    Ok(notices)
}

fn is_requested(evaluation: &EvaluationConfig) -> bool {
    evaluation.metrics.contains(&Metric::Udr)
}

/// Computes the scores of [`update`] without writing them. Scores of the same trials are copied from `before`.
///
/// Returns `None` if the sweep requests no cross-trial scores.
///
/// # Errors
/// Fails if the store cannot be read.
pub fn scores(
    evaluation: &EvaluationConfig,
    trials: &[Trial],
    grid: &str,
    store: &Store,
    before: Option<&CrossTrialFile>,
    notices: &mut Vec<String>,
) -> Result<Option<CrossTrialFile>, WorkerError> {
    if !is_requested(evaluation) {
        return Ok(None);
    }
    let metric = Metric::Udr;
    let mut file = CrossTrialFile::new(metric);
    let before = before.map_or(&[][..], |before| before.scores.as_slice());
    for (setting, trials) in by_setting(trials) {
        let group = TrainedSetting {
            setting: &setting,
            grid,
            trials: trained(store, &trials)?,
        };
        if group.trials.len() < 2 {
            continue;
        }
        for variant in metric.requested_variants(&evaluation.variants) {
            let found = before.iter().find(|score| group.matches(score, variant));
            match found {
                Some(score) => file.scores.push(score.clone()),
                None => file.scores.extend(group.score(store, variant, notices)?),
            }
        }
    }
    Ok(Some(file))
}

/// Groups trials by setting, in the order of each setting's first trial.
fn by_setting(trials: &[Trial]) -> Vec<(String, Vec<&Trial>)> {
    let mut groups: Vec<(String, Vec<&Trial>)> = Vec::new();
    let mut indices = BTreeMap::new();
    for trial in trials {
        let setting = trial.setting().id;
        let at = *indices.entry(setting.clone()).or_insert(groups.len());
        if at == groups.len() {
            groups.push((setting, Vec::new()));
        }
        groups[at].1.push(trial);
    }
    groups
}

/// The trials with a probe. Every evaluated trial has one.
fn trained<'a>(store: &Store, trials: &[&'a Trial]) -> Result<Vec<&'a Trial>, StoreError> {
    let mut found = Vec::new();
    for trial in trials {
        if store.trial(&trial.id()).has_probe()? {
            found.push(*trial);
        }
    }
    Ok(found)
}

/// The trained trials of one setting.
struct TrainedSetting<'a> {
    setting: &'a str,
    grid: &'a str,
    trials: Vec<&'a Trial>,
}

impl TrainedSetting<'_> {
    fn ids(&self) -> impl Iterator<Item = TrialId> {
        self.trials.iter().map(|trial| trial.id())
    }

    /// Whether the score is of exactly these trials.
    fn matches(&self, score: &CrossTrialScore, variant: Variant) -> bool {
        score.setting == self.setting
            && score.variant == variant
            && score.grid == self.grid
            && score.trials.iter().cloned().eq(self.ids())
    }

    /// Computes the score. Returns `None` if the variant has no similarity or a probe cannot be read.
    fn score(
        &self,
        store: &Store,
        variant: Variant,
        notices: &mut Vec<String>,
    ) -> Result<Option<CrossTrialScore>, WorkerError> {
        let Some(similarity) = Similarity::of(variant) else {
            return Ok(None);
        };
        let mut probes = Vec::new();
        for id in self.ids() {
            probes.extend(none_if_damaged(store.trial(&id).probe(), notices)?);
        }
        if probes.len() < self.trials.len() {
            return Ok(None);
        }
        let kl_nats: Vec<Vec<f64>> = probes
            .iter()
            .map(|probe: &Codes| kl_per_code(&probe.z_mean, &probe.z_logvar, probe.n_codes))
            .collect();
        let models: Vec<Model> = probes
            .iter()
            .zip(&kl_nats)
            .map(|(probe, kl_nats)| Model {
                codes: &probe.z_mean,
                kl_nats,
            })
            .collect();
        let scores = udr(&models, similarity).map_err(|source| WorkerError::CrossTrial {
            metric: Metric::Udr.title(),
            source,
        })?;
        Ok(Some(CrossTrialScore {
            setting: self.setting.to_owned(),
            quantity: Metric::Udr.quantities()[0].name.to_owned(),
            variant: variant.into(),
            representation: Representation::Mean.into(),
            grid: self.grid.to_owned(),
            n_points: probes[0].points.len() as u64,
            step: self.trials[0].training.steps,
            trials: self.ids().collect(),
            values: scores.model_scores,
            pairs: scores.pair_scores,
        }))
    }
}
