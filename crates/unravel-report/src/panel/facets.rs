//! Small panels of equal size in rows and columns, one per family or setting, with a common vertical axis.

use super::{Area, EDGE, TICK_GAP, horizontal_grid, text_within, vertical_grid};
use crate::paint::text_width;
use crate::scene::{Anchor, Scene, TextStyle};
use crate::style::{TEXT, size};

/// The space above a panel for its title, below it for its ticks, and between neighbouring panels.
const TITLE_ROOM: f64 = 24.0;
const TICK_ROOM: f64 = 30.0;
const GAP: f64 = 20.0;
/// The maximum width of a tick label beyond its panel, so that it does not touch the label of the next panel.
const TICK_OVERHANG: f64 = 7.0;
/// The space below the panels for the title of the horizontal axes and the note, and above them for the figure's title.
const FOOT: f64 = 46.0;
const HEAD: f64 = 36.0;

/// A panel's place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Facet {
    /// The box for its data.
    pub area: Area,
    /// Whether it is the first panel of its row, which has the labels of the vertical axis.
    pub is_first: bool,
}

/// The height of a figure of natural width with `n` panels, and the panels' areas. Each panel has height `row` and
/// `right` free pixels on its right; a row has `columns` panels. `head` is additional space above the panels; `labels`
/// are the labels of the vertical axis.
pub fn facet_areas(
    n: usize,
    columns: usize,
    row: f64,
    (head, right): (f64, f64),
    labels: &[(f64, String)],
) -> (f64, Vec<Facet>) {
    let widest = labels
        .iter()
        .map(|(_, label)| text_width(label, size::TICK, false))
        .fold(0.0, f64::max);
    let left = if labels.is_empty() {
        EDGE
    } else {
        EDGE + widest + TICK_GAP
    };
    let columns = columns.clamp(1, n.max(1));
    let width = (size::WIDTH - left - EDGE + GAP) / columns as f64 - GAP;
    let height = TITLE_ROOM + row + TICK_ROOM;
    let place = |i: usize| {
        let x = left + (i % columns) as f64 * (width + GAP);
        let y = HEAD + head + (i / columns) as f64 * height + TITLE_ROOM;
        Facet {
            area: Area {
                left: x,
                top: y,
                right: x + width - right,
                bottom: y + row,
            },
            is_first: i.is_multiple_of(columns),
        }
    };
    let whole = HEAD + head + n.div_ceil(columns) as f64 * height + FOOT;
    (whole, (0..n).map(place).collect())
}

/// A panel's title, grid and ticks.
pub fn facet_axes(
    scene: &mut Scene,
    facet: Facet,
    title: &str,
    x: &[(f64, String)],
    y: &[(f64, String)],
) {
    let Facet { area, is_first } = facet;
    horizontal_grid(scene, area, y, is_first);
    let ends = (area.left - TICK_OVERHANG, area.right + TICK_OVERHANG);
    vertical_grid(scene, area, x, Some(ends));
    let style = TextStyle {
        bold: true,
        ..TextStyle::new(size::TICK, TEXT)
    };
    let at = (area.left, area.top - 12.0);
    let room = area.right - area.left + GAP / 2.0;
    text_within(scene, at, title, (style, Anchor::Start), room);
}
