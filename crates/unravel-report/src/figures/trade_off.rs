//! What disentanglement costs: reconstruction error against a metric, one mark a trial, mean ± sd a setting.

mod data;
mod draw;

pub use data::{Key, Panel, SettingMean, keys};

use data::panel;

use super::{Figure, frame};
use crate::error::ReportError;
use crate::rows::Rows;
use crate::tables::Tables;
use crate::words::{count, list, metric_title, plus_minus, score_title, variant_sentence};

/// The data of every metric, variant and representation that has scores.
///
/// # Errors
/// When the table of scores cannot be filtered.
pub fn panels(rows: &Rows, tables: &Tables, metrics: &[String]) -> Result<Vec<Panel>, ReportError> {
    let mut panels = Vec::new();
    for key in keys(rows, metrics) {
        let failed = |source| ReportError::Table {
            table: key.file_name(),
            source,
        };
        panels.push(panel(rows, tables, &key).map_err(failed)?);
    }
    panels.retain(|panel| !panel.points.is_empty());
    Ok(panels)
}

/// One figure a panel.
///
/// # Errors
/// When a table cannot be made.
pub fn figures(rows: &Rows, panels: &[Panel]) -> Result<Vec<Figure>, ReportError> {
    let figure = |panel: &Panel| {
        let key = &panel.key;
        let name = key.file_name();
        let title = score_title(&key.metric, &key.variant, &key.representation);
        Ok(Figure {
            title: format!("{title} against reconstruction error"),
            caption: caption(rows, panel),
            description: description(rows, panel),
            scene: draw::scene(rows, panel),
            data: frame(&name, data::table(rows, panel))?,
            name,
        })
    };
    panels.iter().map(figure).collect()
}

fn caption(rows: &Rows, panel: &Panel) -> String {
    let key = &panel.key;
    let variant = match variant_sentence(&key.variant) {
        "" => key.variant.clone(),
        words => format!("{}, {words}", key.variant),
    };
    let grids = list(&panel.grids).replace('x', "×");
    let n_trials = count(panel.points.len(), "trial");
    let n_settings = match (panel.means.len(), rows.settings.len()) {
        (n, n_all) if n == n_all => count(n, "setting"),
        (n, n_all) => format!("{n} of {}", count(n_all, "setting")),
    };
    let marks = if panel.has_spread() {
        format!(
            "Faint marks: {n_trials}; bold marks with bars: mean ± 1 sd over trial seeds of {n_settings}."
        )
    } else {
        format!(
            "Each mark is a trial: {n_trials} of {n_settings}, one trial seed each, so no spread is known."
        )
    };
    format!(
        "{} ({variant}; {} codes; grid {grids}) against reconstruction error. {marks} Lines join the \
         settings of an objective in the order of their strength.",
        metric_title(&key.metric),
        key.representation,
    )
}

fn description(rows: &Rows, panel: &Panel) -> String {
    let of = |mean: &SettingMean| {
        format!(
            "{}: {} at {} nats per image, {}",
            rows.settings[mean.setting].setting.label,
            plus_minus(&mean.score, 3),
            plus_minus(&mean.reconstruction, 1),
            count(mean.score.n, "trial")
        )
    };
    format!(
        "Scatter plot. {}.",
        panel.means.iter().map(of).collect::<Vec<_>>().join("; ")
    )
}
