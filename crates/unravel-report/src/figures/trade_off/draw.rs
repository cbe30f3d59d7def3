//! The layout of the trade-off.

mod labelled;

use super::data::{Panel, SettingMean};
use crate::axis::{Axis, Kind};
use crate::panel::{Area, Titles, data_box, data_range, frame, legend, legend_rows};
use crate::published;
use crate::reconstruction_axis::{reconstruction_axis, scale_words};
use crate::report_input::Rows;
use crate::scene::{Point, Scene};
use crate::style::{FamilyStyle, PAPER, TEXT, size, trial_opacity};
use crate::words::count;
use std::collections::BTreeMap;
use unravel_sweep::PublishedPoint;

/// Half the length of the cap at the end of an error bar.
const CAP: f64 = 2.5;
/// The opacity of the line through a family's settings.
const PATH_OPACITY: f64 = 0.4;
/// The distance between a mark and the ring around it, in pixels.
const RING: f64 = 2.6;
/// From the mark to the ring's outer edge, in pixels.
const RING_EDGE: f64 = RING + 1.2;

struct Layout<'a> {
    rows: &'a Rows,
    panel: &'a Panel,
    published: &'a [&'a PublishedPoint],
    area: Area,
    x: Axis,
    y: Axis,
}

/// The elements for which the layout has no room.
pub struct LeftOut {
    /// Marks without a label.
    pub n_unlabelled: usize,
    /// Error bars that extend beyond the axis.
    pub n_cut_bars: usize,
}

/// Lays out a panel, and returns the elements without room.
pub fn scene(rows: &Rows, panel: &Panel, published: &[&PublishedPoint]) -> (Scene, LeftOut) {
    let (points, means) = (&panel.points, &panel.means);
    let of_others = published.iter().filter_map(|p| p.reconstruction_nats);
    let errors = points.iter().map(|p| p.reconstruction).chain(of_others);
    let bar_ends = means.iter().flat_map(|m| m.reconstruction.reach());
    let ys = points
        .iter()
        .map(|p| p.score)
        .chain(means.iter().flat_map(|m| m.score.reach()))
        .chain(published.iter().map(|p| p.score));
    let families = rows.families();
    let (top, bottom) = data_range(size::HEIGHT, legend_rows(&families));
    let y = Axis::around(Kind::Linear, ys, 0.08, (bottom, top));
    let (area, y_marks) = data_box(&y, (top, bottom), 20.0);
    let x = reconstruction_axis(errors.collect(), bar_ends, (area.left, area.right));
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
    let left_out = LeftOut {
        n_unlabelled: layout.draw_labels(&mut scene),
        n_cut_bars: panel.means.iter().filter(|m| layout.is_cut(m)).count(),
    };
    (scene, left_out)
}

fn titles(panel: &Panel, x: &Axis) -> Titles {
    let scale = scale_words(x);
    let key = &panel.scored.key;
    let n_trials = count(panel.points.len(), "trial");
    let note = if panel.has_spread() {
        let front = if 1 < panel.front.len() {
            " Dashed: Pareto front of the means."
        } else {
            ""
        };
        format!("Faint: {n_trials}. Bold: mean ± 1 sd over the trial seeds of each setting.{front}")
    } else {
        format!("{n_trials}. One trial seed per setting, so there is no sd.")
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

    /// Each family's settings, ordered by strength; empty if other keys vary too, because then there is no order.
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

    /// The dashed line through the Pareto-optimal settings.
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
            // A bar that extends beyond the axis has no cap there.
            let n_cut = usize::from(self.is_cut(mean));
            for end in [left, right].into_iter().skip(n_cut) {
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

    /// Whether the horizontal error bar extends beyond the axis.
    fn is_cut(&self, mean: &SettingMean) -> bool {
        let [end, _] = mean.reconstruction.reach();
        self.x.pixel(end) <= self.area.left
    }

    /// The horizontal and the vertical error bar; empty if there is no sd.
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
            scene.shape(row.style.shape, at, size::MARK + RING_EDGE, TEXT, 1.0);
            scene.shape(row.style.shape, at, size::MARK + RING, PAPER, 1.0);
        } else {
            scene.shape(row.style.shape, at, size::MARK + 1.4, PAPER, 1.0);
        }
        scene.shape(row.style.shape, at, size::MARK, row.ink, 1.0);
    }
}
