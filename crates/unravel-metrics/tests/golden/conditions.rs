//! What there is to say of the representations: nothing, but of those that are constant.

use unravel_metrics::{AsRead, CodeTable, FactorGrid, Metric, Note, Variant, notes, notes_of_grid};

use super::VARYING;
use super::support::constructed::{self, DSPRITES, N_CODES};

/// Every metric in every variant.
fn all() -> Vec<(Metric, Variant)> {
    let variants = |metric: Metric| metric.variants().iter().map(move |&v| (metric, v));
    Metric::ALL.into_iter().flat_map(variants).collect()
}

fn of(codes: &[f32], grid: FactorGrid) -> Vec<Note> {
    let table = CodeTable::over(codes, N_CODES, grid).unwrap();
    notes(&table, &all(), &AsRead::default())
}

#[test]
fn representations_that_vary_have_no_note() {
    for (name, codes) in VARYING.iter() {
        let found = of(codes, FactorGrid::new(&DSPRITES).unwrap());
        assert_eq!(found, [], "{name}");
        // A fiftieth of the points, listed.
        let points = (0..codes.len() / N_CODES).step_by(49);
        let grid = FactorGrid::new(&DSPRITES).unwrap();
        let value = |point: usize| (0..5).map(move |factor| (point, factor));
        let values = points.clone().flat_map(value);
        let values = values.map(|(point, factor)| grid.value(point, factor) as u32);
        let grid = FactorGrid::of_rows(&DSPRITES, values.collect()).unwrap();
        let codes: Vec<f32> = points
            .flat_map(|point| codes[point * N_CODES..][..N_CODES].to_vec())
            .collect();
        assert_eq!(of(&codes, grid), [], "{name}, listed");
    }
    for name in ["h_constant", "h_exact"] {
        let codes = constructed::make(name, DSPRITES);
        let found = of(&codes, FactorGrid::new(&DSPRITES).unwrap());
        let found: Vec<&str> = found.iter().map(|note| note.condition).collect();
        assert_eq!(found, ["constant-codes"], "{name}");
    }
}

#[test]
fn sub_grids_of_dsprites_have_no_note() {
    let parts = |size: usize| [1, 2, size.div_ceil(2), size];
    let [a, b, c, d, e] = DSPRITES.map(parts);
    let sizes = a.into_iter().flat_map(|a| {
        let rest = b.into_iter().flat_map(move |b| c.map(|c| [a, b, c]));
        rest.flat_map(|[a, b, c]| d.into_iter().flat_map(move |d| e.map(|e| [a, b, c, d, e])))
    });
    for sizes in sizes {
        let grid = FactorGrid::new(&sizes).unwrap();
        assert_eq!(notes_of_grid(&grid, &all()), [], "{sizes:?}");
    }
}
