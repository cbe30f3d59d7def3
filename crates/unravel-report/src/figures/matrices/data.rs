//! Selects the matrices and trials to show. A matrix must have one row per code and one column per factor.

use crate::figures::trade_off::Panel;
use crate::figures::traversals::{Best, best_trials};
use crate::report_input::{MatrixRow, Rows};
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};
use unravel_score::MetricName;

/// At most this many settings are shown individually. If there are more, the best setting of each objective is shown.
const MOST: usize = 8;

/// One kind of matrix, of each trial that is shown.
pub struct Shown<'a> {
    /// The metric that it belongs to.
    pub metric: MetricName,
    /// The name of the matrix.
    pub name: String,
    /// One matrix per trial.
    pub matrices: Vec<&'a MatrixRow>,
    /// Whether every setting is shown, or only the best of each objective.
    pub is_every_setting: bool,
}

/// The matrices by metric and name, of the best trial of each setting or objective, and the criterion in words.
pub fn shown<'a>(rows: &'a Rows, panels: &[Panel]) -> (Vec<Shown<'a>>, String) {
    let best = best_trials(rows, panels);
    let is_every_setting = best.trials.len() <= MOST;
    let trials = if is_every_setting {
        best.trials.clone()
    } else {
        best_of_families(rows, &best.trials, best.criterion.merit())
    };
    let mut all: Vec<Shown<'a>> = Vec::new();
    for matrix in &rows.matrices {
        if !trials.iter().any(|best| best.trial == matrix.trial) {
            continue;
        }
        let is_mine = |shown: &&mut Shown<'a>| {
            (&shown.metric, &shown.name) == (&matrix.metric, &matrix.matrix.name)
        };
        match all.iter_mut().find(is_mine) {
            Some(shown) => add(shown, matrix),
            None => all.push(Shown {
                metric: matrix.metric.clone(),
                name: matrix.matrix.name.clone(),
                matrices: vec![matrix],
                is_every_setting,
            }),
        }
    }
    (all, best.criterion.words())
}

/// Keeps one matrix per trial: the exact variant if there is one, because it has no sampling noise, otherwise the
/// first.
fn add<'a>(shown: &mut Shown<'a>, matrix: &'a MatrixRow) {
    match shown.matrices.iter_mut().find(|m| m.trial == matrix.trial) {
        Some(mine) if mine.matrix.seed.is_some() && matrix.matrix.seed.is_none() => *mine = matrix,
        Some(_) => {}
        None => shown.matrices.push(matrix),
    }
}

fn best_of_families(rows: &Rows, trials: &[Best], merit: f64) -> Vec<Best> {
    let family = |best: &Best| &rows.setting_of(best.trial).family;
    let mut kept: Vec<Best> = Vec::new();
    for best in trials {
        match kept.iter_mut().find(|other| family(other) == family(best)) {
            Some(other) if merit * other.value < merit * best.value => *other = best.clone(),
            Some(_) => {}
            None => kept.push(best.clone()),
        }
    }
    kept
}

/// One row per trial, code and factor.
pub fn table(rows: &Rows, shown: &Shown<'_>) -> PolarsResult<DataFrame> {
    let mut cells: Vec<(&MatrixRow, usize)> = Vec::new();
    for matrix in &shown.matrices {
        cells.extend((0..matrix.matrix.values.len()).map(|i| (*matrix, i)));
    }
    let text = |of: &dyn Fn(&MatrixRow, usize) -> String| -> Vec<String> {
        cells.iter().map(|(matrix, i)| of(matrix, *i)).collect()
    };
    let n_columns = |m: &MatrixRow| m.matrix.col_names.len();
    DataFrame::new_infer_height(vec![
        column("trial", text(&|m, _| rows.trials[m.trial].id.clone())),
        column(
            "setting",
            text(&|m, _| rows.setting_of(m.trial).label.clone()),
        ),
        column("metric", text(&|m, _| m.metric.to_string())),
        column("variant", text(&|m, _| m.matrix.variant.to_string())),
        column(
            "representation",
            text(&|m, _| m.matrix.representation.to_string()),
        ),
        column(
            "code",
            text(&|m, i| m.matrix.row_names[i / n_columns(m)].clone()),
        ),
        column(
            "factor",
            text(&|m, i| m.matrix.col_names[i % n_columns(m)].clone()),
        ),
        column("value", cells.iter().map(|(m, i)| m.matrix.values[*i])),
    ])
}
