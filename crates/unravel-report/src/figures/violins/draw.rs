//! The layout of the violins.

use super::data::Violin;
use crate::axis::{Axis, Kind};
use crate::panel::{Area, Titles, data_box, data_range, horizontal_grid, text_within, words};
use crate::published;
use crate::report_input::Rows;
use crate::scene::{Anchor, Scene, TextStyle};
use crate::style::{AXIS, PAPER, QUIET, TEXT, family_style, size, trial_opacity};
use crate::words::count;
use std::collections::BTreeMap;
use unravel_sweep::PublishedPoint;

/// Half the width of the box of quartiles.
const BOX: f64 = 3.0;
/// The opacity of a violin.
const OPACITY: f64 = 0.28;

/// Lays the violins out.
pub fn scene(
    rows: &Rows,
    violins: &[Violin],
    published: &[&PublishedPoint],
    titles: &Titles,
) -> Scene {
    let values = violins
        .iter()
        .flat_map(|violin| {
            let trials = violin.trials.iter().map(|(_, score)| *score);
            trials.chain(violin.outline.iter().map(|(score, _)| *score))
        })
        .chain(published.iter().map(|point| point.score));
    let range = data_range(size::HEIGHT, 0);
    let y = Axis::around(Kind::Linear, values, 0.04, (range.1, range.0));
    let (area, marks) = data_box(&y, range, 14.0);
    let mut scene = Scene::new(size::WIDTH, size::HEIGHT);
    horizontal_grid(&mut scene, area, &marks, true);
    let base = vec![(area.left, area.bottom), (area.right, area.bottom)];
    scene.line(base, AXIS, 1.0, size::HAIR);
    words(&mut scene, (area.left, area.right), titles);
    let room = (area.right - area.left) / violins.len().max(1) as f64;
    let n_trials: usize = violins.iter().map(|violin| violin.trials.len()).sum();
    for (i, violin) in violins.iter().enumerate() {
        let place = Place {
            x: area.left + room * (i as f64 + 0.5),
            half: (room * 0.38).min(70.0),
            y: &y,
        };
        place.outline(&mut scene, violin);
        place.trials(&mut scene, rows, violin, trial_opacity(n_trials));
        place.quartiles(&mut scene, violin);
        let mine =
            |point: &&&PublishedPoint| point.family.as_deref() == Some(violin.family.as_str());
        for point in published.iter().filter(mine) {
            let (shape, ink) = published::look(point);
            let at = (place.x + place.half * 0.72, y.pixel(point.score));
            scene.hollow(shape, at, size::MARK, ink);
        }
        name(&mut scene, violin, place.x, room, area);
    }
    scene
}

/// The objective and its number of trials, below its violin.
fn name(scene: &mut Scene, violin: &Violin, x: f64, room: f64, area: Area) {
    let style = (TextStyle::new(size::TICK, TEXT), Anchor::Middle);
    let at = (x, area.bottom + 14.0);
    text_within(scene, at, &violin.title, style, room - 4.0);
    let n = count(violin.trials.len(), "trial");
    let style = (TextStyle::new(size::NOTE, QUIET), Anchor::Middle);
    text_within(scene, (x, area.bottom + 29.0), &n, style, room - 4.0);
}

struct Place<'a> {
    x: f64,
    half: f64,
    y: &'a Axis,
}

impl Place<'_> {
    fn outline(&self, scene: &mut Scene, violin: &Violin) {
        let style = family_style(&violin.family);
        let edge = |sign: f64| {
            let at = move |(score, share): &(f64, f64)| {
                (self.x + sign * share * self.half, self.y.pixel(*score))
            };
            violin.outline.iter().map(at)
        };
        let corners: Vec<(f64, f64)> = edge(-1.0).chain(edge(1.0).rev()).collect();
        if 4 <= corners.len() {
            scene.area(corners, style.ink(), OPACITY);
        }
    }

    /// Draws every trial, with a horizontal offset that depends on its position in the list.
    fn trials(&self, scene: &mut Scene, rows: &Rows, violin: &Violin, opacity: f64) {
        let mut by_setting: BTreeMap<usize, Vec<(f64, f64)>> = BTreeMap::new();
        for (i, (trial, score)) in violin.trials.iter().enumerate() {
            // Multiples of the golden ratio fill the width evenly for any number of trials.
            let share = (i as f64 * 0.618_033_988_75).fract() - 0.5;
            let at = (self.x + share * self.half * 0.9, self.y.pixel(*score));
            let setting = rows.trials[*trial].setting;
            by_setting.entry(setting).or_default().push(at);
        }
        for (setting, places) in by_setting {
            let row = &rows.settings[setting];
            scene.dots(row.style.shape, places, size::TRIAL, row.ink, opacity);
        }
    }

    fn quartiles(&self, scene: &mut Scene, violin: &Violin) {
        let [low, median, high] = violin.quartiles.map(|score| self.y.pixel(score));
        let (left, right) = (self.x - BOX, self.x + BOX);
        scene.rectangle(
            (left - 1.2, high - 1.2),
            (right + 1.2, low + 1.2),
            PAPER,
            1.0,
        );
        scene.rectangle((left, high), (right, low), TEXT, 1.0);
        let wide = vec![(self.x - 3.0 * BOX, median), (self.x + 3.0 * BOX, median)];
        scene.line(wide.clone(), PAPER, 1.0, 4.2);
        scene.line(wide, TEXT, 1.0, 2.2);
    }
}
