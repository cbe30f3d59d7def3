//! The layout of the training curves.

use super::data::TermCurves;
use crate::axis::Kind;
use crate::curves::{Curves, by_setting, families_of, scene as lines};
use crate::panel::Titles;
use crate::report_input::Rows;
use crate::scene::Scene;
use crate::stats::range;
use crate::words::{count, term_title};

/// Whether to use a logarithmic scale: whether the second half of the training has a larger share of the height on it.
pub fn is_log(curves: &TermCurves) -> bool {
    let all = || curves.curves.iter().flat_map(|curve| &curve.points);
    let last_step = all().map(|point| point.step).max().unwrap_or(0);
    let whole = range(all().map(|point| point.value.mean));
    let late = range(
        all()
            .filter(|point| last_step <= 2 * point.step)
            .map(|point| point.value.mean),
    );
    let share =
        |scale: fn(f64) -> f64| (scale(late.1) - scale(late.0)) / (scale(whole.1) - scale(whole.0));
    0.0 < whole.0 && whole.0 < whole.1 && share(|v| v) < share(f64::ln)
}

/// Lays out the curves of one term.
pub fn scene(rows: &Rows, curves: &TermCurves) -> Scene {
    let is_log = is_log(curves);
    let last_step = curves
        .curves
        .iter()
        .filter_map(|c| c.points.last())
        .map(|p| p.step)
        .max()
        .unwrap_or(1);
    let settings = curves
        .curves
        .iter()
        .map(|curve| {
            let points = curve.points.iter().map(|p| (p.step as f64, p.value));
            (curve.setting, points.collect())
        })
        .collect();
    lines(&Curves {
        panels: by_setting(rows, settings),
        x: (0.0, last_step as f64),
        kind: if is_log { Kind::Log } else { Kind::Linear },
        titles: Titles {
            y: format!(
                "{}{}",
                term_title(&curves.term),
                if is_log { " (log scale)" } else { "" }
            ),
            x: "Training step".to_owned(),
            note: format!(
                "Mean over trial seeds; band: ± 1 sd over trial seeds. {}.",
                count(curves.n_trials, "trial")
            ),
        },
        families: families_of(rows, curves.curves.iter().map(|curve| curve.setting)),
    })
}
