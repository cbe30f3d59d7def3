//! The layout of the trade-off.

use super::data::{Panel, SettingMean};
use crate::axis::{Axis, Kind};
use crate::labels::{self, Label, Obstacle, Placed};
use crate::panel::{Area, Titles, data_box, data_range, frame, legend, legend_rows};
use crate::published;
use crate::rows::Rows;
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::stats::Spread;
use crate::style::{AXIS, FamilyStyle, Ink, PAD_OPACITY, PAPER, QUIET, TEXT, size, trial_opacity};
use crate::words::count;
use std::collections::BTreeMap;
use unravel_sweep::PublishedPoint;

/// Half the length of the stroke at the end of an error bar.
const CAP: f64 = 2.5;
/// How faint the line through a family's settings is.
const PATH_OPACITY: f64 = 0.4;
/// How closely a path is sampled to keep labels off it, in pixels.
const DOT: f64 = 4.0;
/// Errors whose largest is so many times the smallest have a logarithmic axis.
const WIDE: f64 = 3.0;
/// How far a ring around a mark reaches beyond it.
const RING: f64 = 2.6;

struct Layout<'a> {
    rows: &'a Rows,
    panel: &'a Panel,
    published: &'a [&'a PublishedPoint],
    area: Area,
    x: Axis,
    y: Axis,
}

/// Lays a panel out, and says how many of its marks have no label for want of room.
pub fn scene(rows: &Rows, panel: &Panel, published: &[&PublishedPoint]) -> (Scene, usize) {
    let reach = |spread: &Spread| {
        let sd = spread.sd.unwrap_or(0.0);
        [spread.mean - sd, spread.mean + sd]
    };
    let (points, means) = (&panel.points, &panel.means);
    let xs = points
        .iter()
        .map(|p| p.reconstruction)
        .chain(means.iter().flat_map(|m| reach(&m.reconstruction)))
        .chain(published.iter().filter_map(|p| p.reconstruction_nats));
    let ys = points
        .iter()
        .map(|p| p.score)
        .chain(means.iter().flat_map(|m| reach(&m.score)))
        .chain(published.iter().map(|p| p.score));
    let families = rows.families();
    let (top, bottom) = data_range(size::HEIGHT, legend_rows(&families));
    let y = Axis::around(Kind::Linear, ys, 0.08, (bottom, top));
    let (area, y_marks) = data_box(&y, (top, bottom), 20.0);
    let x = error_axis(xs.collect(), (area.left, area.right));
    let layout = Layout {
        rows,
        panel,
        published,
        area,
        x,
        y,
    };

    let mut scene = Scene::new(size::WIDTH, size::HEIGHT);
    let x_marks = layout.x.marks(6);
    frame(
        &mut scene,
        area,
        &x_marks,
        &y_marks,
        &titles(panel, &layout.x),
    );
    legend(&mut scene, &families);
    layout.draw_paths(&mut scene);
    layout.draw_front(&mut scene);
    layout.trials(&mut scene);
    for mean in &panel.means {
        layout.error_bars(&mut scene, mean);
    }
    layout.draw_published(&mut scene);
    for place in 0..panel.means.len() {
        layout.mark(&mut scene, place);
    }
    let n_unlabelled = layout.labels(&mut scene);
    (scene, n_unlabelled)
}

/// Errors of a wide range lie on a logarithmic axis: a few settings that reconstruct badly would push the others together.
fn error_axis(errors: Vec<f64>, pixels: (f64, f64)) -> Axis {
    let low = errors.iter().copied().fold(f64::INFINITY, f64::min);
    let high = errors.iter().copied().fold(0.0, f64::max);
    let kind = if 0.0 < low && WIDE * low < high {
        Kind::Log
    } else {
        Kind::Linear
    };
    Axis::around(kind, errors, 0.07, pixels)
}

fn titles(panel: &Panel, x: &Axis) -> Titles {
    let scale = if x.is_log() { ", log scale" } else { "" };
    let key = &panel.scored.key;
    let n_trials = count(panel.points.len(), "trial");
    let note = if panel.has_spread() {
        let front = if 1 < panel.front.len() {
            " Dashed: Pareto front of the means."
        } else {
            ""
        };
        format!("Faint: {n_trials}. Bold: mean ± 1 sd over trial seeds of each setting.{front}")
    } else {
        format!("{n_trials}, one seed each, so the spread over trial seeds is not known.")
    };
    Titles {
        y: format!("{}{}", key.title(), key.direction_words()),
        x: format!("Reconstruction error, nats per image{scale} (lower is better)"),
        note,
    }
}

