//! Writes figures to files: SVG and PNG in both themes, and their data.

use super::write_table;
use crate::error::ReportError;
use crate::figures::Figure;
use crate::output::write;
use crate::paint::{described, png, svg};
use crate::style::Theme;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Writes every figure and returns it with its SVG in light ink. Adds the paths to `files`.
///
/// # Errors
/// If a figure cannot be painted or a file cannot be written.
pub fn draw(
    figures: Vec<Figure>,
    dir: &Path,
    files: &mut Vec<PathBuf>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<(Figure, String)>, ReportError> {
    let n_all = figures.len();
    progress(0, n_all);
    let painted: Vec<(String, Vec<PathBuf>)> = figures
        .par_iter()
        .map(|figure| draw_one(figure, dir))
        .collect::<Result<_, ReportError>>()?;
    progress(n_all, n_all);
    let keep = |(figure, (inline, paths)): (Figure, (String, Vec<PathBuf>))| {
        files.extend(paths);
        (figure, inline)
    };
    Ok(figures.into_iter().zip(painted).map(keep).collect())
}

fn draw_one(figure: &Figure, dir: &Path) -> Result<(String, Vec<PathBuf>), ReportError> {
    let failed = ReportError::draw(&figure.name);
    let folder = dir.join("figures");
    let mut inline = String::new();
    let mut paths = Vec::new();
    for theme in Theme::ALL {
        let text = svg(&figure.scene, theme);
        let text = described(&text, &figure.title, &figure.description);
        let stem = format!("{}-{}", figure.name, theme.name());
        paths.push(write(&folder, &format!("{stem}.svg"), text.as_bytes())?);
        let bytes = png(&figure.scene, theme).map_err(failed)?;
        paths.push(write(&folder, &format!("{stem}.png"), &bytes)?);
        if theme == Theme::Light {
            inline = text;
        }
    }
    write_table(dir, &figure.name, &figure.data)?;
    Ok((inline, paths))
}
