//! Settings: trials that differ only in their seed are repetitions of one setting.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::field::{Field, Kind};
use crate::trial::Trial;
use crate::trial_id::TrialId;

/// Everything about a trial but its seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    /// 16 hexadecimal digits that all trials of the setting share.
    pub id: String,
    /// The objective's family as in sweep files: `beta-vae`.
    pub family: String,
    /// The family for people: `β-VAE`.
    pub family_title: String,
    /// For figures and tables: `β-VAE β=4`.
    pub label: String,
    /// The weight that the family's sweeps are about: `beta`.
    pub strength_name: String,
    /// How that weight is written on an axis: `β`.
    pub strength_symbol: String,
    /// That weight; of a schedule the value that it goes to.
    pub strength: f64,
}

impl Trial {
    /// Everything but the seed; see [`settings`](crate::settings) for labels that also tell other keys apart.
    pub fn setting(&self) -> Setting {
        Setting::of(self)
    }

    fn setting_id(&self) -> String {
        TrialId::of(&self.describe(|_| true)).to_string()
    }
}

impl Setting {
    pub(crate) fn of(trial: &Trial) -> Self {
        let family = trial.objective.family();
        let strength = trial.objective.strength();
        Self {
            id: trial.setting_id(),
            family: family.name.to_owned(),
            family_title: family.title.to_owned(),
            label: label(trial),
            strength_name: family.strength_name.to_owned(),
            strength_symbol: family.strength_symbol.to_owned(),
            strength,
        }
    }
}

/// The family and its strength, the schedule written out; what a combined objective adds up.
fn label(trial: &Trial) -> String {
    let family = trial.objective.family();
    let mut label = family.title.to_owned();
    let strength = Field::all().find(|field| field.is_strength_of(family));
    if let Some(value) = strength.and_then(|field| field.get(trial)) {
        label.push_str(&format!(" {}={}", family.strength_symbol, value.label()));
    }
    for field in combined_weights(trial) {
        if let Some(value) = field.get(trial) {
            label.push_str(&format!(", {}={}", field.label(), value.label()));
        }
    }
    label
}

/// The weights besides the strength that the label of a combined objective always names.
fn combined_weights(trial: &Trial) -> impl Iterator<Item = &'static Field> {
    let family = trial.objective.family();
    Field::all().filter(move |field| {
        matches!(field.kind, Kind::Weight { .. })
            && field.path.starts_with("objective.combined.")
            && !field.is_strength_of(family)
    })
}

/// The distinct settings of these trials, in order of first appearance, with labels that tell them apart.
///
/// A label names, besides the strength, every key in which trials of the same family differ: `β-VAE β=4, latents=5`.
pub fn settings(trials: &[Trial]) -> Vec<Setting> {
    let varying = varying_keys(trials);
    let mut seen = BTreeSet::new();
    let mut settings = Vec::new();
    for trial in trials {
        let mut setting = Setting::of(trial);
        if !seen.insert(setting.id.clone()) {
            continue;
        }
        let family = trial.objective.family().name;
        for field in Field::all().filter(|f| varying.contains(&(family, f.path))) {
            if combined_weights(trial).any(|named| named == field) {
                continue;
            }
            if let Some(value) = field.get(trial) {
                let named = format!(", {}={}", field.label(), value.label());
                setting.label.push_str(&named);
            }
        }
        settings.push(setting);
    }
    settings
}

/// The (family, key) pairs, the strength left out, in which trials differ.
fn varying_keys(trials: &[Trial]) -> BTreeSet<(&'static str, &'static str)> {
    let mut first = BTreeMap::new();
    let mut varying = BTreeSet::new();
    for trial in trials {
        let family = trial.objective.family();
        for field in Field::all().filter(|f| !f.is_strength_of(family)) {
            let key = (family.name, field.path);
            let value = field.get(trial);
            if *first.entry(key).or_insert(value) != value {
                varying.insert(key);
            }
        }
    }
    varying
}

#[cfg(test)]
mod tests {
    use super::settings;
    use crate::objective::Objective;
    use crate::trial::Trial;

    fn trial(objective: Objective, latents: usize, seed: u64) -> Trial {
        let mut trial = Trial::new(objective, seed);
        trial.model.latents = latents;
        trial
    }

    #[test]
    fn labels_name_the_strength_and_what_else_varies_in_the_family() {
        let trials = [
            trial(Objective::beta_vae(4.0), 10, 0),
            trial(Objective::beta_vae(4.0), 10, 1),
            trial(Objective::beta_vae(4.0), 5, 0),
            trial(Objective::factor_vae(6.4), 10, 0),
        ];
        let labels: Vec<String> = settings(&trials).into_iter().map(|s| s.label).collect();
        assert_eq!(
            labels,
            [
                "β-VAE β=4, latents=10",
                "β-VAE β=4, latents=5",
                "FactorVAE γ=6.4"
            ]
        );
    }

    #[test]
    fn labels_of_numbers_far_from_one_are_short() {
        let label = |beta: f64| trial(Objective::beta_vae(beta), 10, 0).setting().label;
        assert_eq!([1e-30, 3e38].map(label), ["β-VAE β=1e-30", "β-VAE β=3e38"]);
    }

    #[test]
    fn a_setting_is_shared_by_its_seeds_and_by_nothing_else() {
        let of = |objective, seed| trial(objective, 10, seed).setting();
        assert_eq!(
            of(Objective::beta_vae(4.0), 0),
            of(Objective::beta_vae(4.0), 7)
        );
        assert_ne!(
            of(Objective::beta_vae(4.0), 0).id,
            of(Objective::beta_vae(4.5), 0).id
        );
    }
}
