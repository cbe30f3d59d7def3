//! What the numbers say, in sentences: the best setting per metric, what it costs, and how sure that is.

use crate::figures::trade_off::{Panel, SettingMean};
use crate::rows::{ELBO, RECONSTRUCTION, Rows, Standing};
use crate::stats::Spread;
use crate::words::{count, decimals, list, plus_minus, score_title};

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// What it is about: `MIG · exact`.
    pub title: String,
    /// Index of the best setting.
    pub setting: usize,
    /// Its mean ± sd.
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
    let of =
        |is: &dyn Fn(&Standing) -> bool| rows.trials.iter().filter(|t| is(&t.standing)).count();
    let n_failed = of(&|s| matches!(s, Standing::Failed { .. } | Standing::Unreadable { .. }));
    let n_waiting = of(&|s| matches!(s, Standing::NotStarted | Standing::Training { .. }));
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
        "{} of {} are trained; {}. Scores are of trained trials only; training curves also show \
         unfinished ones.",
        rows.n_trained(),
        count(n, "trial"),
        list(&parts)
    )
}

/// Reconstruction first, then one finding for each panel that has settings.
pub fn findings(rows: &Rows, panels: &[Panel]) -> Vec<Finding> {
    let errors = reconstruction(rows);
    let lowest = best(&errors, |spread| -spread.mean);
    let first = lowest.map(|(setting, spread)| Finding {
        title: "Lowest reconstruction error".to_owned(),
        setting,
        value: plus_minus(&spread, decimals(RECONSTRUCTION)),
        unit: "nats per image",
        sentence: over_seeds(&spread),
        caution: caution(rows, setting, &spread, &errors),
    });
    let scored = panels.iter().filter_map(|panel| {
        let scores: Vec<(usize, Spread)> =
            panel.means.iter().map(|m| (m.setting, m.score)).collect();
        let (setting, spread) = best(&scores, |spread| spread.mean)?;
        let mean = panel.means.iter().find(|m| m.setting == setting)?;
        Some(Finding {
            title: format!(
                "Best {}",
                score_title(
                    &panel.key.metric,
                    &panel.key.variant,
                    &panel.key.representation
                )
            ),
            setting,
            value: plus_minus(&spread, 3),
            unit: "",
            sentence: format!(
                "{} {}",
                over_seeds(&spread),
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
            .filter(move |s| s.metric == ELBO && s.quantity == RECONSTRUCTION);
        Spread::of(
            mine.filter(|s| rows.trials[s.trial].setting == setting)
                .map(|s| s.mean),
        )
    };
    (0..rows.settings.len())
        .filter_map(|setting| Some((setting, of(setting)?)))
        .collect()
}

/// The setting of the highest merit; the first of equals.
fn best(spreads: &[(usize, Spread)], merit: impl Fn(&Spread) -> f64) -> Option<(usize, Spread)> {
    spreads
        .iter()
        .copied()
        .reduce(|a, b| if merit(&a.1) < merit(&b.1) { b } else { a })
}

fn over_seeds(spread: &Spread) -> String {
    match spread.n {
        1 => "One trial seed.".to_owned(),
        n => format!("Mean ± sd over {n} trial seeds."),
    }
}

fn cost(mean: &SettingMean, lowest: Option<Spread>) -> String {
    let error = plus_minus(&mean.reconstruction, decimals(RECONSTRUCTION));
    let extra = lowest.map_or(0.0, |lowest| mean.reconstruction.mean - lowest.mean);
    if extra < 0.005 {
        return format!("Its reconstruction error, {error} nats per image, is also the lowest.");
    }
    format!("It costs {extra:.2} nats per image over the lowest reconstruction error ({error}).")
}

/// Says which settings the data does not separate from the best one.
fn caution(rows: &Rows, setting: usize, spread: &Spread, all: &[(usize, Spread)]) -> String {
    let others = || all.iter().filter(|(other, _)| *other != setting);
    if spread.sd.is_none() && others().next().is_some() {
        return "With one trial seed there is no telling how far chance moves it.".to_owned();
    }
    let mut near: Vec<&(usize, Spread)> = others()
        .filter(|(_, other)| spread.overlaps(other) == Some(true))
        .collect();
    let distance = |(_, other): &(usize, Spread)| (other.mean - spread.mean).abs();
    near.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
    let labels: Vec<String> = near
        .iter()
        .map(|(other, _)| label_beside(rows, *other, setting))
        .collect();
    match labels.len() {
        0 => String::new(),
        1..=3 => format!(
            "Not clearly separated: mean ± sd overlaps with {}.",
            list(&labels)
        ),
        n => format!(
            "Not clearly separated: mean ± sd overlaps with {n} other settings, the nearest {}.",
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
