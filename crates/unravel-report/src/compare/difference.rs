//! The table of a comparison: for each pair of settings and each quantity, both means and their difference.

use super::LoadedSide;
use super::matched::Matches;
use crate::error::ReportError;
use crate::final_scores::Key;
use crate::report_input::{KL, RECONSTRUCTION, Rows};
use crate::stats::Spread;
use crate::stats::difference::{Difference, difference};
use crate::tables::column;
use polars::prelude::DataFrame;
use std::collections::BTreeMap;
use unravel_score::MetricName;

/// A quantity that both sides have.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Reconstruction error, nats per image; lower is better.
    Reconstruction,
    /// KL from the prior, nats per image; neither direction is better.
    Kl,
    /// A score; higher is better.
    Score(Key),
}

impl Column {
    /// Its name for people.
    pub fn title(&self) -> String {
        match self {
            Self::Reconstruction => "Reconstruction error".to_owned(),
            Self::Kl => "KL".to_owned(),
            Self::Score(key) => key.title(),
        }
    }

    /// `nats per image`, or empty.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Score(_) => "",
            _ => "nats per image",
        }
    }

    /// +1 if higher is better, −1 if lower is better, otherwise 0.
    pub fn merit(&self) -> i8 {
        match self {
            Self::Reconstruction => -1,
            Self::Kl => 0,
            Self::Score(key) => key.merit() as i8,
        }
    }

    /// Decimals of its values.
    pub fn decimals(&self) -> usize {
        match self {
            Self::Score(_) => 3,
            _ => 2,
        }
    }

    /// The values of a setting by seed.
    fn values(&self, known: &LoadedSide, setting: usize) -> BTreeMap<u64, f64> {
        match self {
            Self::Reconstruction => elbo(&known.rows, RECONSTRUCTION, setting),
            Self::Kl => elbo(&known.rows, KL, setting),
            Self::Score(key) => {
                let scatter = known.scatters.iter().find(|scatter| scatter.key == *key);
                let dots = scatter.iter().flat_map(|scatter| &scatter.dots);
                let trials = dots.map(|dot| (&known.rows.trials[dot.trial], dot.score));
                let mine = trials.filter(|(trial, _)| trial.setting == setting);
                mine.map(|(trial, score)| (trial.seed, score)).collect()
            }
        }
    }
}

fn elbo(rows: &Rows, quantity: &str, setting: usize) -> BTreeMap<u64, f64> {
    let scores = rows.final_scores();
    let mine = scores.filter(|s| s.metric == MetricName::Elbo && s.quantity == quantity);
    mine.map(|score| (&rows.trials[score.trial], score.mean))
        .filter(|(trial, _)| trial.setting == setting)
        .map(|(trial, value)| (trial.seed, value))
        .collect()
}

/// The quantities that both sides have, reconstruction error and KL first.
pub fn columns(known: &[LoadedSide; 2]) -> Vec<Column> {
    let [a, b] = known;
    let in_both = |key: &&Key| b.scatters.iter().any(|scatter| scatter.key == **key);
    let keys = a
        .scatters
        .iter()
        .map(|scatter| &scatter.key)
        .filter(in_both);
    [Column::Reconstruction, Column::Kl]
        .into_iter()
        .chain(keys.cloned().map(Column::Score))
        .collect()
}

/// Titles of the scores that only the first side has, and of those that only the second side has.
pub fn scores_alone(known: &[LoadedSide; 2]) -> [Vec<String>; 2] {
    let titles = |mine: &LoadedSide, other: &LoadedSide| {
        let is_alone = |key: &&Key| other.scatters.iter().all(|scatter| scatter.key != **key);
        let keys = mine
            .scatters
            .iter()
            .map(|scatter| &scatter.key)
            .filter(is_alone);
        keys.map(|key| Column::Score(key.clone()).title()).collect()
    };
    let [a, b] = known;
    [titles(a, b), titles(b, a)]
}

/// The numbers of all pairs.
pub struct Table {
    /// What is compared.
    pub columns: Vec<Column>,
    /// One row per pair, one cell per column.
    pub rows: Vec<Vec<Cell>>,
}

/// One quantity of one pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Mean and sd of each side; `None` if it has no trials.
    pub spreads: [Option<Spread>; 2],
    /// B − A; `None` if one side has no trials.
    pub difference: Option<Difference>,
}

/// Fills the table.
pub fn table(known: &[LoadedSide; 2], matches: &Matches, columns: &[Column]) -> Table {
    let cell = |settings: [usize; 2], column: &Column| {
        let [a, b] = [0, 1].map(|side| column.values(&known[side], settings[side]));
        Cell {
            spreads: [&a, &b].map(|side| Spread::of(side.values().copied())),
            difference: difference(&a, &b),
        }
    };
    let row = |pair: &super::matched::Pair| {
        let cells = columns.iter().map(|column| cell(pair.settings, column));
        cells.collect()
    };
    Table {
        columns: columns.to_vec(),
        rows: matches.pairs.iter().map(row).collect(),
    }
}

impl Table {
    /// The index of each row and the cell of a column.
    pub fn cells_of(&self, column: usize) -> impl Iterator<Item = &Cell> {
        self.rows.iter().map(move |row| &row[column])
    }
}

/// The table as a frame: one row per pair and quantity.
///
/// # Errors
/// If polars rejects the table.
pub fn frame(
    known: &[LoadedSide; 2],
    table: &Table,
    matches: &Matches,
) -> Result<DataFrame, ReportError> {
    let cells: Vec<(usize, &Column, &Cell)> = table
        .rows
        .iter()
        .zip(&matches.pairs)
        .flat_map(|(row, pair)| {
            let cells = table.columns.iter().zip(row);
            cells.map(move |(column, cell)| (pair.settings[0], column, cell))
        })
        .collect();
    let numbers = |name: &str, of: &dyn Fn(&Cell) -> Option<f64>| {
        column(name, cells.iter().map(|(_, _, cell)| of(cell)))
    };
    let counts = |name: &str, side: usize| {
        let n = |cell: &Cell| cell.spreads[side].map_or(0, |spread| spread.n as u64);
        column(name, cells.iter().map(|(_, _, cell)| n(cell)))
    };
    let label = |setting: &usize| known[0].rows.settings[*setting].setting.label.clone();
    let method = |cell: &Cell| match cell.difference {
        Some(Difference {
            is_paired: true, ..
        }) => "paired by seed",
        Some(_) => "Welch",
        None => "",
    };
    let columns = vec![
        column("setting", cells.iter().map(|(setting, ..)| label(setting))),
        column(
            "quantity",
            cells.iter().map(|(_, column, _)| column.title()),
        ),
        column(
            "unit",
            cells.iter().map(|(_, column, _)| column.unit().to_owned()),
        ),
        counts("n_trials_a", 0),
        numbers("mean_a", &|cell| cell.spreads[0].map(|s| s.mean)),
        numbers("sd_a", &|cell| cell.spreads[0].and_then(|s| s.sd)),
        counts("n_trials_b", 1),
        numbers("mean_b", &|cell| cell.spreads[1].map(|s| s.mean)),
        numbers("sd_b", &|cell| cell.spreads[1].and_then(|s| s.sd)),
        numbers("difference", &|cell| cell.difference.map(|d| d.mean)),
        numbers("half_width_95", &|cell| {
            cell.difference.and_then(|d| d.half_width)
        }),
        column(
            "interval",
            cells.iter().map(|(.., cell)| method(cell).to_owned()),
        ),
    ];
    DataFrame::new_infer_height(columns).map_err(ReportError::table("differences"))
}
