//! The layout of scores against strength: one panel per objective, with a common vertical axis.

use super::data::{Family, Series, Setting};
use crate::axis::{Axis, Kind, short};
use crate::panel::{Area, Facet, Titles, facet_areas, facet_axes, words};
use crate::published;
use crate::report_input::Rows;
use crate::scene::{Point, Scene};
use crate::stats::range;
use crate::style::{PAPER, Shape, size, trial_opacity};
use unravel_sweep::PublishedPoint;

/// Half the length of the cap at the end of an error bar.
const CAP: f64 = 2.5;
/// The maximum width over which the trials of a setting are spread, in pixels.
const JITTER: f64 = 11.0;
/// The distance between the edges of a panel and its outer strengths.
const INSET: f64 = 16.0;
/// Up to this many strengths, each has a tick. With more, ticks are at round values.
const MARKED: usize = 9;

/// Lays out the panels. If there are several scores, all but the first are drawn hollow.
pub fn scene(
    rows: &Rows,
    families: &[Family],
    published: &[&PublishedPoint],
    titles: &Titles,
) -> Scene {
    let settings = || {
        families
            .iter()
            .flat_map(|family| family.series.iter().flat_map(|series| &series.settings))
    };
    let values = settings()
        .flat_map(|s| {
            s.trials
                .iter()
                .map(|(_, score)| *score)
                .chain(s.spread.reach())
        })
        .chain(published.iter().map(|point| point.score));
    let y = Axis::around(Kind::Linear, values, 0.06, (1.0, 0.0));
    let columns = match families.len() {
        n @ 1..=3 => n,
        4 => 2,
        _ => 3,
    };
    let row = if families.len() <= 3 { 232.0 } else { 150.0 };
    let (height, facets) = facet_areas(families.len(), columns, row, (0.0, 0.0), &y.marks(5));
    let mut scene = Scene::new(size::WIDTH, height);
    let n_trials: usize = settings().map(|s| s.trials.len()).sum();
    for (family, facet) in families.iter().zip(&facets) {
        let mine = |point: &&&PublishedPoint| point.family.as_deref() == Some(family.name.as_str());
        let published: Vec<&PublishedPoint> = published.iter().filter(mine).copied().collect();
        let y = y.on((facet.area.bottom, facet.area.top));
        let panel = Panel {
            rows,
            family,
            x: strength_axis(family, &published, facet.area),
            y,
            opacity: trial_opacity(n_trials / families.len().max(1)),
        };
        panel.draw(&mut scene, *facet, &published);
    }
    let (left, right) = facets.first().map_or((0.0, size::WIDTH), |first| {
        (first.area.left, size::WIDTH - 14.0)
    });
    words(&mut scene, (left, right), titles);
    scene
}

/// Whether the axis of strengths is logarithmic: if they are positive and span a wide range.
fn strength_axis(family: &Family, published: &[&PublishedPoint], area: Area) -> Axis {
    let published = published.iter().filter_map(|point| point.strength);
    let all: Vec<f64> = family.strengths.iter().copied().chain(published).collect();
    let (low, high) = range(all.iter().copied());
    let kind = if 0.0 < low && 6.0 * low < high {
        Kind::Log
    } else {
        Kind::Linear
    };
    let pixels = (area.left + INSET, area.right - INSET);
    if low < high {
        Axis::exact(kind, (low, high), pixels)
    } else {
        Axis::around(kind, all, 0.5, pixels)
    }
}

struct Panel<'a> {
    rows: &'a Rows,
    family: &'a Family,
    x: Axis,
    y: Axis,
    opacity: f64,
}

impl Panel<'_> {
    fn draw(&self, scene: &mut Scene, facet: Facet, published: &[&PublishedPoint]) {
        let family = self.family;
        let title = format!("{} · {}", family.title, family.symbol);
        facet_axes(scene, facet, &title, &self.x_marks(), &self.y.marks(5));
        for series in &family.series {
            let path = series.settings.iter().map(|s| self.at(s)).collect();
            let ink = self.rows.settings[series.settings[0].setting].style.ink();
            scene.line(path, ink, 0.55, size::HAIR * 1.2);
        }
        for series in &family.series {
            self.trials(scene, series);
        }
        for series in &family.series {
            for setting in &series.settings {
                self.mean(scene, setting, 0 < series.place);
            }
        }
        for point in published {
            let (shape, ink) = published::look(point);
            let at = (
                self.x.pixel(point.strength.unwrap_or(f64::NAN)),
                self.y.pixel(point.score),
            );
            if let Some(spread) = point.spread {
                self.bar(scene, at.0, point.score, spread, ink);
            }
            scene.hollow(shape, at, size::MARK, ink);
        }
    }

    fn x_marks(&self) -> Vec<(f64, String)> {
        if MARKED < self.family.strengths.len() {
            return self.x.marks(4);
        }
        let mark = |strength: &f64| (self.x.pixel(*strength), short(*strength));
        self.family.strengths.iter().map(mark).collect()
    }

    fn at(&self, setting: &Setting) -> Point {
        (
            self.x.pixel(setting.strength),
            self.y.pixel(setting.spread.mean),
        )
    }

    /// Draws a setting's trials side by side, ordered by seed, so that equal scores do not hide each other.
    fn trials(&self, scene: &mut Scene, series: &Series) {
        for setting in &series.settings {
            let row = &self.rows.settings[setting.setting];
            let n = setting.trials.len();
            let shift = |i: usize| {
                let share = if n < 2 {
                    0.5
                } else {
                    i as f64 / (n - 1) as f64
                };
                (share - 0.5) * JITTER
            };
            let places = setting.trials.iter().enumerate().map(|(i, (_, score))| {
                let x = self.x.pixel(setting.strength) + shift(i);
                (x, self.y.pixel(*score))
            });
            let shape = if 0 < series.place {
                Shape::Disc
            } else {
                row.style.shape
            };
            let radius = if 0 < series.place {
                size::TRIAL * 0.7
            } else {
                size::TRIAL
            };
            scene.dots(shape, places.collect(), radius, row.ink, self.opacity);
        }
    }

    fn mean(&self, scene: &mut Scene, setting: &Setting, is_hollow: bool) {
        let row = &self.rows.settings[setting.setting];
        let at = self.at(setting);
        if let Some(sd) = setting.spread.sd {
            self.bar(scene, at.0, setting.spread.mean, sd, row.ink);
        }
        scene.shape(row.style.shape, at, size::MARK + 1.2, PAPER, 1.0);
        if is_hollow {
            scene.hollow(row.style.shape, at, size::MARK, row.ink);
        } else {
            scene.shape(row.style.shape, at, size::MARK, row.ink, 1.0);
        }
    }

    fn bar(&self, scene: &mut Scene, x: f64, value: f64, sd: f64, ink: crate::style::Ink) {
        let [top, bottom] = [1.0, -1.0].map(|sign| self.y.pixel(value + sign * sd));
        scene.line(vec![(x, top), (x, bottom)], ink, 0.8, size::HAIR);
        for end in [top, bottom] {
            scene.line(vec![(x - CAP, end), (x + CAP, end)], ink, 0.8, size::HAIR);
        }
    }
}
