//! The layout of the rank correlations: rows named in full, columns by number.

use super::data::Pair;
use crate::final_scores::Scored;
use crate::heatmap::{Cells, draw};
use crate::paint::text_width;
use crate::panel::{Area, EDGE, Titles, cut_before, words};
use crate::scene::{Scene, TextStyle};
use crate::style::{TEXT, size};

/// The maximum width of a row's name. Longer names are shrunk or cut; the numbers in the cells can reduce this width.
const LONGEST_NAME: f64 = 260.0;
const SHORTEST_NAME: f64 = 170.0;
/// The width of a number in a cell in the smallest font.
const NUMBER_ROOM: f64 = 27.5;
/// The space between names and cells.
const TO_CELLS: f64 = 8.0;

/// Lays out the matrix.
pub fn scene(scored: &[Scored], pairs: &[Pair], titles: &Titles) -> Scene {
    let most = size::WIDTH - 2.0 * EDGE - TO_CELLS - NUMBER_ROOM * scored.len() as f64;
    let most = most.clamp(SHORTEST_NAME, LONGEST_NAME);
    let numbered = |(i, scored): (usize, &Scored)| {
        let (number, style) = (format!(" {}", i + 1), TextStyle::new(size::TICK, TEXT));
        cut_before(&number, &scored.key.title(), style, most)
    };
    let rows: Vec<String> = scored.iter().enumerate().map(numbered).collect();
    let columns: Vec<String> = (1..=scored.len()).map(|i| i.to_string()).collect();
    let values: Vec<Option<f64>> = pairs.iter().map(|pair| pair.correlation).collect();
    let widest = rows
        .iter()
        .map(|row| text_width(row, size::TICK, false))
        .fold(0.0, f64::max);
    let names = widest.min(most);
    let left = EDGE + names + TO_CELLS;
    let cell = ((size::WIDTH - EDGE - left) / scored.len() as f64).min(52.0);
    let height = (cell * 0.72).max(13.0);
    let area = Area {
        left,
        top: 44.0,
        right: left + cell * scored.len() as f64,
        bottom: 44.0 + height * scored.len() as f64,
    };
    let mut scene = Scene::new(size::WIDTH, area.bottom + 70.0);
    words(&mut scene, (EDGE, size::WIDTH - EDGE), titles);
    let cells = Cells {
        rows: &rows,
        columns: &columns,
        values: &values,
        full: 1.0,
        decimals: 2,
        names,
    };
    draw(&mut scene, area, &cells);
    scene
}
