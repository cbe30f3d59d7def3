//! The layout of the matrices: one per trial, all on one colour scale.

use super::code_name;
use super::data::Shown;
use crate::heatmap::{Cells, draw};
use crate::paint::text_width;
use crate::panel::{Area, Titles, cut_before, facet_areas, text_within, words};
use crate::report_input::Rows;
use crate::scene::{Anchor, Scene, TextStyle};
use crate::style::{TEXT, size};
use unravel_store::ScoreMatrix;

/// Height of a row of a matrix.
const ROW: f64 = 15.0;
/// Room for a second row of names of factors.
const SECOND_NAMES: f64 = 8.0;
/// The longest name of a code.
const LONGEST_NAME: f64 = 90.0;
/// The space between names and cells.
const TO_CELLS: f64 = 8.0;

/// Lays out the matrices.
pub fn scene(rows: &Rows, shown: &Shown<'_>, titles: &Titles) -> Scene {
    let matrices = || shown.matrices.iter().map(|one| &one.matrix);
    let values = || matrices().flat_map(|matrix| matrix.values.iter().copied());
    let finite = values().filter(|value| value.is_finite());
    let full = finite.map(f64::abs).fold(0.0, f64::max);
    let code_names = |matrix: &ScoreMatrix| -> Vec<String> {
        matrix
            .row_names
            .iter()
            .map(|name| code_name(name))
            .collect()
    };
    let n_rows = matrices().map(|m| m.row_names.len()).max().unwrap_or(1);
    let names = matrices()
        .flat_map(code_names)
        .map(|name| text_width(&name, size::TICK, false))
        .fold(0.0, f64::max)
        .min(LONGEST_NAME);
    let n = shown.matrices.len();
    let columns = if n == 1 { 1 } else { 2 };
    let height = ROW * n_rows as f64;
    let (figure, facets) = facet_areas(n, columns, height + SECOND_NAMES, (0.0, 0.0), &[]);
    let mut scene = Scene::new(size::WIDTH, figure);
    for (one, facet) in shown.matrices.iter().zip(&facets) {
        let right = facet.area.right.min(facet.area.left + 300.0);
        let area = Area {
            left: facet.area.left + names + TO_CELLS,
            right,
            bottom: facet.area.bottom - SECOND_NAMES,
            ..facet.area
        };
        let trial = &rows.trials[one.trial];
        let row = &rows.settings[trial.setting];
        let style = TextStyle {
            bold: true,
            ..TextStyle::new(size::TICK, TEXT)
        };
        let mark = (facet.area.left + 6.0, area.top - 12.0);
        scene.shape(row.style.shape, mark, size::MARK, row.ink, 1.0);
        let (at, room) = ((mark.0 + 11.0, mark.1), right - facet.area.left - 16.0);
        let seed = format!(" · seed {}", trial.seed);
        let label = cut_before(&seed, &row.setting.label, style, room);
        text_within(&mut scene, at, &label, (style, Anchor::Start), room);
        let values = one.matrix.values.iter().copied().map(Some);
        let values: Vec<Option<f64>> = values.map(|v| v.filter(|v| v.is_finite())).collect();
        let rows_of_cells = code_names(&one.matrix);
        let cells = Cells {
            rows: &rows_of_cells,
            columns: &one.matrix.col_names,
            values: &values,
            full,
            decimals: match full {
                full if 1e9 <= full => 1,
                full if 100.0 <= full => 0,
                _ => 2,
            },
            names,
        };
        draw(&mut scene, area, &cells);
    }
    words(&mut scene, (14.0, size::WIDTH - 14.0), titles);
    scene
}
