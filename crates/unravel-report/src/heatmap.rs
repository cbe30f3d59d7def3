//! Heatmaps: matrices as coloured cells with numbers.

use crate::paint::text_width;
use crate::panel::{Area, text_within};
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::style::{GRID, Ink, NEGATIVE, PAPER, POSITIVE, QUIET, TEXT, on, size};

/// The number of colour steps for each sign. Few steps keep the number of CSS rules for the dark theme small.
const STEPS: f64 = 20.0;
/// A number is written if the cell has this much more room than the number needs.
const ROOM: f64 = 4.0;
/// Smallest font of a number, in pixels.
const SMALLEST: f64 = 7.5;

/// Between names of neighbouring columns, in pixels.
const BETWEEN_NAMES: f64 = 3.0;

/// A matrix to draw. Cells without a value are empty.
pub struct Cells<'a> {
    /// Names of the rows.
    pub rows: &'a [String],
    /// Names of the columns.
    pub columns: &'a [String],
    /// Row by row.
    pub values: &'a [Option<f64>],
    /// The absolute value that has the full colour.
    pub full: f64,
    /// Decimals of the numbers in the cells.
    pub decimals: usize,
    /// The room for a row's name, in pixels.
    pub names: f64,
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

/// Draws the matrix into `area`, with the names of rows to its left and the names of columns below.
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
    let (corner, opposite) = ((area.left, area.top), (area.right, area.bottom));
    scene.rectangle(corner, opposite, GRID, 1.0);
    let mut numbers: Vec<(Point, String, TextStyle)> = Vec::new();
    for (i, value) in cells.values.iter().enumerate() {
        let (row, column) = (i / n_columns.max(1), i % n_columns.max(1));
        let (x, y) = (
            area.left + column as f64 * width,
            area.top + row as f64 * height,
        );
        let fill = value.map_or(PAPER, |value| ink(value, cells.full));
        let ends = ((x + 0.5, y + 0.5), (x + width - 0.5, y + height - 0.5));
        scene.rectangle(ends.0, ends.1, fill, 1.0);
        let (words, ink) = value.map_or(("–".to_owned(), QUIET), |v| (text(v), on(fill)));
        let centre = (x + width / 2.0, y + height / 2.0);
        numbers.push((centre, words, TextStyle::new(font, ink)));
    }
    if SMALLEST <= font {
        // Cells of equal ink are drawn together, so that the SVG contains the ink once.
        numbers.sort_by_key(|(_, _, style)| style.ink);
        for (centre, words, style) in numbers {
            scene.text(centre, words, style, Anchor::Middle);
        }
    }
    names(scene, area, cells, (width, height));
}

fn names(scene: &mut Scene, area: Area, cells: &Cells<'_>, (width, height): (f64, f64)) {
    let style = TextStyle::new(size::TICK.min(height * 0.85), TEXT);
    for (row, name) in cells.rows.iter().enumerate() {
        let at = (area.left - 8.0, area.top + (row as f64 + 0.5) * height);
        text_within(scene, at, name, (style, Anchor::End), cells.names);
    }
    // Names that are too wide for their columns alternate between two rows.
    let widest = cells
        .columns
        .iter()
        .map(|name| text_width(name, size::NOTE, false))
        .fold(0.0, f64::max);
    let n_rows = if widest <= width - BETWEEN_NAMES {
        1
    } else {
        2
    };
    for (column, name) in cells.columns.iter().enumerate() {
        let at = (
            area.left + (column as f64 + 0.5) * width,
            area.bottom + 12.0 * (1 + column % n_rows) as f64,
        );
        let room = width * n_rows as f64 - BETWEEN_NAMES;
        let style = (TextStyle::new(size::NOTE, TEXT), Anchor::Middle);
        text_within(scene, at, name, style, room);
    }
}
