//! The layout of the shares: a bar a kind of score.

use super::data::Explained;
use crate::axis::{Axis, Kind};
use crate::paint::text_width;
use crate::panel::{Area, EDGE, Titles, vertical_grid, words};
use crate::scene::{Anchor, Scene, TextStyle};
use crate::scored::Scored;
use crate::style::{FIRST_PART, Ink, PAPER, QUIET, SECOND_PART, TEXT, THIRD_PART, on, size};
use unravel_sweep::PublishedPoint;

/// Height of a bar, and from bar to bar.
const BAR: f64 = 20.0;
const ROW: f64 = 30.0;

/// Lays the bars out, with published shares as dashed lines.
pub fn scene(
    scored: &[Scored],
    explained: &[Explained],
    published: &[&PublishedPoint],
    titles: &Titles,
) -> Scene {
    let names: Vec<String> = explained
        .iter()
        .map(|one| scored[one.place].key.title())
        .collect();
    let widest = names
        .iter()
        .map(|name| text_width(name, size::TICK, false))
        .fold(0.0, f64::max);
    let head = if published.is_empty() {
        72.0
    } else {
        72.0 + 16.0 * published.len() as f64
    };
    let area = Area {
        left: EDGE + widest + 8.0,
        top: head,
        right: size::WIDTH - EDGE - 8.0,
        bottom: head + ROW * explained.len() as f64,
    };
    let mut scene = Scene::new(size::WIDTH, area.bottom + 68.0);
    let x = Axis::exact(Kind::Linear, (0.0, 1.0), (area.left, area.right));
    let marks: Vec<(f64, String)> = (0..=4)
        .map(|i| (x.pixel(f64::from(i) / 4.0), format!("{} %", 25 * i)))
        .collect();
    vertical_grid(&mut scene, area, &marks);
    words(&mut scene, (area.left, area.right), titles);
    legend(&mut scene);
    for (i, (one, name)) in explained.iter().zip(&names).enumerate() {
        let y = area.top + ROW * (i as f64 + 0.5);
        let at = (area.left - 8.0, y);
        scene.text(
            at,
            name.as_str(),
            TextStyle::new(size::TICK, TEXT),
            Anchor::End,
        );
        bar(&mut scene, &x, y, one);
    }
    for (i, point) in published.iter().enumerate() {
        let (at, top) = (x.pixel(point.score), area.top - 8.0 - 16.0 * i as f64);
        scene.dashes((at, top), (at, area.bottom), TEXT, 0.9, size::HAIR);
        let label = format!("published: {} {:.0} %", point.label, 100.0 * point.score);
        let style = TextStyle::new(size::NOTE, QUIET);
        // To the left, where the line of a larger share does not cross it.
        let is_right = at - 5.0 - text_width(&label, size::NOTE, false) < EDGE;
        let (place, anchor) = if is_right {
            (at + 5.0, Anchor::Start)
        } else {
            (at - 5.0, Anchor::End)
        };
        scene.text((place, top + 3.0), label, style, anchor);
    }
    scene
}

/// The three parts with their inks.
const PARTS: [(&str, Ink); 3] = [
    ("objective", FIRST_PART),
    ("strength", SECOND_PART),
    ("seed", THIRD_PART),
];

fn legend(scene: &mut Scene) {
    let mut left = EDGE;
    let style = TextStyle::new(size::TICK, TEXT);
    for (name, ink) in PARTS {
        scene.rectangle((left, 37.0), (left + 14.0, 49.0), ink, 1.0);
        scene.text((left + 20.0, 43.0), name, style, Anchor::Start);
        left += 20.0 + text_width(name, size::TICK, false) + 20.0;
    }
    scene.line(vec![(left + 7.0, 36.0), (left + 7.0, 50.0)], TEXT, 1.0, 2.0);
    scene.text(
        (left + 16.0, 43.0),
        "objective and strength by chance alone",
        style,
        Anchor::Start,
    );
}

fn bar(scene: &mut Scene, x: &Axis, y: f64, one: &Explained) {
    let shares = [one.shares.objective, one.shares.strength, one.shares.seed];
    let chance = x.pixel(one.shares.by_chance());
    let mut from = 0.0;
    for (share, (_, ink)) in shares.into_iter().zip(PARTS) {
        let (left, right) = (x.pixel(from), x.pixel(from + share));
        from += share;
        scene.rectangle((left, y - BAR / 2.0), (right, y + BAR / 2.0), ink, 1.0);
        let text = format!("{:.0} %", 100.0 * share);
        let width = text_width(&text, size::NOTE, false) + 8.0;
        // Beside the stroke, where it would lie on it.
        let middle = f64::midpoint(left, right);
        let beside = if (middle - chance).abs() < width / 2.0 + 3.0 {
            chance + width / 2.0 + 3.0
        } else {
            middle
        };
        if width < right - left && beside + width / 2.0 <= right {
            let at = (beside, y);
            scene.text(
                at,
                text,
                TextStyle::new(size::NOTE, on(ink)),
                Anchor::Middle,
            );
        }
    }
    let ends = |reach: f64| vec![(chance, y - reach), (chance, y + reach)];
    scene.line(ends(BAR / 2.0 + 3.0), PAPER, 1.0, 4.0);
    scene.line(ends(BAR / 2.0 + 3.0), TEXT, 1.0, 2.0);
}
