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
    let variant = variant_sentence(&key.variant);
    let variant = if variant.is_empty() {
        String::new()
    } else {
        format!(", {variant}")
    };
    let grids = list(&panel.grids).replace('x', "×");
    format!(
        "{} ({}{variant}; {} codes; grid {grids}) against reconstruction error. Faint marks: {}; bold marks with bars: mean ± 1 sd \
         over trial seeds of {}. Lines join the settings of an objective in the order of their strength.",
        metric_title(&key.metric),
        key.variant,
        key.representation,
        count(panel.points.len(), "trial"),
        if panel.means.len() == rows.settings.len() {
            count(panel.means.len(), "setting")
        } else {
            format!(
                "{} of {}",
                panel.means.len(),
                count(rows.settings.len(), "setting")
            )
        },
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
