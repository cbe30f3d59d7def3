//! The matrices of codes by factors from which scores are computed, such as mutual information and importance.

mod data;
mod draw;

use super::{Context, Figure, frame};
use crate::axis::plain;
use crate::error::ReportError;
use crate::panel::Titles;
use crate::report_input::MatrixRow;
use crate::words::{capital, count, metric_title};
use data::{Shown, shown};

/// One figure for each matrix of each metric.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let (all, criterion) = shown(context.rows, context.panels);
    let figure = |shown| figure(context, shown, &criterion);
    all.iter().map(figure).collect()
}

/// The name of a code on the page: `z3` for the stored `code_3`. Traversals use the same names.
fn code_name(stored: &str) -> String {
    let number = stored
        .strip_prefix("code_")
        .filter(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    number.map_or_else(|| stored.to_owned(), |number| format!("z{number}"))
}

/// `Mutual information, nats` of `mutual_information_nats`.
fn title(name: &str) -> String {
    match name {
        "votes_train" => return "Training votes".to_owned(),
        "votes_eval" => return "Test votes".to_owned(),
        "r2" => return "Squared correlation".to_owned(),
        _ => {}
    }
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
        " One evaluation seed."
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
            code_name(&matrix.row_names[top / n]),
            matrix.col_names[top % n],
            plain(matrix.values[top], 2)
        ))
    };
    let words: Vec<String> = shown.matrices.iter().filter_map(describe).collect();
    Ok(Figure {
        title: what.clone(),
        caption: format!(
            "{what}. One row per code, one column per factor. For each {which}, the matrix of the trial with \
             {criterion} is shown ({n_trials}). Variant: {variants}. Representation: {}.{seeds} Codes of different \
             trials have no common order, so matrices are not averaged over seeds. All matrices share one colour \
             scale. The data file has the names code_0, code_1, … for z0, z1, ….",
            contexts(|m| m.matrix.representation.as_str()),
        ),
        description: format!("Matrices of codes by factors. {}.", words.join("; ")),
        scene: draw::scene(rows, shown, &titles),
        data: frame(&name, data::table(rows, shown))?,
        name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_the_names_of_the_traversals() {
        let names = ["code_0", "code_12", "code_", "code_x", "shape"].map(code_name);
        assert_eq!(names, ["z0", "z12", "code_", "code_x", "shape"]);
    }

    #[test]
    fn matrices_have_titles_for_people() {
        let names = ["mutual_information_nats", "votes_eval", "importance"].map(title);
        assert_eq!(
            names,
            ["Mutual information, nats", "Test votes", "Importance"]
        );
    }
}
