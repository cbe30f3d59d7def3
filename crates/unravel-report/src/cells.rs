//! Matrices as coloured cells with their numbers.

use crate::paint::text_width;
use crate::panel::{Area, fitting};
use crate::scene::{Anchor, Scene, TextStyle};
use crate::style::{GRID, Ink, NEGATIVE, PAPER, POSITIVE, QUIET, TEXT, on, size};

/// Colours come in so many steps each way, which keeps the page's rules for the dark theme few.
const STEPS: f64 = 20.0;
/// A number is written in a cell that has this much more room than it takes.
const ROOM: f64 = 4.0;
/// Smallest font of a number, in pixels.
const SMALLEST: f64 = 7.5;

/// A matrix to be drawn; cells without a value stay empty.
pub struct Cells<'a> {
    /// Names of the rows.
    pub rows: &'a [String],
    /// Names of the columns.
    pub columns: &'a [String],
    /// Row by row.
    pub values: &'a [Option<f64>],
    /// The value, either sign, that has the full colour.
    pub full: f64,
    /// Decimals of the numbers in the cells.
    pub decimals: usize,
}

/// The colour of a value.
fn ink(value: f64, full: f64) -> Ink {
    let share = if full <= 0.0 {
        0.0
    } else {
        (value / full).clamp(-1.0, 1.0)
    };
    let share = (share * STEPS).round() / STEPS;
    PAPER.mix(if share < 0.0 { NEGATIVE } else { POSITIVE }, share.abs())
}

/// Draws the matrix into `area`: names of rows to the left of it, of columns below.
pub fn draw(scene: &mut Scene, area: Area, cells: &Cells<'_>) {
    let (n_rows, n_columns) = (cells.rows.len(), cells.columns.len());
    let width = (area.right - area.left) / n_columns.max(1) as f64;
    let height = (area.bottom - area.top) / n_rows.max(1) as f64;
    let text = |value: f64| crate::axis::plain(value, cells.decimals);
    let widest = cells
        .values
        .iter()
        .flatten()
        .map(|value| text_width(&text(*value), 1.0, false))
        .fold(0.0, f64::max);
    let font = ((width - ROOM) / widest.max(1e-6))
        .min(height * 0.72)
        .min(size::NOTE);
    for (i, value) in cells.values.iter().enumerate() {
        let (row, column) = (i / n_columns.max(1), i % n_columns.max(1));
        let corner = (
            area.left + column as f64 * width,
            area.top + row as f64 * height,
        );
        let opposite = (corner.0 + width, corner.1 + height);
        scene.rectangle(corner, opposite, GRID, 1.0);
        let inside = |(x, y): (f64, f64), d: f64| (x + d, y + d);
        let fill = value.map_or(PAPER, |value| ink(value, cells.full));
        scene.rectangle(inside(corner, 0.5), inside(opposite, -0.5), fill, 1.0);
        let centre = (corner.0 + width / 2.0, corner.1 + height / 2.0);
        match value {
            Some(value) if SMALLEST <= font => {
                let style = TextStyle::new(font, on(fill));
                scene.text(centre, text(*value), style, Anchor::Middle);
            }
            None if SMALLEST <= font => {
                scene.text(centre, "–", TextStyle::new(font, QUIET), Anchor::Middle);
            }
            _ => {}
        }
    }
    names(scene, area, cells, (width, height));
}

fn names(scene: &mut Scene, area: Area, cells: &Cells<'_>, (width, height): (f64, f64)) {
    let style = TextStyle::new(size::TICK.min(height * 0.85), TEXT);
    for (row, name) in cells.rows.iter().enumerate() {
        let at = (area.left - 8.0, area.top + (row as f64 + 0.5) * height);
        scene.text(at, name.as_str(), style, Anchor::End);
    }
    for (column, name) in cells.columns.iter().enumerate() {
        let at = (
            area.left + (column as f64 + 0.5) * width,
            area.bottom + 12.0,
        );
        let style = fitting(name, TextStyle::new(size::NOTE, TEXT), width - 3.0);
        scene.text(at, name.as_str(), style, Anchor::Middle);
    }
}
