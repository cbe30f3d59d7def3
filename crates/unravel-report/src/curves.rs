//! The layout of lines with bands: training curves, scores against steps, KL per latent. A figure has one panel, or one
//! per family or setting.

use crate::axis::{Axis, Kind};
use crate::paint::text_width;
use crate::panel::{
    Area, Facet, Titles, cut, data_box, data_range, facet_areas, facet_axes, frame, legend,
    legend_rows, spread, words,
};
use crate::report_input::Rows;
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::stats::{Spread, range};
use crate::style::{BAND_OPACITY, FamilyStyle, Ink, Shape, TEXT, size};

/// The distance between the end of the lines and the marks of their labels, in pixels.
const LEADER: f64 = 16.0;
/// The distance between the mark's left edge and the label, and between the label and the edge of the figure.
const TO_LABEL: f64 = 12.0;
const AFTER_LABEL: f64 = 14.0;
/// The maximum width of a label at the end of a line, in a single panel and in one of several.
const LABEL_ROOM: f64 = 170.0;
const SMALL_LABEL_ROOM: f64 = 84.0;
/// The maximum extension of the vertical axis for bands, on either side, as a share of the range of the means.
const BAND_SHARE: f64 = 0.15;
/// With more settings than this, each family has its own panel.
const ONE_PANEL: usize = 12;

/// A line with its spread.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The label at its end; empty for no label.
    pub label: String,
    /// Its colour.
    pub ink: Ink,
    /// The mark at its end.
    pub shape: Shape,
    /// Ascending x values, with mean and sd.
    pub points: Vec<(f64, Spread)>,
}

/// Lines in one box.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The panel's title; empty for a single panel.
    pub title: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// A whole figure of lines.
pub struct Curves<'a> {
    /// At least one panel.
    pub panels: Vec<Panel>,
    /// The range of the horizontal axis.
    pub x: (f64, f64),
    /// The vertical scale.
    pub kind: Kind,
    /// The titles and the note.
    pub titles: Titles,
    /// The families that the legend of a single panel names.
    pub families: Vec<(&'a str, FamilyStyle)>,
}

/// One line per setting, in one panel or, if there are many settings, in one panel per family.
pub fn by_setting(rows: &Rows, settings: Vec<(usize, Vec<(f64, Spread)>)>) -> Vec<Panel> {
    let is_one = settings.len() <= ONE_PANEL;
    let mut panels: Vec<Panel> = Vec::new();
    for (setting, points) in settings {
        let row = &rows.settings[setting];
        let title = if is_one {
            ""
        } else {
            &row.setting.family_title
        };
        let line = Line {
            label: row.short_label().to_owned(),
            ink: row.ink,
            shape: row.style.shape,
            points,
        };
        match panels.iter_mut().find(|panel| panel.title == title) {
            Some(panel) => panel.lines.push(line),
            None => panels.push(Panel {
                title: title.to_owned(),
                lines: vec![line],
            }),
        }
    }
    panels
}

/// The families of these settings, in the order of the sweep.
pub fn families_of(rows: &Rows, settings: impl Iterator<Item = usize>) -> Vec<(&str, FamilyStyle)> {
    let shown: Vec<&str> = settings
        .map(|setting| rows.settings[setting].setting.family_title.as_str())
        .collect();
    let families = rows.families().into_iter();
    families
        .filter(|(title, _)| shown.contains(title))
        .collect()
}

/// Lays out the lines.
pub fn scene(curves: &Curves<'_>) -> Scene {
    match curves.panels.as_slice() {
        [panel] => single(curves, panel),
        _ => many(curves),
    }
}

/// The width that the labels need beside the data, at most `most` per label.
fn label_width(panels: &[Panel], most: f64) -> f64 {
    let lines = panels.iter().flat_map(|panel| &panel.lines);
    let width = |line: &Line| text_width(&line.label, size::TICK, false).min(most);
    let widest = lines
        .filter(|line| !line.label.is_empty())
        .map(|line| LEADER + TO_LABEL + width(line) + AFTER_LABEL);
    widest.fold(20.0, f64::max)
}

/// The vertical axis includes all means. Bands extend it by at most a share of the range of the means, so that one wide
/// band does not compress the lines.
fn y_axis(curves: &Curves<'_>, pixels: (f64, f64)) -> Axis {
    let lines = curves.panels.iter().flat_map(|panel| &panel.lines);
    let spreads: Vec<&Spread> = lines
        .flat_map(|line| line.points.iter().map(|(_, value)| value))
        .collect();
    let means = || spreads.iter().map(|spread| spread.mean);
    let (low, high) = range(means().filter(|mean| mean.is_finite()));
    let beyond = match curves.kind {
        Kind::Linear => BAND_SHARE * (high - low),
        Kind::Log => 0.0,
    };
    let edges = spreads.iter().flat_map(|spread| {
        let within = |edge: f64| edge.max(low - beyond).min(high + beyond);
        spread.reach().map(within)
    });
    Axis::around(curves.kind, means().chain(edges), 0.05, pixels)
}

