//! The table of settings: mean ± sd over trial seeds of each score.

use super::marker;
use crate::axis::plain;
use crate::figures::trade_off::Panel;
use crate::report_input::{KL, RECONSTRUCTION, Rows, ScoreRow, TrialRow};
use crate::stats::Spread;
use crate::words::{
    capital, decimals, metric_sentence, metric_title, plus_minus, variant_sentence,
};
use std::collections::BTreeSet;
use unravel_score::{MetricName, Representation};

/// The table as the template shows it.
pub struct Table {
    /// Column heads.
    pub heads: Vec<Head>,
    /// One row per setting.
    pub rows: Vec<Row>,
    /// For each column, the mean over trials of the sd over evaluation seeds; `–` if there is none.
    pub evaluation: Vec<String>,
}

/// The head of a column.
pub struct Head {
    /// `MIG`, `Reconstruction`.
    pub title: String,
    /// `exact`, `nats per image`.
    pub detail: String,
    /// `higher is better`, `lower is better` or nothing.
    pub direction: &'static str,
}

/// One setting.
pub struct Row {
    /// Its mark, as SVG.
    pub marker: String,
    /// Its label.
    pub setting: String,
    /// `3`, or `2 of 3` if a trial is missing.
    pub n_trials: String,
    /// In the order of the heads.
    pub cells: Vec<Cell>,
}

/// One setting's value in one column.
pub struct Cell {
    /// `0.312 ± 0.041`, or `–`.
    pub text: String,
    /// Whether no other setting has a better mean.
    pub is_best: bool,
}

/// The content of a column and its direction (+1: higher is better, −1: lower is better, 0: neither).
struct Column<'a> {
    head: Head,
    quantity: &'a str,
    merit: f64,
    is_mine: Box<dyn Fn(&ScoreRow) -> bool + 'a>,
}

/// Makes the table.
pub fn table(rows: &Rows, panels: &[Panel]) -> Table {
    let columns = columns(panels);
    let spreads: Vec<Vec<Option<Spread>>> =
        columns.iter().map(|column| spreads(rows, column)).collect();
    let row = |(idx, setting): (usize, &crate::report_input::SettingRow)| Row {
        marker: marker(setting),
        setting: setting.setting.label.clone(),
        n_trials: n_trials(rows, idx),
        cells: columns
            .iter()
            .zip(&spreads)
            .map(|(column, spreads)| cell(column, spreads, idx, n_trained(rows, idx)))
            .collect(),
    };
    let table_rows = rows.settings.iter().enumerate().map(row).collect();
    let evaluation = columns
        .iter()
        .map(|column| evaluation(rows, column))
        .collect();
    Table {
        rows: table_rows,
        evaluation,
        heads: columns.into_iter().map(|column| column.head).collect(),
    }
}

/// Descriptions of the metrics and variants, for the list below the table. Metrics and variants without a description
/// are omitted.
pub fn meanings(panels: &[Panel]) -> Vec<(String, String)> {
    let keys = || panels.iter().map(|panel| &panel.scored.key);
    let metrics = keys().map(|key| (metric_title(&key.metric), metric_sentence(&key.metric)));
    let variants = keys().map(|key| (format!("“{}”", key.variant), variant_sentence(&key.variant)));
    let variants = variants.map(|(name, words)| (name, sentence(words)));
    let mut seen = BTreeSet::new();
    let is_new = |(name, words): &(String, String)| !words.is_empty() && seen.insert(name.clone());
    metrics.chain(variants).filter(is_new).collect()
}

/// `computed on …` as a sentence; empty if `words` is empty.
fn sentence(words: &str) -> String {
    if words.is_empty() {
        String::new()
    } else {
        format!("{}.", capital(words))
    }
}

fn columns(panels: &[Panel]) -> Vec<Column<'_>> {
    let elbo = |title: &str, quantity: &'static str, merit: f64| Column {
        head: Head {
            title: title.to_owned(),
            detail: "nats per image".to_owned(),
            direction: direction(merit),
        },
        quantity,
        merit,
        is_mine: Box::new(move |score| {
            score.metric == MetricName::Elbo && score.quantity == quantity
        }),
    };
    let scores = panels.iter().map(|panel| {
        let key = &panel.scored.key;
        let merit = key.merit();
        let codes = if key.representation == Representation::Mean {
            String::new()
        } else {
            format!(", {} codes", key.representation)
        };
        Column {
            head: Head {
                title: metric_title(&key.metric),
                detail: format!("{}{codes}", key.variant),
                direction: direction(merit),
            },
            quantity: "score",
            merit,
            is_mine: Box::new(|score| {
                score.is_headline
                    && (&score.metric, &score.variant, &score.representation)
                        == (&key.metric, &key.variant, &key.representation)
            }),
        }
    });
    [
        elbo("Reconstruction", RECONSTRUCTION, -1.0),
        elbo("KL", KL, 0.0),
    ]
    .into_iter()
    .chain(scores)
    .collect()
}

fn direction(merit: f64) -> &'static str {
    match merit {
        m if m < 0.0 => "lower is better",
        0.0 => "",
        _ => "higher is better",
    }
}

fn spreads(rows: &Rows, column: &Column<'_>) -> Vec<Option<Spread>> {
    let of = |setting| {
        let mine = rows
            .final_scores()
            .filter(|s| rows.trials[s.trial].setting == setting && (column.is_mine)(s));
        Spread::of(mine.map(|score| score.mean))
    };
    (0..rows.settings.len()).map(of).collect()
}

/// The mean ± sd of setting `idx`, with `n` if it does not include all `n_trained` trials.
fn cell(column: &Column<'_>, spreads: &[Option<Spread>], idx: usize, n_trained: usize) -> Cell {
    let Some(spread) = spreads[idx] else {
        return Cell {
            text: "–".to_owned(),
            is_best: false,
        };
    };
    let merit = |spread: &Spread| column.merit * spread.mean;
    let is_best = column.merit != 0.0
        && spreads
            .iter()
            .flatten()
            .all(|other| merit(other) <= merit(&spread));
    let n = if spread.n == n_trained {
        String::new()
    } else {
        format!(" (n = {})", spread.n)
    };
    Cell {
        text: format!("{}{n}", plus_minus(&spread, decimals(column.quantity))),
        is_best,
    }
}

fn n_trials(rows: &Rows, setting: usize) -> String {
    let n_all = rows
        .trials
        .iter()
        .filter(|trial| trial.setting == setting)
        .count();
    let n_trained = n_trained(rows, setting);
    if n_trained == n_all {
        n_all.to_string()
    } else {
        format!("{n_trained} of {n_all}")
    }
}

fn n_trained(rows: &Rows, setting: usize) -> usize {
    let is_trained = |trial: &&TrialRow| trial.setting == setting && trial.is_trained();
    rows.trials.iter().filter(is_trained).count()
}

fn evaluation(rows: &Rows, column: &Column<'_>) -> String {
    let mine = rows.final_scores().filter(|score| (column.is_mine)(score));
    Spread::of(mine.filter_map(|score| score.sd_over_evaluation_seeds)).map_or_else(
        || "–".to_owned(),
        |spread| plain(spread.mean, decimals(column.quantity)),
    )
}
