//! The numbers of the violins: all scores of an objective, their quartiles and density.

use crate::final_scores::Scored;
use crate::report_input::Rows;
use crate::stats::density::{bandwidth, density};
use crate::stats::interval::quantile;
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};
use std::collections::BTreeMap;

/// The number of points at which a density is computed.
const N_LEVELS: usize = 60;
/// The least number of trials for which a density is drawn.
const FEWEST: usize = 5;

/// One objective.
#[derive(Clone, Debug, PartialEq)]
pub struct Violin {
    /// The family's name in sweep files.
    pub family: String,
    /// Its name for people.
    pub title: String,
    /// Trials and scores.
    pub trials: Vec<(usize, f64)>,
    /// How many settings they are of.
    pub n_settings: usize,
    /// Lower quartile, median, upper quartile.
    pub quartiles: [f64; 3],
    /// Ascending scores with the density relative to its maximum; empty if there are few trials or all scores are
    /// equal.
    pub outline: Vec<(f64, f64)>,
}

/// The violins in the order of families.
pub fn violins(rows: &Rows, scored: &Scored) -> Vec<Violin> {
    let mut by_family: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    let families = rows.families();
    for &(trial, score) in &scored.values {
        let title = &rows.setting_of(trial).family_title;
        let place = families.iter().position(|(family, _)| family == title);
        let trials = by_family.entry(place.unwrap_or(0)).or_default();
        trials.push((trial, score));
    }
    by_family
        .into_values()
        .map(|trials| violin(rows, trials))
        .collect()
}

fn violin(rows: &Rows, trials: Vec<(usize, f64)>) -> Violin {
    let setting = |trial: usize| rows.trials[trial].setting;
    let family = &rows.settings[setting(trials[0].0)].setting;
    let mut scores: Vec<f64> = trials.iter().map(|(_, score)| *score).collect();
    scores.sort_by(f64::total_cmp);
    let mut settings: Vec<usize> = trials.iter().map(|(trial, _)| setting(*trial)).collect();
    settings.sort_unstable();
    settings.dedup();
    Violin {
        family: family.family.clone(),
        title: family.family_title.clone(),
        n_settings: settings.len(),
        quartiles: [0.25, 0.5, 0.75].map(|p| quantile(&scores, p)),
        outline: outline(&scores),
        trials,
    }
}

fn outline(sorted: &[f64]) -> Vec<(f64, f64)> {
    let reach = 1.5 * bandwidth(sorted);
    if sorted.len() < FEWEST || reach <= 0.0 {
        return Vec::new();
    }
    let (low, high) = (sorted[0] - reach, sorted[sorted.len() - 1] + reach);
    if !(high - low).is_finite() {
        return Vec::new();
    }
    let level = |i: usize| low + (high - low) * i as f64 / (N_LEVELS - 1) as f64;
    let levels: Vec<f64> = (0..N_LEVELS).map(level).collect();
    let density = density(sorted, &levels);
    let highest = density.iter().copied().fold(0.0, f64::max);
    // If scores are this far apart, their densities underflow to 0.
    if highest <= 0.0 {
        return Vec::new();
    }
    let shares = density.into_iter().map(|d| d / highest);
    levels.into_iter().zip(shares).collect()
}

/// One row per trial.
pub fn table(rows: &Rows, scored: &Scored, violins: &[Violin]) -> PolarsResult<DataFrame> {
    let all: Vec<(&Violin, usize, f64)> = violins
        .iter()
        .flat_map(|violin| {
            violin
                .trials
                .iter()
                .map(move |(t, score)| (violin, *t, *score))
        })
        .collect();
    let key = &scored.key;
    let text = |of: &dyn Fn(&Violin, usize) -> String| -> Vec<String> {
        all.iter()
            .map(|(violin, trial, _)| of(violin, *trial))
            .collect()
    };
    DataFrame::new_infer_height(vec![
        column("trial", text(&|_, t| rows.trials[t].id.clone())),
        column("family", text(&|violin, _| violin.family.clone())),
        column("setting", text(&|_, t| rows.setting_of(t).label.clone())),
        column("seed", all.iter().map(|a| rows.trials[a.1].seed)),
        column("metric", text(&|_, _| key.metric.to_string())),
        column("variant", text(&|_, _| key.variant.to_string())),
        column(
            "representation",
            text(&|_, _| key.representation.to_string()),
        ),
        column("score", all.iter().map(|a| a.2)),
    ])
}
