//! The numbers of scores against strength: by objective, trials and the mean and sd of each setting.

use crate::final_scores::Scored;
use crate::report_input::Rows;
use crate::stats::Spread;
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};
use std::collections::BTreeMap;

/// One objective's panel.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Its name in sweep files.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// How its strength is written: `β`.
    pub symbol: String,
    /// Its strengths, rising.
    pub strengths: Vec<f64>,
    /// Series of settings that differ only in strength, one or more for each score. Each series is joined by a line.
    pub series: Vec<Series>,
}

/// Settings that differ only in their strength.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Position of the scores in the list.
    pub place: usize,
    /// In the order of strength.
    pub settings: Vec<Setting>,
}

/// One setting's scores.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Its index.
    pub setting: usize,
    /// Its strength.
    pub strength: f64,
    /// Trials and scores.
    pub trials: Vec<(usize, f64)>,
    /// Over trial seeds.
    pub spread: Spread,
}

/// The panels of one or more scores that share an axis, in the order of families.
pub fn families(rows: &Rows, scored: &[&Scored]) -> Vec<Family> {
    let mut families: Vec<Family> = Vec::new();
    for (place, scored) in scored.iter().enumerate() {
        for setting in settings(rows, scored) {
            let row = &rows.settings[setting.setting].setting;
            let known = families.iter().position(|family| family.name == row.family);
            let at = known.unwrap_or_else(|| {
                families.push(Family {
                    name: row.family.clone(),
                    title: row.family_title.clone(),
                    symbol: row.strength_symbol.clone(),
                    strengths: Vec::new(),
                    series: Vec::new(),
                });
                families.len() - 1
            });
            add(rows, &mut families[at], place, setting);
        }
    }
    for family in &mut families {
        family.strengths.sort_by(f64::total_cmp);
        family.strengths.dedup();
        for series in &mut family.series {
            series
                .settings
                .sort_by(|a, b| a.strength.total_cmp(&b.strength));
        }
    }
    let order = |family: &Family| {
        let titles = rows.families();
        titles.iter().position(|(title, _)| *title == family.title)
    };
    families.sort_by_key(order);
    families
}

fn settings(rows: &Rows, scored: &Scored) -> Vec<Setting> {
    let mut by_setting: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    for &(trial, score) in &scored.values {
        let setting = rows.trials[trial].setting;
        by_setting.entry(setting).or_default().push((trial, score));
    }
    let setting = |(setting, trials): (usize, Vec<(usize, f64)>)| {
        Some(Setting {
            setting,
            strength: rows.settings[setting].setting.strength,
            spread: Spread::of(trials.iter().map(|(_, score)| *score))?,
            trials,
        })
    };
    by_setting.into_iter().filter_map(setting).collect()
}

/// Adds a setting to the series whose settings differ from it only in strength.
fn add(rows: &Rows, family: &mut Family, place: usize, setting: Setting) {
    family.strengths.push(setting.strength);
    let others = |setting: usize| others_in_label(&rows.settings[setting].setting.label);
    let mine = others(setting.setting);
    let is_mine = |series: &&mut Series| {
        let mut settings = series.settings.iter();
        series.place == place
            && settings.all(|s| others(s.setting) == mine && s.strength != setting.strength)
    };
    match family.series.iter_mut().find(is_mine) {
        Some(series) => series.settings.push(setting),
        None => family.series.push(Series {
            place,
            settings: vec![setting],
        }),
    }
}

/// The part of a setting's label after family and strength: `latents=5` of `β-VAE β=4, latents=5`.
fn others_in_label(label: &str) -> &str {
    label.split_once(", ").map_or("", |(_, others)| others)
}

/// One row per trial.
pub fn table(rows: &Rows, scored: &[&Scored], families: &[Family]) -> PolarsResult<DataFrame> {
    let of_series = |series: &Series| {
        let place = series.place;
        let settings = series.settings.clone();
        settings.into_iter().flat_map(move |s| {
            s.trials
                .into_iter()
                .map(move |(t, score)| (place, t, score))
        })
    };
    let all: Vec<(usize, usize, f64)> = families
        .iter()
        .flat_map(|family| family.series.iter().flat_map(of_series))
        .collect();
    let key = |place: usize| &scored[place].key;
    let setting = |trial: usize| rows.setting_of(trial);
    let text = |of: &dyn Fn(usize, usize) -> String| -> Vec<String> {
        all.iter()
            .map(|&(place, trial, _)| of(place, trial))
            .collect()
    };
    DataFrame::new_infer_height(vec![
        column("trial", text(&|_, t| rows.trials[t].id.clone())),
        column("setting", text(&|_, t| setting(t).label.clone())),
        column("family", text(&|_, t| setting(t).family.clone())),
        column(
            "strength_name",
            text(&|_, t| setting(t).strength_name.clone()),
        ),
        column("strength", all.iter().map(|a| setting(a.1).strength)),
        column("seed", all.iter().map(|a| rows.trials[a.1].seed)),
        column("metric", text(&|place, _| key(place).metric.to_string())),
        column("variant", text(&|place, _| key(place).variant.to_string())),
        column(
            "representation",
            text(&|place, _| key(place).representation.to_string()),
        ),
        column("score", all.iter().map(|a| a.2)),
    ])
}

#[cfg(test)]
mod tests {
    use super::others_in_label;

    #[test]
    fn what_else_varies_is_read_off_the_label() {
        assert_eq!(others_in_label("β-VAE β=4, latents=5"), "latents=5");
        assert_eq!(others_in_label("β-VAE β=4"), "");
    }
}
