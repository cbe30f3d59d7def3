//! A setting's pictures in the page: embedded, so that the page is one file.

use super::marker;
use crate::figures::traversals::SheetFile;
use crate::report_input::{SettingRow, TrialRow};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use std::io;

/// One setting's pictures.
pub struct SettingPictures {
    /// Its mark, as SVG.
    pub marker: String,
    /// Its label.
    pub setting: String,
    /// Which trial is shown and why.
    pub trial: String,
    /// Its sheets; none when the trial has no pictures.
    pub sheets: Vec<SheetView>,
}

/// One sheet.
pub struct SheetView {
    /// `traversals`, ….
    pub kind: &'static str,
    /// What it shows.
    pub caption: String,
    /// The alternative text.
    pub alt: String,
    /// The labelled file, relative to the page.
    pub file: String,
    /// The animation, relative to the page, where there is one.
    pub animation: Option<String>,
    /// The bare picture as base64 of a PNG.
    pub base64: String,
    /// Labels of the rows and whether each is dimmed.
    pub labels: Vec<(String, bool)>,
}

/// The view of one setting's sheets; `trial` states which trial is shown and why.
pub fn setting_pictures(
    row: &SettingRow,
    trial: String,
    sheets: Vec<SheetView>,
) -> SettingPictures {
    SettingPictures {
        marker: marker(row),
        setting: row.setting.label.clone(),
        trial,
        sheets,
    }
}

/// A sheet as the page shows it.
///
/// # Errors
/// When the picture cannot be encoded.
pub fn view(
    row: &SettingRow,
    trial: &TrialRow,
    sheet: &SheetFile<'_>,
    file: String,
    animation: Option<String>,
) -> io::Result<SheetView> {
    let labels = &sheet.sheet.labels;
    let rows = if labels.is_empty() {
        String::new()
    } else {
        let labels: Vec<String> = labels
            .iter()
            .map(|label| label.replace(" · ", ": "))
            .collect();
        format!(" Rows from top: {}.", labels.join(", "))
    };
    Ok(SheetView {
        kind: sheet.kind,
        caption: sheet.caption.clone(),
        alt: format!(
            "{} of {}, seed {}.{rows}",
            sheet.title(),
            row.setting.label,
            trial.seed
        ),
        file,
        animation,
        base64: BASE64_STANDARD.encode(sheet.sheet.bare_png()?),
        labels: labels
            .iter()
            .cloned()
            .zip(sheet.idle.iter().copied())
            .collect(),
    })
}