fn single(curves: &Curves<'_>, panel: &Panel) -> Scene {
    let (top, bottom) = data_range(size::HEIGHT, legend_rows(&curves.families));
    let y = y_axis(curves, (bottom, top));
    let labels = label_width(&curves.panels, LABEL_ROOM);
    let (area, y_marks) = data_box(&y, (top, bottom), labels);
    let x = Axis::exact(Kind::Linear, curves.x, (area.left, area.right));
    let mut scene = Scene::new(size::WIDTH, size::HEIGHT);
    frame(&mut scene, area, &x.marks(6), &y_marks, &curves.titles);
    legend(&mut scene, &curves.families);
    draw(&mut scene, panel, (&x, &y), area, LABEL_ROOM);
    scene
}

fn many(curves: &Curves<'_>) -> Scene {
    let n = curves.panels.len();
    let labels = label_width(&curves.panels, SMALL_LABEL_ROOM);
    let right = if 20.0 < labels { labels } else { 0.0 };
    let columns = if n <= 4 || 0.0 < right { 2 } else { 3 };
    let marks = y_axis(curves, (1.0, 0.0)).marks(5);
    let row = if n <= 4 { 170.0 } else { 140.0 };
    let (height, facets) = facet_areas(n, columns, row, (0.0, right), &marks);
    let mut scene = Scene::new(size::WIDTH, height);
    for (panel, facet) in curves.panels.iter().zip(&facets) {
        let Facet { area, .. } = *facet;
        let x = Axis::exact(Kind::Linear, curves.x, (area.left, area.right));
        let y = y_axis(curves, (area.bottom, area.top));
        facet_axes(&mut scene, *facet, &panel.title, &x.marks(3), &y.marks(5));
        draw(&mut scene, panel, (&x, &y), area, SMALL_LABEL_ROOM);
    }
    let left = facets.first().map_or(0.0, |first| first.area.left);
    words(&mut scene, (left, size::WIDTH - 14.0), &curves.titles);
    scene
}

/// The bands, the lines and their labels, each at most `room` wide.
fn draw(scene: &mut Scene, panel: &Panel, (x, y): (&Axis, &Axis), area: Area, room: f64) {
    let at = |place: f64, value: f64| -> Point { (x.pixel(place), y.pixel(value)) };
    for line in &panel.lines {
        band(scene, line, &at);
    }
    for line in &panel.lines {
        let points: Vec<Point> = line.points.iter().map(|(p, v)| at(*p, v.mean)).collect();
        if let [only] = points.as_slice() {
            scene.shape(line.shape, *only, size::TRIAL, line.ink, 1.0);
        }
        scene.line(points, line.ink, 1.0, size::CURVE);
    }
    end_labels(scene, panel, &at, area, room);
}

/// Mean minus and plus one sd, if there is an sd.
fn band(scene: &mut Scene, line: &Line, at: &dyn Fn(f64, f64) -> Point) {
    let edge = |sign: f64| {
        let points = line.points.iter();
        points.filter_map(move |(place, value)| Some((*place, value.mean + sign * value.sd?)))
    };
    let mut corners: Vec<Point> = edge(1.0).map(|(place, value)| at(place, value)).collect();
    let mut lower: Vec<Point> = edge(-1.0).map(|(place, value)| at(place, value)).collect();
    lower.reverse();
    corners.extend(lower);
    if 4 <= corners.len() {
        scene.area(corners, line.ink, BAND_OPACITY);
    }
}

/// Each line's mark at its end and its label in the margin. Labels are moved apart. If there are too many for the
/// height, they are chosen evenly.
fn end_labels(
    scene: &mut Scene,
    panel: &Panel,
    at: &dyn Fn(f64, f64) -> Point,
    area: Area,
    room: f64,
) {
    let end = |line: &Line| {
        line.points
            .last()
            .map(|(place, value)| at(*place, value.mean))
    };
    let ends: Vec<(&Line, Point)> = panel
        .lines
        .iter()
        .filter(|line| !line.label.is_empty())
        .filter_map(|line| Some((line, end(line)?)))
        .collect();
    let gap = size::TICK * 1.15;
    let most = ((area.bottom - area.top) / gap).floor().max(1.0) as usize;
    let step = ends.len().div_ceil(most).max(1);
    let shown: Vec<(&Line, Point)> = ends.into_iter().step_by(step).collect();
    let wishes: Vec<f64> = shown.iter().map(|(_, end)| end.1).collect();
    let places = spread(&wishes, gap, (area.top, area.bottom));
    let mark = area.right + LEADER;
    for ((line, end), place) in shown.into_iter().zip(places) {
        let leader = vec![end, (mark, place)];
        scene.line(leader, line.ink, 0.6, size::HAIR * 0.75);
        scene.shape(
            line.shape,
            (mark + 4.0, place),
            size::MARK * 0.75,
            line.ink,
            1.0,
        );
        let style = TextStyle::new(size::TICK, TEXT);
        let label = cut(&line.label, style, room);
        scene.text((mark + TO_LABEL, place), label, style, Anchor::Start);
    }
}
