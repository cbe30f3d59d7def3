//! The [codes x factors] matrices that scores are computed from: mutual information, importance.

mod data;
mod draw;

use super::{Context, Figure, frame};
use crate::axis::plain;
use crate::error::ReportError;
use crate::panel::Titles;
use crate::rows::MatrixRow;
use crate::words::{capital, count, metric_title};
use data::{Shown, shown};

/// One figure a metric and matrix.
///
/// # Errors
/// When a table cannot be made.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let (all, criterion) = shown(context.rows, context.panels);
    let figure = |shown| figure(context, shown, &criterion);
    all.iter().map(figure).collect()
}

/// `Mutual information, nats` of `mutual_information_nats`.
fn title(name: &str) -> String {
    match name.strip_suffix("_nats") {
        Some(rest) => format!("{}, nats", capital(&rest.replace('_', " "))),
        None => capital(&name.replace('_', " ")),
    }
}

fn figure(
    context: &Context<'_>,
    shown: &Shown<'_>,
    criterion: &str,
) -> Result<Figure, ReportError> {
    let rows = context.rows;
    let name = format!("matrices-{}-{}", shown.metric, shown.name.replace('_', "-"));
    let what = format!("{} · {}", metric_title(&shown.metric), title(&shown.name));
    let n_trials = count(shown.matrices.len(), "trial");
    let which = if shown.is_every_setting {
        "setting"
    } else {
        "objective"
    };
    let contexts = |of: fn(&MatrixRow) -> &str| {
        let mut found: Vec<&str> = shown.matrices.iter().map(|m| of(m)).collect();
        found.sort_unstable();
        found.dedup();
        found.join(", ")
    };
    let variants = contexts(|m| m.matrix.variant.as_str());
    let seeds = if shown.matrices.iter().any(|m| m.matrix.seed.is_some()) {
        "; one evaluation seed"
    } else {
        ""
    };
    let titles = Titles {
        y: what.clone(),
        x: "Factors".to_owned(),
        note: format!("Rows: codes. The trial with {criterion} of each {which}. {n_trials}."),
    };
    let describe = |one: &&MatrixRow| {
        let matrix = &one.matrix;
        let n = matrix.col_names.len();
        let top = (0..matrix.values.len())
            .filter(|&i| matrix.values[i].is_finite())
            .max_by(|&a, &b| matrix.values[a].abs().total_cmp(&matrix.values[b].abs()))?;
        let setting = &rows.settings[rows.trials[one.trial].setting].setting;
        Some(format!(
            "{}: largest at {} and {}, {}",
            setting.label,
            matrix.row_names[top / n],
            matrix.col_names[top % n],
            plain(matrix.values[top], 2)
        ))
    };
    let words: Vec<String> = shown.matrices.iter().filter_map(describe).collect();
    Ok(Figure {
        title: what.clone(),
        caption: format!(
            "{what} ({variants}; {} codes{seeds}), one row per code and one column per factor, of the trial with \
             {criterion} of each {which}: {n_trials}. Codes of different trials have no common order, so matrices are \
             not averaged over seeds. All matrices share one colour scale.",
            contexts(|m| m.matrix.representation.as_str()),
        ),
        description: format!("Matrices of codes by factors. {}.", words.join("; ")),
        scene: draw::scene(rows, shown, &titles),
        data: frame(&name, data::table(rows, shown))?,
        name,
    })
}
