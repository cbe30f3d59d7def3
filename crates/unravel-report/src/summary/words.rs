//! Sentences about each metric's trade-off: the Pareto-optimal settings, the knee, and the share of variance due to the seed.

use crate::axis::plain;
use crate::figures::Context;
use crate::figures::trade_off::Panel;
use crate::figures::variance_explained::explained;
use crate::report_input::Rows;
use crate::stats::variance::Shares;
use crate::words::{count, list};

/// At most this many settings are named; of more, only the number is given.
const NAMED: usize = 8;

/// The sentences about one kind of score.
#[derive(Clone, Debug, PartialEq)]
pub struct Said {
    /// `MIG · exact`.
    pub title: String,
    /// Whole sentences.
    pub sentences: Vec<String>,
}

/// The sentences about each panel's score, in the order of the panels.
pub fn said(context: &Context<'_>) -> Vec<Said> {
    let explained = explained(context.rows, context.scored);
    let of = |panel: &Panel| {
        let key = &panel.scored.key;
        let shares = explained
            .iter()
            .find(|one| context.scored[one.place].key == *key)
            .map(|one| one.shares);
        let sentences = [
            front(context.rows, panel),
            knee(context.rows, panel),
            chance(panel, shares),
        ];
        Said {
            title: key.title(),
            sentences: sentences.into_iter().filter(|s| !s.is_empty()).collect(),
        }
    };
    let panels = context.panels.iter().map(of);
    panels.filter(|said| !said.sentences.is_empty()).collect()
}

fn label(rows: &Rows, panel: &Panel, place: usize) -> String {
    let row = &rows.settings[panel.means[place].setting];
    row.setting.label.clone()
}

fn front(rows: &Rows, panel: &Panel) -> String {
    let labels: Vec<String> = panel.front.iter().map(|&i| label(rows, panel, i)).collect();
    let (n, n_all) = (labels.len(), panel.means.len());
    if n == 0 || n_all < 2 {
        return String::new();
    }
    match n {
        1 => format!("{} is the only Pareto-optimal setting.", labels[0]),
        _ if NAMED < n => format!("{n} of {n_all} settings are Pareto-optimal."),
        _ => format!(
            "{n} of {n_all} settings are Pareto-optimal: {}.",
            list(&labels)
        ),
    }
}

fn knee(rows: &Rows, panel: &Panel) -> String {
    let Some(place) = panel.knee else {
        return String::new();
    };
    let mean = &panel.means[place];
    format!(
        "The knee of the front is {}, with {} at {} nats per image.",
        label(rows, panel, place),
        plain(mean.score.mean, 3),
        plain(mean.reconstruction.mean, 2),
    )
}

fn chance(panel: &Panel, shares: Option<Shares>) -> String {
    let Some(shares) = shares else {
        let is_alone = panel.means.iter().all(|mean| mean.score.n < 2);
        let unknown =
            "Each setting has one trial seed, so the share of variance due to the seed is unknown.";
        return match is_alone {
            true => unknown.to_owned(),
            false => String::new(),
        };
    };
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let n_trials = count(shares.n_trials, "trial");
    if shares.n_settings < 2 {
        return format!(
            "All of the variance of the score over {n_trials} of one setting is due to the seed."
        );
    }
    let explained = if shares.n_objectives < 2 {
        format!("the strength explains {}", percent(shares.strength))
    } else {
        format!(
            "the objective explains {}, the strength {}",
            percent(shares.objective),
            percent(shares.strength)
        )
    };
    format!(
        "Of the variance of the score over {n_trials}, {explained} and the seed {}. If settings made no difference, \
         objective and strength would explain {} by chance.",
        percent(shares.seed),
        percent(shares.by_chance()),
    )
}
