//! What the numbers say, in sentences: the best setting per metric, what it costs, and how sure that is.

mod words;

pub use words::{Said, said};

use crate::axis::plain;
use crate::figures::trade_off::{Panel, SettingMean};
use crate::rows::{RECONSTRUCTION, Rows};
use crate::stats::Spread;
use crate::stats::interval::half_width_95;
use crate::words::{count, decimals, list};
use unravel_score::MetricName;

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is about: `MIG · exact`.
    pub title: String,
    /// Index of the best setting.
    pub setting: usize,
    /// Its mean ± half of its 95 % t interval.
    pub value: String,
    /// The unit; empty for scores, which have none.
    pub unit: &'static str,
    /// What that rests on and costs.
    pub sentence: String,
    /// Why not to trust it too far; empty when there is no reason.
    pub caution: String,
}

/// How much of the sweep is there, in one sentence.
pub fn standing_sentence(rows: &Rows) -> String {
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
        return format!(
            "All {} are trained: {settings} of {}.",
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

/// Reconstruction first, then one finding for each panel that has settings and a better end.
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

/// The setting of the highest mean, or with a merit of −1 the lowest; the first of equals.
fn best(spreads: &[(usize, Spread)], merit: f64) -> Option<(usize, Spread)> {
    spreads.iter().copied().reduce(|a, b| {
        if merit * a.1.mean < merit * b.1.mean {
            b
        } else {
            a
        }
    })
}

/// `0.312 ± 0.041`, the latter half the 95 % t interval; of one trial seed `0.312`.
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
            "Its mean reconstruction error, {error} nats per image, is also the lowest."
        );
    }
    format!(
        "Its mean reconstruction error, {error} nats per image, is {} above the lowest.",
        plain(extra, decimals(RECONSTRUCTION))
    )
}

/// Says which settings the data does not separate from the best one.
fn caution(rows: &Rows, setting: usize, spread: &Spread, all: &[(usize, Spread)]) -> String {
    let others = || all.iter().filter(|(other, _)| *other != setting);
    if others().next().is_none() {
        return "The only setting with a score, so there is no setting to compare it with."
            .to_owned();
    }
    if spread.sd.is_none() {
        return "One trial seed per setting: the effect of the seed is unknown.".to_owned();
    }
    let reach = |one: &Spread| half_width_95(one).unwrap_or(0.0);
    let touches = |other: &Spread| (other.mean - spread.mean).abs() <= reach(other) + reach(spread);
    let mut near: Vec<&(usize, Spread)> = others().filter(|(_, other)| touches(other)).collect();
    let distance = |(_, other): &(usize, Spread)| (other.mean - spread.mean).abs();
    near.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let labels: Vec<String> = near
        .iter()
        .map(|(other, _)| label_beside(rows, *other, setting))
        .collect();
    match labels.len() {
        0 => String::new(),
        1..=3 => format!(
            "Not clearly separated: its interval overlaps that of {}.",
            list(&labels)
        ),
        n => format!(
            "Not clearly separated: its interval overlaps those of {n} other settings, the nearest being {}.",
            labels[0]
        ),
    }
}

/// A setting's label, without the family's name when `best` has named it already.
fn label_beside(rows: &Rows, setting: usize, best: usize) -> String {
    let (row, best) = (&rows.settings[setting], &rows.settings[best]);
    let is_same = row.setting.family == best.setting.family;
    if is_same {
        row.short_label().to_owned()
    } else {
        row.setting.label.clone()
    }
}
