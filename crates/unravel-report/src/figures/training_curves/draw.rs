//! The layout of the training curves.

use super::data::{Curve, CurvePoint, TermCurves};
use crate::axis::{Axis, Kind};
use crate::paint::text_width;
use crate::panel::{Titles, data_box, frame, legend, spread};
use crate::rows::Rows;
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::style::{BAND_OPACITY, TEXT, size};
use crate::words::{count, term_title};

/// From the end of the curves to the marks of their labels, in pixels.
const LEADER: f64 = 16.0;

/// Whether a logarithmic scale fits: whether the second half of training takes more of the height on it.
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

fn range(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
        (low.min(v), high.max(v))
    })
}

/// Lays one term's curves out.
pub fn scene(rows: &Rows, curves: &TermCurves) -> Scene {
    let label = |curve: &Curve| rows.settings[curve.setting].short_label();
    let widest = curves
        .curves
        .iter()
        .map(|c| text_width(label(c), size::TICK, false))
        .fold(0.0, f64::max);
    let area = data_box(LEADER + 26.0 + widest);
    let kind = if is_log(curves) {
        Kind::Log
    } else {
        Kind::Linear
    };
    let last_step = curves
        .curves
        .iter()
        .filter_map(|c| c.points.last())
        .map(|p| p.step)
        .max()
        .unwrap_or(1);
    let x = Axis::exact(
        Kind::Linear,
        (0.0, last_step as f64),
        (area.left, area.right),
    );
    let means = curves
        .curves
        .iter()
        .flat_map(|curve| &curve.points)
        .map(|point| point.value.mean);
    let y = Axis::around(kind, means, 0.05, (area.bottom, area.top));

    let mut scene = Scene::new(size::WIDTH, size::HEIGHT);
    let scale = if kind == Kind::Log {
        " (log scale)"
    } else {
        ""
    };
    let titles = Titles {
        y: format!("{}{scale}", term_title(&curves.term)),
        x: "Training step".to_owned(),
        note: format!(
            "Mean over trial seeds; band: ± 1 sd over trial seeds. {}.",
            count(curves.n_trials, "trial")
        ),
    };
    frame(&mut scene, area, &x, &y, &titles);
    let shown: Vec<&str> = curves
        .curves
        .iter()
        .map(|c| rows.settings[c.setting].setting.family_title.as_str())
        .collect();
    legend(
        &mut scene,
        rows.families()
            .into_iter()
            .filter(|(title, _)| shown.contains(title)),
    );
    let at =
        |point: &CurvePoint, value: f64| -> Point { (x.pixel(point.step as f64), y.pixel(value)) };
    for curve in &curves.curves {
        band(&mut scene, rows, curve, &at);
    }
    for curve in &curves.curves {
        let points = curve
            .points
            .iter()
            .map(|point| at(point, point.value.mean))
            .collect();
        scene.line(points, rows.settings[curve.setting].ink, 1.0, size::CURVE);
    }
    end_labels(
        &mut scene,
        rows,
        curves,
        &at,
        (area.top, area.bottom),
        area.right,
    );
    scene
}

/// One sd on either side, where there is one.
fn band(scene: &mut Scene, rows: &Rows, curve: &Curve, at: &dyn Fn(&CurvePoint, f64) -> Point) {
    let edge = |sign: f64| {
        curve
            .points
            .iter()
            .filter_map(move |point| Some((point, point.value.mean + sign * point.value.sd?)))
    };
    let upper = edge(1.0).map(|(point, value)| at(point, value));
    let mut corners: Vec<Point> = upper.collect();
    let mut lower: Vec<Point> = edge(-1.0).map(|(point, value)| at(point, value)).collect();
    lower.reverse();
    corners.extend(lower);
    if 4 <= corners.len() {
        scene.area(corners, rows.settings[curve.setting].ink, BAND_OPACITY);
    }
}

/// Each curve's mark at its end, and its label in the margin, moved apart.
fn end_labels(
    scene: &mut Scene,
    rows: &Rows,
    curves: &TermCurves,
    at: &dyn Fn(&CurvePoint, f64) -> Point,
    range: (f64, f64),
    right: f64,
) {
    let ends: Vec<(&Curve, Point)> = curves
        .curves
        .iter()
        .filter_map(|curve| {
            curve
                .points
                .last()
                .map(|point| (curve, at(point, point.value.mean)))
        })
        .collect();
    let wishes: Vec<f64> = ends.iter().map(|(_, end)| end.1).collect();
    let places = spread(&wishes, size::TICK * 1.15, range);
    for ((curve, end), place) in ends.into_iter().zip(places) {
        let row = &rows.settings[curve.setting];
        let ink = row.ink;
        let leader = vec![(end.0, end.1), (right + LEADER, place)];
        scene.line(leader, ink, 0.6, size::HAIR * 0.75);
        scene.shape(
            row.style.shape,
            (right + LEADER + 4.0, place),
            size::MARK * 0.75,
            ink,
            1.0,
        );
        let style = TextStyle::new(size::TICK, TEXT);
        scene.text(
            (right + LEADER + 12.0, place),
            row.short_label(),
            style,
            Anchor::Start,
        );
    }
}