impl Layout<'_> {
    fn at(&self, mean: &SettingMean) -> Point {
        (
            self.x.pixel(mean.reconstruction.mean),
            self.y.pixel(mean.score.mean),
        )
    }

    /// A faint line through each family's settings.
    fn draw_paths(&self, scene: &mut Scene) {
        for (style, path) in self.paths() {
            scene.line(path, style.ink(), PATH_OPACITY, size::HAIR);
        }
    }

    /// Each family's settings in the order of their strength; none where other keys vary too, so that there is no order.
    fn paths(&self) -> Vec<(FamilyStyle, Vec<Point>)> {
        let setting = |mean: &&SettingMean| &self.rows.settings[mean.setting].setting;
        let path = |(title, style): (&str, FamilyStyle)| {
            let mut means: Vec<&SettingMean> = self
                .panel
                .means
                .iter()
                .filter(|mean| setting(mean).family_title == title)
                .collect();
            means.sort_by(|a, b| setting(a).strength.total_cmp(&setting(b).strength));
            let is_ordered = means
                .windows(2)
                .all(|pair| setting(&pair[0]).strength < setting(&pair[1]).strength);
            is_ordered.then(|| (style, means.into_iter().map(|mean| self.at(mean)).collect()))
        };
        self.rows.families().into_iter().filter_map(path).collect()
    }

    /// Dashes through the settings that no other beats.
    fn draw_front(&self, scene: &mut Scene) {
        let places = self
            .panel
            .front
            .iter()
            .map(|&i| self.at(&self.panel.means[i]));
        for ends in places.collect::<Vec<Point>>().windows(2) {
            scene.dashes(ends[0], ends[1], TEXT, 0.55, size::HAIR);
        }
    }

    fn trials(&self, scene: &mut Scene) {
        let opacity = trial_opacity(self.panel.points.len());
        let mut by_setting: BTreeMap<usize, Vec<Point>> = BTreeMap::new();
        for point in &self.panel.points {
            let at = (
                self.x.pixel(point.reconstruction),
                self.y.pixel(point.score),
            );
            let setting = self.rows.trials[point.trial].setting;
            by_setting.entry(setting).or_default().push(at);
        }
        for (setting, places) in by_setting {
            let row = &self.rows.settings[setting];
            scene.dots(row.style.shape, places, size::TRIAL, row.ink, opacity);
        }
    }

    fn published_at(&self, point: &PublishedPoint) -> Point {
        let error = point.reconstruction_nats.unwrap_or(f64::NAN);
        (self.x.pixel(error), self.y.pixel(point.score))
    }

    fn draw_published(&self, scene: &mut Scene) {
        for point in self.published {
            let (shape, ink) = published::look(point);
            let (x, y) = self.published_at(point);
            if let Some(spread) = point.spread {
                let ends = [1.0, -1.0].map(|sign| (x, self.y.pixel(point.score + sign * spread)));
                scene.line(ends.to_vec(), ink, 0.75, size::HAIR);
            }
            scene.hollow(shape, (x, y), size::MARK, ink);
        }
    }

    fn error_bars(&self, scene: &mut Scene, mean: &SettingMean) {
        let ink = self.rows.settings[mean.setting].ink;
        let (x, y) = self.at(mean);
        if let Some([left, right, ..]) = self.bars(mean).first().map(|bar| [bar.left, bar.right]) {
            scene.line(vec![(left, y), (right, y)], ink, 0.75, size::HAIR);
            for end in [left, right] {
                scene.line(vec![(end, y - CAP), (end, y + CAP)], ink, 0.75, size::HAIR);
            }
        }
        if let Some([top, bottom, ..]) = self.bars(mean).get(1).map(|bar| [bar.top, bar.bottom]) {
            scene.line(vec![(x, top), (x, bottom)], ink, 0.75, size::HAIR);
            for end in [top, bottom] {
                scene.line(vec![(x - CAP, end), (x + CAP, end)], ink, 0.75, size::HAIR);
            }
        }
    }

    /// The horizontal and the vertical error bar; none where there is no sd.
    fn bars(&self, mean: &SettingMean) -> Vec<Area> {
        let (x, y) = self.at(mean);
        let (Some(dx), Some(dy)) = (mean.reconstruction.sd, mean.score.sd) else {
            return Vec::new();
        };
        let (left, right) = (
            self.x.pixel(mean.reconstruction.mean - dx),
            self.x.pixel(mean.reconstruction.mean + dx),
        );
        let (top, bottom) = (
            self.y.pixel(mean.score.mean + dy),
            self.y.pixel(mean.score.mean - dy),
        );
        vec![
            Area {
                left,
                right,
                top: y - CAP,
                bottom: y + CAP,
            },
            Area {
                left: x - CAP,
                right: x + CAP,
                top,
                bottom,
            },
        ]
    }

    fn mark(&self, scene: &mut Scene, place: usize) {
        let mean = &self.panel.means[place];
        let (row, at) = (&self.rows.settings[mean.setting], self.at(mean));
        if self.panel.front.contains(&place) {
            scene.shape(row.style.shape, at, size::MARK + RING + 1.2, TEXT, 1.0);
            scene.shape(row.style.shape, at, size::MARK + RING, PAPER, 1.0);
        } else {
            scene.shape(row.style.shape, at, size::MARK + 1.4, PAPER, 1.0);
        }
        scene.shape(row.style.shape, at, size::MARK, row.ink, 1.0);
    }

    /// Settings of the front first, which are to keep their labels; published points last.
    fn wanted_labels(&self) -> Vec<(Label<'_>, bool)> {
        let means = &self.panel.means;
        let is_in_front = |place: &usize| self.panel.front.contains(place);
        let (front, rest): (Vec<usize>, Vec<usize>) = (0..means.len()).partition(is_in_front);
        let settings = front.into_iter().chain(rest).map(|place| {
            let mean = &means[place];
            let label = Label {
                text: self.rows.settings[mean.setting].short_label(),
                mark: self.at(mean),
                radius: size::MARK,
            };
            (label, false)
        });
        let published = self.published.iter().map(|point| {
            let label = Label {
                text: &point.label,
                mark: self.published_at(point),
                radius: size::MARK,
            };
            (label, true)
        });
        settings.chain(published).collect()
    }

    /// Draws the labels and returns how many there was no room for.
    fn labels(&self, scene: &mut Scene) -> usize {
        let (wanted, is_published): (Vec<Label<'_>>, Vec<bool>) =
            self.wanted_labels().into_iter().unzip();
        let bounds = Area {
            top: self.area.top - 8.0,
            ..self.area
        };
        let placed = labels::place(&wanted, size::LABEL, bounds, &self.obstacles());
        let n_unlabelled = placed.iter().filter(|place| place.is_none()).count();
        let all = wanted.iter().zip(&is_published).zip(placed);
        for ((label, is_published), place) in all.filter_map(|(l, place)| Some((l, place?))) {
            draw_label(
                scene,
                label,
                &place,
                if *is_published { QUIET } else { TEXT },
            );
        }
        n_unlabelled
    }

    fn obstacles(&self) -> Vec<Obstacle> {
        let obstacle = |weight: f64| move |area: Area| Obstacle { area, weight };
        let around = |radius: f64| move |at: Point| Area::around(at, radius);
        let (means, points) = (&self.panel.means, &self.panel.points);
        let marks = means
            .iter()
            .map(|mean| self.at(mean))
            .map(around(size::MARK + 1.0));
        let bars = means.iter().flat_map(|mean| self.bars(mean));
        let trials = points
            .iter()
            .map(|p| (self.x.pixel(p.reconstruction), self.y.pixel(p.score)))
            .map(around(size::TRIAL));
        let published = self.published.iter();
        let published = published
            .map(|p| self.published_at(p))
            .map(around(size::MARK));
        let paths: Vec<Point> = self
            .paths()
            .iter()
            .flat_map(|(_, path)| dotted(path))
            .collect();
        marks
            .map(obstacle(6.0))
            .chain(bars.map(obstacle(1.2)))
            .chain(published.map(obstacle(6.0)))
            .chain(trials.map(obstacle(0.8)))
            .chain(paths.into_iter().map(around(DOT / 2.0)).map(obstacle(0.6)))
            .collect()
    }
}

