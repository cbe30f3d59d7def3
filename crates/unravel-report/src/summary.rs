//! The summary in sentences: the best setting per metric, its reconstruction error, and the uncertainty of the ranking.

mod words;

pub use words::{Said, said};

use crate::axis::plain;
use crate::figures::trade_off::{Panel, SettingMean};
use crate::report_input::{RECONSTRUCTION, Rows};
use crate::stats::Spread;
use crate::stats::interval::half_width_95;
use crate::words::{count, decimals, list};
use unravel_score::MetricName;

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Its title: `MIG · exact`.
    pub title: String,
    /// Index of the best setting.
    pub setting: usize,
    /// Its mean ± half of its 95 % t interval.
    pub value: String,
    /// The unit; empty for scores, which have none.
    pub unit: &'static str,
    /// The number of trials behind it, and the reconstruction error.
    pub sentence: String,
    /// A caution about the ranking; empty if there is none.
    pub caution: String,
}

/// How many trials are trained, and which settings the sweep has. `is_scored`: whether no requested score is missing.
pub fn standing_sentence(rows: &Rows, is_scored: bool) -> String {
    let n = rows.trials.len();
    let n_failed = rows.trials.iter().filter(|t| t.is_failed()).count();
    let n_waiting = n - n_failed - rows.n_trained();
    if n == 0 {
        return "The sweep has no trials.".to_owned();
    }
    if rows.n_trained() == n {
        let families: Vec<String> = rows
            .families()
            .iter()
            .map(|(title, _)| (*title).to_owned())
            .collect();
        let settings = count(rows.settings.len(), "setting");
        let scored = if is_scored { " and scored" } else { "" };
        return format!(
            "All {} are trained{scored}. The sweep has {settings} of {}.",
            count(n, "trial"),
            list(&families)
        );
    }
    let mut parts = Vec::new();
    if 0 < n_waiting {
        parts.push(format!("{n_waiting} not finished"));
    }
    if 0 < n_failed {
        parts.push(format!("{n_failed} failed"));
    }
    format!(
        "{} of {} are trained; {}. Scores cover trained trials only; training curves also cover unfinished \
         trials.",
        rows.n_trained(),
        count(n, "trial"),
        list(&parts)
    )
}

/// The finding for the reconstruction error, then one for each panel of a score with a direction.
pub fn findings(rows: &Rows, panels: &[Panel]) -> Vec<Finding> {
    let errors = reconstruction(rows);
    let lowest = best(&errors, -1.0);
    let first = lowest.map(|(setting, spread)| Finding {
        title: "Lowest reconstruction error".to_owned(),
        setting,
        value: interval(&spread, decimals(RECONSTRUCTION)),
        unit: "nats per image",
        sentence: over_seeds(&spread, decimals(RECONSTRUCTION)),
        caution: caution(rows, setting, &spread, &errors),
    });
    let scored = panels.iter().filter_map(|panel| {
        let key = &panel.scored.key;
        let merit = key.merit();
        let scores: Vec<(usize, Spread)> =
            panel.means.iter().map(|m| (m.setting, m.score)).collect();
        let (setting, spread) = best(&scores, merit).filter(|_| merit != 0.0)?;
        let mean = panel.means.iter().find(|m| m.setting == setting)?;
        let end = if merit < 0.0 { "Lowest" } else { "Best" };
        Some(Finding {
            title: format!("{end} {}", key.title()),
            setting,
            value: interval(&spread, 3),
            unit: "",
            sentence: format!(
                "{} {}",
                over_seeds(&spread, 3),
                cost(mean, lowest.map(|(_, spread)| spread))
            ),
            caution: caution(rows, setting, &spread, &scores),
        })
    });
    first.into_iter().chain(scored).collect()
}

/// Each setting's reconstruction error over trial seeds.
pub fn reconstruction(rows: &Rows) -> Vec<(usize, Spread)> {
    let of = |setting| {
        let mine = rows
            .final_scores()
            .filter(move |s| s.metric == MetricName::Elbo && s.quantity == RECONSTRUCTION);
        Spread::of(
            mine.filter(|s| rows.trials[s.trial].setting == setting)
                .map(|s| s.mean),
        )
    };
    (0..rows.settings.len())
        .filter_map(|setting| Some((setting, of(setting)?)))
        .collect()
}

/// The setting with the highest mean, or with the lowest if `merit` is −1. Of equal means, the first.
fn best(spreads: &[(usize, Spread)], merit: f64) -> Option<(usize, Spread)> {
    spreads.iter().copied().reduce(|a, b| {
        if merit * a.1.mean < merit * b.1.mean {
            b
        } else {
            a
        }
    })
}

/// `0.312 ± 0.041`, where 0.041 is half the width of the 95 % t interval; `0.312` for a single trial seed.
fn interval(spread: &Spread, decimals: usize) -> String {
    let mean = plain(spread.mean, decimals);
    half_width_95(spread).map_or_else(
        || mean.clone(),
        |half| format!("{mean} ± {}", plain(half, decimals)),
    )
}

fn over_seeds(spread: &Spread, decimals: usize) -> String {
    match (spread.n, spread.sd) {
        (n, Some(sd)) => format!(
            "Mean ± 95 % t interval over {n} trial seeds; sd {}.",
            plain(sd, decimals)
        ),
        _ => "One trial seed, so there is no interval.".to_owned(),
    }
}

fn cost(mean: &SettingMean, lowest: Option<Spread>) -> String {
    let error = plain(mean.reconstruction.mean, decimals(RECONSTRUCTION));
    let extra = lowest.map_or(0.0, |lowest| mean.reconstruction.mean - lowest.mean);
    if extra < 0.005 {
        return format!(
            "The mean reconstruction error of this setting is {error} nats per image, which is also the lowest."
        );
    }
    format!(
        "The mean reconstruction error of this setting is {error} nats per image, {} above the lowest.",
        plain(extra, decimals(RECONSTRUCTION))
    )
}

/// The sentence about settings whose intervals overlap that of the best one.
fn caution(rows: &Rows, setting: usize, spread: &Spread, all: &[(usize, Spread)]) -> String {
    let others = || all.iter().filter(|(other, _)| *other != setting);
    if others().next().is_none() {
        return "This is the only setting with a score, so there is no setting to compare it with."
            .to_owned();
    }
    if spread.sd.is_none() {
        return "Each setting has one trial seed, so the effect of the seed is unknown.".to_owned();
    }
    let reach = |one: &Spread| half_width_95(one).unwrap_or(0.0);
    let touches = |other: &Spread| (other.mean - spread.mean).abs() <= reach(other) + reach(spread);
    let mut near: Vec<&(usize, Spread)> = others().filter(|(_, other)| touches(other)).collect();
    let distance = |(_, other): &(usize, Spread)| (other.mean - spread.mean).abs();
    near.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let labels: Vec<String> = near
        .iter()
        .map(|(other, _)| rows.settings[*other].setting.label.clone())
        .collect();
    match labels.len() {
        0 => String::new(),
        1 => format!(
            "The interval overlaps that of {}, so the ranking is uncertain.",
            labels[0]
        ),
        2..=3 => format!(
            "The interval overlaps those of {}, so the ranking is uncertain.",
            list(&labels)
        ),
        n => format!(
            "The interval overlaps those of {n} other settings (nearest: {}), so the ranking is uncertain.",
            labels[0]
        ),
    }
}
