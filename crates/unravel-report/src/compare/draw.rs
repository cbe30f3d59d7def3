//! The layout of two trade-offs on one sheet.

use super::LoadedSide;
use super::matched::Matches;
use super::scatter::{Mean, Scatter};
use crate::axis::{Axis, Kind};
use crate::labels::{self, Label, Obstacle};
use crate::panel::{Area, Titles, data_box, data_range, frame, legend, legend_rows};
use crate::reconstruction_axis::{reconstruction_axis, scale_words};
use crate::report_input::SettingRow;
use crate::scene::{Point, Scene};
use crate::style::{PAPER, TEXT, size, trial_opacity};
use std::collections::BTreeSet;

/// Length of an arrow's head.
const HEAD: f64 = 6.0;
/// The space at both ends of an arrow.
const GAP: f64 = 8.0;

/// What is drawn.
pub struct Both<'a> {
    pub known: &'a [LoadedSide; 2],
    pub scatters: &'a [Scatter; 2],
    pub matches: &'a Matches,
}

struct Layout<'a> {
    both: &'a Both<'a>,
    area: Area,
    x: Axis,
    y: Axis,
}

/// Lays out both sides on the same axes.
pub fn scene(both: &Both<'_>) -> Scene {
    let dots = || both.scatters.iter().flat_map(|scatter| &scatter.dots);
    let means = || both.scatters.iter().flat_map(|scatter| &scatter.means);
    let errors = dots().map(|dot| dot.reconstruction).collect();
    let bar_ends = means().flat_map(|mean| mean.reconstruction.reach());
    let ys = dots()
        .map(|dot| dot.score)
        .chain(means().flat_map(|mean| mean.score.reach()));
    let families = families(both);
    let (top, bottom) = data_range(size::HEIGHT, legend_rows(&families));
    let y = Axis::around(Kind::Linear, ys, 0.08, (bottom, top));
    let (area, y_marks) = data_box(&y, (top, bottom), 20.0);
    let x = reconstruction_axis(errors, bar_ends, (area.left, area.right));
    let layout = Layout { both, area, x, y };
    let mut scene = Scene::new(size::WIDTH, size::HEIGHT);
    frame(
        &mut scene,
        area,
        &layout.x.marks(6),
        &y_marks,
        &titles(both, &layout.x),
    );
    legend(&mut scene, &families);
    layout.trials(&mut scene);
    layout.arrows(&mut scene);
    for side in 0..2 {
        for mean in &both.scatters[side].means {
            layout.mark(&mut scene, side, mean);
        }
    }
    layout.labels(&mut scene);
    scene
}

fn titles(both: &Both<'_>, x: &Axis) -> Titles {
    let key = &both.scatters[0].key;
    let [a, b] = both.known.each_ref().map(|side| side.title.as_str());
    Titles {
        y: format!("{}{}", key.title(), key.direction_words()),
        x: format!(
            "Reconstruction error, nats per image{} (lower is better)",
            scale_words(x)
        ),
        note: format!("Hollow: {a}. Filled: {b}. Means ± 1 sd over trial seeds; faint: trials."),
    }
}

/// The families of either side, each once.
fn families<'a>(both: &Both<'a>) -> Vec<(&'a str, crate::style::FamilyStyle)> {
    let mut seen = BTreeSet::new();
    let all = both.known.iter().flat_map(|side| side.rows.families());
    all.filter(|(title, _)| seen.insert(*title)).collect()
}

