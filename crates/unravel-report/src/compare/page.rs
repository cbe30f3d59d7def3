//! The page of a comparison: prepares the texts that the template `templates/compare.html` shows.

use super::LoadedSide;
use super::difference::{Cell, Column, Table};
use super::matched::Matches;
use super::words::{change, signed};
use crate::axis::plain;
use crate::figures::Figure;
use crate::page::{dark_css, marker};
use crate::words::{count, list, plus_minus};
use askama::Template;
use unravel_sweep::Sweep;

/// Everything that the page is made from.
pub struct Inputs<'a> {
    /// Both sides.
    pub known: &'a [LoadedSide; 2],
    /// Their sweeps.
    pub sweeps: [&'a Sweep; 2],
    /// The matched settings.
    pub matches: &'a Matches,
    /// Their differences.
    pub table: &'a Table,
    /// What was found.
    pub findings: &'a [String],
    /// Figures, each with its SVG in light ink.
    pub figures: &'a [(Figure, String)],
}

#[derive(Template)]
#[template(path = "compare.html")]
struct Page<'a> {
    version: &'static str,
    css: &'static str,
    dark_css: String,
    a: &'a str,
    b: &'a str,
    facts: Vec<(&'a str, String)>,
    findings: &'a [String],
    figures: &'a [(Figure, String)],
    heads: Vec<Head>,
    rows: Vec<Row>,
    has_changes: bool,
    n_compared: usize,
    n_by_chance: String,
    alone: Vec<(&'a str, Vec<(String, String)>)>,
}

struct Head {
    title: String,
    unit: &'static str,
    direction: &'static str,
}

struct Row {
    marker: String,
    setting: String,
    n_trials: [String; 2],
    cells: Vec<Shown>,
    changes: String,
}

struct Shown {
    sides: [String; 2],
    difference: String,
    /// `better`, `worse`, `higher` or `lower`; empty if there is no clear difference.
    verdict: &'static str,
}

/// The HTML of the page.
///
/// # Errors
/// If the template fails.
pub fn page(inputs: &Inputs<'_>) -> Result<String, askama::Error> {
    let [a, b] = inputs.known;
    let head = |column: &Column| Head {
        title: column.title(),
        unit: column.unit(),
        direction: match column.merit() {
            1 => "higher is better",
            -1 => "lower is better",
            _ => "",
        },
    };
    let cells = inputs.table.rows.iter().flatten();
    let n_compared = cells
        .filter(|c| c.difference.is_some_and(|d| d.half_width.is_some()))
        .count();
    let settings = inputs.known.iter().flat_map(|side| &side.rows.settings);
    let scenes = inputs.figures.iter().map(|(figure, _)| &figure.scene);
    Page {
        version: env!("CARGO_PKG_VERSION"),
        css: include_str!("../../templates/style.css"),
        dark_css: dark_css(settings, scenes),
        a: &a.title,
        b: &b.title,
        facts: [0, 1].map(|side| fact(inputs, side)).to_vec(),
        findings: inputs.findings,
        figures: inputs.figures,
        heads: inputs.table.columns.iter().map(head).collect(),
        rows: rows(inputs),
        has_changes: inputs
            .matches
            .pairs
            .iter()
            .any(|pair| !pair.changes.is_empty()),
        n_compared,
        n_by_chance: plain(n_compared as f64 / 20.0, 0),
        alone: [0, 1].map(|side| alone(inputs, side)).to_vec(),
    }
    .render()
}

fn fact<'a>(inputs: &Inputs<'a>, side: usize) -> (&'a str, String) {
    let (known, sweep) = (&inputs.known[side], inputs.sweeps[side]);
    let families: Vec<String> = known
        .rows
        .families()
        .iter()
        .map(|(title, _)| (*title).to_owned())
        .collect();
    let words = format!(
        "sweep {}: {} of {} trained, {} of {}",
        sweep.name,
        known.rows.n_trained(),
        count(known.rows.trials.len(), "trial"),
        count(known.rows.settings.len(), "setting"),
        list(&families)
    );
    (&known.title, words)
}

fn rows(inputs: &Inputs<'_>) -> Vec<Row> {
    let pairs = inputs.matches.pairs.iter().zip(&inputs.table.rows);
    let row = |(pair, cells): (&super::matched::Pair, &Vec<Cell>)| {
        let setting = &inputs.known[1].rows.settings[pair.settings[1]];
        let n = |side: usize| {
            let most = cells
                .iter()
                .filter_map(|cell| cell.spreads[side])
                .map(|s| s.n)
                .max();
            most.unwrap_or(0).to_string()
        };
        let changes: Vec<String> = pair.changes.iter().map(change).collect();
        Row {
            marker: marker(setting),
            setting: inputs.known[0].rows.settings[pair.settings[0]]
                .setting
                .label
                .clone(),
            n_trials: [n(0), n(1)],
            cells: cells
                .iter()
                .zip(&inputs.table.columns)
                .map(|(cell, column)| shown(cell, column))
                .collect(),
            changes: list(&changes),
        }
    };
    pairs.map(row).collect()
}

fn shown(cell: &Cell, column: &Column) -> Shown {
    let decimals = column.decimals();
    let side = |side: usize| {
        cell.spreads[side].map_or_else(|| "–".to_owned(), |spread| plus_minus(&spread, decimals))
    };
    let Some(found) = cell.difference else {
        return Shown {
            sides: [side(0), side(1)],
            difference: "–".to_owned(),
            verdict: "",
        };
    };
    let mean = signed(found.mean, decimals);
    Shown {
        sides: [side(0), side(1)],
        difference: match found.half_width {
            Some(half) => format!(
                "{mean} [{}, {}]",
                plain(found.mean - half, decimals),
                plain(found.mean + half, decimals)
            ),
            None => format!("{mean} [one trial, no interval]"),
        },
        verdict: match (found.sign(), found.sign() * column.merit()) {
            (0, _) => "",
            (_, 1) => "better",
            (_, -1) => "worse",
            (1, _) => "higher",
            _ => "lower",
        },
    }
}

fn alone<'a>(inputs: &Inputs<'a>, side: usize) -> (&'a str, Vec<(String, String)>) {
    let known = &inputs.known[side];
    let settings = inputs.matches.alone[side]
        .iter()
        .map(|&idx| &known.rows.settings[idx]);
    let listed = settings.map(|row| (marker(row), row.setting.label.clone()));
    (&known.title, listed.collect())
}
