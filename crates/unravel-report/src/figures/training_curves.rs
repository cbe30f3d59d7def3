//! Training curves: each loss term against the step, the mean over trial seeds with a band of one sd per setting.

mod data;
mod draw;

use data::{Curve, term_curves, terms};

use super::{Context, Figure, frame};
use crate::error::ReportError;
use crate::words::{count, plus_minus, term_name, term_title, term_unit};

/// One figure for each loss term that the logs have.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let rows = context.rows;
    let mut figures = Vec::new();
    for term in terms(rows) {
        let name = format!("training-curves-{}", term.replace('_', "-"));
        let table = frame(&name, data::table(rows, &term))?;
        let curves = term_curves(rows, &term, &table).map_err(ReportError::table(&name))?;
        if curves.curves.is_empty() {
            continue;
        }
        let scale = if draw::is_log(&curves) {
            "logarithmic"
        } else {
            "linear"
        };
        let unit = match term_unit(&term) {
            "" => format!("{scale} scale"),
            unit => format!("{unit}, {scale} scale"),
        };
        let caption = format!(
            "{} ({unit}) on the training batches against the training step, {}. Lines are means over trial \
             seeds; bands are ± 1 sd over trial seeds, for settings with several seeds. Each point is the mean \
             over an interval of steps. Unfinished trials are included up to their last logged step.",
            term_name(&term),
            count(curves.n_trials, "trial"),
        );
        let last = |curve: &Curve| {
            let point = curve.points.last()?;
            let label = &rows.settings[curve.setting].setting.label;
            let value = plus_minus(&point.value, 3);
            Some(format!("{label} ends at {value} at step {}", point.step))
        };
        let ends: Vec<String> = curves.curves.iter().filter_map(last).collect();
        figures.push(Figure {
            title: term_title(&term),
            caption,
            description: format!("Line chart. {}.", ends.join("; ")),
            scene: draw::scene(rows, &curves),
            data: table,
            name,
        });
    }
    Ok(figures)
}