/// A label on a pad of paper, with a line to its mark where it is far from it.
fn draw_label(scene: &mut Scene, label: &Label<'_>, place: &Placed, ink: Ink) {
    let Area {
        left,
        top,
        right,
        bottom,
    } = place.area;
    if place.is_far {
        let ends = vec![label.mark, nearest(label.mark, place)];
        scene.line(ends, AXIS, 1.0, size::HAIR * 0.75);
    }
    scene.rectangle((left, top), (right, bottom), PAPER, PAD_OPACITY);
    let centre = (f64::midpoint(left, right), f64::midpoint(top, bottom));
    let style = TextStyle::new(size::LABEL, ink);
    scene.text(centre, label.text, style, Anchor::Middle);
}

/// Points along a path, `DOT` apart.
fn dotted(path: &[Point]) -> Vec<Point> {
    let between = |ends: &[Point]| {
        let (from, to) = (ends[0], ends[1]);
        let n = ((to.0 - from.0).hypot(to.1 - from.1) / DOT).ceil().max(1.0) as usize;
        let at = move |i: usize| i as f64 / n as f64;
        (0..n).map(move |i| {
            (
                from.0 + (to.0 - from.0) * at(i),
                from.1 + (to.1 - from.1) * at(i),
            )
        })
    };
    path.windows(2).flat_map(between).collect()
}

/// The point of a label's box that is nearest to its mark.
fn nearest(mark: Point, place: &Placed) -> Point {
    let Area {
        left,
        top,
        right,
        bottom,
    } = place.area;
    (mark.0.clamp(left, right), mark.1.clamp(top, bottom))
}
