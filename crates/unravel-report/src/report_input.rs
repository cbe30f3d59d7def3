//! The input of a report as plain rows, independent of files, stores and figures.
//!
//! Rows refer to their trial and setting by their index in [`Rows::trials`] and [`Rows::settings`].

use crate::style::{FamilyStyle, Ink, family_style};
use std::collections::{BTreeMap, BTreeSet};
use unravel_score::{MetricName, RepresentationName, VariantName};
use unravel_store::{ScoreMatrix, TrialProgress};
use unravel_sweep::Setting;

/// All loaded data of a sweep.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// In order of first appearance in the sweep.
    pub settings: Vec<SettingRow>,
    /// In the order of the sweep.
    pub trials: Vec<TrialRow>,
    /// Trials in their order, metrics in the sweep's order.
    pub scores: Vec<ScoreRow>,
    /// In the order of trials. A trial without a log has no entry.
    pub logs: Vec<LogRow>,
    /// KL of each latent, of the trials that have a log of it.
    pub latents: Vec<LatentLog>,
    /// The matrices of the final scores that have one row per code and one column per factor.
    pub matrices: Vec<MatrixRow>,
    /// One sentence for every file that could not be read.
    pub notices: Vec<String>,
}

/// A setting and its style, which is the same in every figure.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingRow {
    /// The setting.
    pub setting: Setting,
    /// How its family is drawn.
    pub style: FamilyStyle,
    /// Its own colour.
    pub ink: Ink,
}

impl SettingRow {
    /// The label without the family's name, for figures that show the family by colour and shape: `β=4`.
    pub fn short_label(&self) -> &str {
        self.setting
            .label
            .strip_prefix(self.setting.family_title.as_str())
            .unwrap_or(&self.setting.label)
            .trim_start()
    }
}

/// Gives every setting its colour: a shade of its family's hue that depends on the rank of its strength.
pub fn styled(settings: Vec<Setting>) -> Vec<SettingRow> {
    let mut strengths: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for setting in &settings {
        strengths
            .entry(setting.family.clone())
            .or_default()
            .push(setting.strength);
    }
    for values in strengths.values_mut() {
        values.sort_by(f64::total_cmp);
        values.dedup();
    }
    let row = |setting: Setting| {
        let style = family_style(&setting.family);
        let ranks = &strengths[&setting.family];
        let rank = ranks
            .iter()
            .position(|s| *s == setting.strength)
            .unwrap_or(0);
        SettingRow {
            ink: style.setting_ink(rank, ranks.len()),
            style,
            setting,
        }
    };
    settings.into_iter().map(row).collect()
}

/// One trial of the sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRow {
    /// 16 hexadecimal digits.
    pub id: String,
    /// Index of its setting.
    pub setting: usize,
    /// Its seed.
    pub seed: u64,
    /// Its number of training steps.
    pub steps: u64,
    /// How far it is.
    pub progress: TrialProgress,
    /// The store's message if its files cannot be read.
    pub unreadable: Option<String>,
    /// The device, as recorded by the worker; empty if unknown.
    pub device: String,
    /// The program that trained it, as recorded by the worker: `unravel 0.1.0 with Burn 0.21.0`; empty if unknown.
    pub program: String,
    /// Seconds of training, over all its runs.
    pub elapsed_secs: Option<f64>,
}

impl TrialRow {
    /// Whether its files can be read, and it is trained to its last step and has not failed.
    pub fn is_trained(&self) -> bool {
        self.unreadable.is_none() && self.progress.is_trained()
    }

    /// Whether it failed, or its files cannot be read.
    pub fn is_failed(&self) -> bool {
        self.unreadable.is_some() || self.progress.failure.is_some()
    }
}

/// One quantity of one metric of one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct ScoreRow {
    /// Index of its trial.
    pub trial: usize,
    /// `mig`, `elbo`, ….
    pub metric: MetricName,
    /// The quantity's name within the metric.
    pub quantity: String,
    /// Whether it is the metric's headline, its first quantity.
    pub is_headline: bool,
    /// `study`, `exact`, `probe`.
    pub variant: VariantName,
    /// `mean` or `sampled` codes.
    pub representation: RepresentationName,
    /// Its grid: `3x6x40x32x32`.
    pub grid: String,
    /// The training step of the model.
    pub step: u64,
    /// Evaluation seeds; empty if nothing was sampled.
    pub evaluation_seeds: Vec<u64>,
    /// One value per evaluation seed, or a single value.
    pub values: Vec<f64>,
    /// Mean over evaluation seeds.
    pub mean: f64,
    /// Standard deviation over evaluation seeds. It measures the sampling error of the score, not the variation between
    /// trials.
    pub sd_over_evaluation_seeds: Option<f64>,
}

/// The training log of one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRow {
    /// Index of its trial.
    pub trial: usize,
    /// Names of loss terms; per-latent KL is not among them.
    pub terms: Vec<String>,
    /// Steps and, in the order of `terms`, the means over the interval that ends at the step.
    pub rows: Vec<(u64, Vec<f64>)>,
}

/// The KL of each latent over the training of one trial.
#[derive(Clone, Debug, PartialEq)]
pub struct LatentLog {
    /// Index of its trial.
    pub trial: usize,
    /// Steps and the KL of each latent in nats; at most about 60 intervals of the training.
    pub rows: Vec<(u64, Vec<f64>)>,
}

/// The index, from 0, of the part that contains a step, if a training of `n_steps` is divided into `n_parts` equal
/// parts.
pub fn part_of_training(step: u64, n_steps: u64, n_parts: u64) -> u64 {
    let part =
        u128::from(step.saturating_sub(1)) * u128::from(n_parts) / u128::from(n_steps.max(1));
    u64::try_from(part).unwrap_or(u64::MAX)
}

/// A matrix of a final score.
#[derive(Clone, Debug, PartialEq)]
pub struct MatrixRow {
    /// Index of its trial.
    pub trial: usize,
    /// The metric that it belongs to.
    pub metric: MetricName,
    /// The matrix with its names and context.
    pub matrix: ScoreMatrix,
}

/// The quantity of [`MetricName::Elbo`] that is the reconstruction error in nats per image.
pub const RECONSTRUCTION: &str = "reconstruction_nats";
/// The quantity of [`MetricName::Elbo`] that is the KL divergence from the prior, summed over latents, in nats per image.
pub const KL: &str = "kl_nats";

impl Rows {
    /// The setting of a trial.
    pub fn setting_of(&self, trial: usize) -> &Setting {
        &self.settings[self.trials[trial].setting].setting
    }

    /// Titles and styles of the families, in order of first appearance.
    pub fn families(&self) -> Vec<(&str, FamilyStyle)> {
        let mut seen = BTreeSet::new();
        let rows = self
            .settings
            .iter()
            .filter(|row| seen.insert(row.setting.family.as_str()));
        rows.map(|row| (row.setting.family_title.as_str(), row.style))
            .collect()
    }

    /// How many trials are trained.
    pub fn n_trained(&self) -> usize {
        self.trials
            .iter()
            .filter(|trial| trial.is_trained())
            .count()
    }

    /// The scores of models at their last step, which tables and figures show.
    pub fn final_scores(&self) -> impl Iterator<Item = &ScoreRow> {
        self.scores
            .iter()
            .filter(|score| score.step == self.trials[score.trial].steps)
    }
}