impl<'a> Layout<'a> {
    fn row(&self, side: usize, setting: usize) -> &'a SettingRow {
        &self.both.known[side].rows.settings[setting]
    }

    fn at(&self, mean: &Mean) -> Point {
        let (error, score) = (mean.reconstruction.mean, mean.score.mean);
        (self.x.pixel(error), self.y.pixel(score))
    }

    fn trials(&self, scene: &mut Scene) {
        let n: usize = self
            .both
            .scatters
            .iter()
            .map(|scatter| scatter.dots.len())
            .sum();
        for side in 0..2 {
            for dot in &self.both.scatters[side].dots {
                let trial = &self.both.known[side].rows.trials[dot.trial];
                let row = self.row(side, trial.setting);
                let at = (self.x.pixel(dot.reconstruction), self.y.pixel(dot.score));
                match side {
                    0 => scene.hollow(row.style.shape, at, size::TRIAL, row.ink),
                    _ => scene.shape(row.style.shape, at, size::TRIAL, row.ink, trial_opacity(n)),
                }
            }
        }
    }

    /// The marks of matched settings.
    fn pairs(&self) -> impl Iterator<Item = (&'a SettingRow, Point, Point)> {
        let mean = |side: usize, setting: usize| {
            let means = &self.both.scatters[side].means;
            means.iter().find(|mean| mean.setting == setting)
        };
        self.both.matches.pairs.iter().filter_map(move |pair| {
            let [a, b] = pair.settings;
            let (from, to) = (self.at(mean(0, a)?), self.at(mean(1, b)?));
            Some((self.row(1, b), from, to))
        })
    }

    fn arrows(&self, scene: &mut Scene) {
        for (row, from, to) in self.pairs() {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let length = dx.hypot(dy);
            if length < 2.0 * GAP + HEAD {
                continue;
            }
            let (ux, uy) = (dx / length, dy / length);
            let along =
                |t: f64, aside: f64| (from.0 + ux * t - uy * aside, from.1 + uy * t + ux * aside);
            let tip = length - GAP;
            let shaft = vec![along(GAP, 0.0), along(tip - HEAD, 0.0)];
            scene.line(shaft, row.ink, 0.8, size::HAIR * 1.4);
            let head = vec![
                along(tip, 0.0),
                along(tip - HEAD, HEAD / 2.4),
                along(tip - HEAD, -HEAD / 2.4),
            ];
            scene.area(head, row.ink, 0.9);
        }
    }

    fn mark(&self, scene: &mut Scene, side: usize, mean: &Mean) {
        let row = self.row(side, mean.setting);
        let (x, y) = self.at(mean);
        let [left, right] = mean.reconstruction.reach().map(|v| self.x.pixel(v));
        let [bottom, top] = mean.score.reach().map(|v| self.y.pixel(v));
        scene.line(vec![(left, y), (right, y)], row.ink, 0.6, size::HAIR);
        scene.line(vec![(x, top), (x, bottom)], row.ink, 0.6, size::HAIR);
        let shape = row.style.shape;
        scene.shape(shape, (x, y), size::MARK + 1.4, PAPER, 1.0);
        match side {
            0 => scene.hollow(shape, (x, y), size::MARK, row.ink),
            _ => scene.shape(shape, (x, y), size::MARK, row.ink, 1.0),
        }
    }

    /// Every setting once: matched ones at the second side's mark.
    fn labelled(&self) -> Vec<(&'a str, Point)> {
        let matched = self.pairs().map(|(row, _, to)| (row.short_label(), to));
        let alone = (0..2).flat_map(|side| {
            let means = self.both.scatters[side].means.iter();
            let alone =
                means.filter(move |mean| self.both.matches.alone[side].contains(&mean.setting));
            alone.map(move |mean| (self.row(side, mean.setting).short_label(), self.at(mean)))
        });
        matched.chain(alone).collect()
    }

    fn labels(&self, scene: &mut Scene) {
        let labelled = self.labelled();
        let wanted: Vec<Label> = labelled
            .iter()
            .map(|(text, mark)| Label::new(text, *mark, size::MARK))
            .collect();
        let marks = (0..2).flat_map(|side| &self.both.scatters[side].means);
        let obstacles: Vec<Obstacle> = marks
            .map(|mean| Obstacle {
                area: Area::around(self.at(mean), size::MARK + 1.0),
                weight: 6.0,
            })
            .collect();
        let placed = labels::place(&wanted, size::LABEL, self.area, &obstacles);
        let placed = wanted.iter().zip(placed);
        for (label, place) in placed.filter_map(|(label, place)| Some((label, place?))) {
            labels::draw(scene, label, place.area, TEXT);
        }
    }
}
