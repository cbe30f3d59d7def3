//! The layout of the trade-off.

use super::data::{Panel, SettingMean};
use crate::axis::{Axis, Kind};
use crate::labels::{self, Label, Obstacle, Placed};
use crate::panel::{Area, Titles, data_box, frame, legend};
use crate::rows::Rows;
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::style::{AXIS, FamilyStyle, PAD_OPACITY, PAPER, TEXT, size, trial_opacity};
use crate::words::{count, score_title};

/// Half the length of the stroke at the end of an error bar.
const CAP: f64 = 2.5;
/// How faint the line through a family's settings is.
const PATH_OPACITY: f64 = 0.4;
/// How closely a path is sampled to keep labels off it, in pixels.
const DOT: f64 = 4.0;

struct Layout<'a> {
    rows: &'a Rows,
    panel: &'a Panel,
    area: Area,
    x: Axis,
    y: Axis,
}

/// Lays a panel out.
pub fn scene(rows: &Rows, panel: &Panel) -> Scene {
    let area = data_box(20.0);
    let reach = |spread: &crate::stats::Spread| {
        let sd = spread.sd.unwrap_or(0.0);
        [spread.mean - sd, spread.mean + sd]
    };
    let xs = panel
        .points
        .iter()
        .map(|p| p.reconstruction)
        .chain(panel.means.iter().flat_map(|m| reach(&m.reconstruction)));
    let ys = panel
        .points
        .iter()
        .map(|p| p.score)
        .chain(panel.means.iter().flat_map(|m| reach(&m.score)));
    let x = Axis::around(Kind::Linear, xs, 0.07, (area.left, area.right));
    let y = Axis::around(Kind::Linear, ys, 0.08, (area.bottom, area.top));
    let layout = Layout {
        rows,
        panel,
        area,
        x,
        y,
    };

    let mut scene = Scene::new(size::WIDTH, size::HEIGHT);
    frame(&mut scene, area, &layout.x, &layout.y, &titles(panel));
    legend(&mut scene, rows.families());
    layout.draw_paths(&mut scene);
    layout.trials(&mut scene);
    for mean in &panel.means {
        layout.error_bars(&mut scene, mean);
    }
    for mean in &panel.means {
        layout.mark(&mut scene, mean);
    }
    layout.labels(&mut scene);
    scene
}

fn titles(panel: &Panel) -> Titles {
    let key = &panel.key;
    let n_trials = count(panel.points.len(), "trial");
    let note = if panel.has_spread() {
        format!("Faint: {n_trials}. Bold: mean ± 1 sd over trial seeds of each setting.")
    } else {
        format!("{n_trials}, one seed each, so the spread over trial seeds is not known.")
    };
    Titles {
        y: format!(
            "{} (higher is better)",
            score_title(&key.metric, &key.variant, &key.representation)
        ),
        x: "Reconstruction error, nats per image (lower is better)".to_owned(),
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

    fn trials(&self, scene: &mut Scene) {
        let opacity = trial_opacity(self.panel.points.len());
        for point in &self.panel.points {
            let row = &self.rows.settings[self.rows.trials[point.trial].setting];
            let at = (
                self.x.pixel(point.reconstruction),
                self.y.pixel(point.score),
            );
            scene.shape(row.style.shape, at, size::TRIAL, row.ink, opacity);
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

    fn mark(&self, scene: &mut Scene, mean: &SettingMean) {
        let row = &self.rows.settings[mean.setting];
        scene.shape(row.style.shape, self.at(mean), size::MARK + 1.4, PAPER, 1.0);
        scene.shape(row.style.shape, self.at(mean), size::MARK, row.ink, 1.0);
    }

    fn labels(&self, scene: &mut Scene) {
        let means = &self.panel.means;
        let texts: Vec<&str> = means
            .iter()
            .map(|mean| self.rows.settings[mean.setting].short_label())
            .collect();
        let wanted: Vec<Label<'_>> = means
            .iter()
            .zip(&texts)
            .map(|(mean, text)| Label {
                text,
                mark: self.at(mean),
                radius: size::MARK,
            })
            .collect();
        let bounds = Area {
            top: self.area.top - 8.0,
            ..self.area
        };
        let placed = labels::place(&wanted, size::LABEL, bounds, &self.obstacles());
        for (label, place) in wanted.iter().zip(placed) {
            let Area {
                left,
                top,
                right,
                bottom,
            } = place.area;
            if place.is_far {
                scene.line(
                    vec![label.mark, nearest(label.mark, &place)],
                    AXIS,
                    1.0,
                    size::HAIR * 0.75,
                );
            }
            let corners = vec![(left, top), (right, top), (right, bottom), (left, bottom)];
            scene.area(corners, PAPER, PAD_OPACITY);
            let centre = (f64::midpoint(left, right), f64::midpoint(top, bottom));
            scene.text(
                centre,
                label.text,
                TextStyle::new(size::LABEL, TEXT),
                Anchor::Middle,
            );
        }
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
        let paths: Vec<Point> = self
            .paths()
            .iter()
            .flat_map(|(_, path)| dotted(path))
            .collect();
        marks
            .map(obstacle(6.0))
            .chain(bars.map(obstacle(1.2)))
            .chain(trials.map(obstacle(0.8)))
            .chain(paths.into_iter().map(around(DOT / 2.0)).map(obstacle(0.6)))
            .collect()
    }
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
