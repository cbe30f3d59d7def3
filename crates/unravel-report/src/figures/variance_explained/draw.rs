//! The layout of the shares: one bar per score.

use super::data::Explained;
use crate::axis::{Axis, Kind, plain};
use crate::final_scores::Scored;
use crate::paint::text_width;
use crate::panel::{Area, EDGE, Titles, cut, text_within, vertical_grid, words};
use crate::scene::{Anchor, Scene, TextStyle};
use crate::style::{FIRST_PART, Ink, PAPER, QUIET, SECOND_PART, TEXT, THIRD_PART, on, size};
use unravel_sweep::PublishedPoint;

/// Height of a bar, and distance between bars.
const BAR: f64 = 20.0;
const ROW: f64 = 30.0;

/// The longest name of a score, and the longest label of a published share.
const LONGEST_NAME: f64 = 240.0;
const LONGEST_LABEL: f64 = 300.0;

/// Lays out the bars, with published shares as dashed lines.
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
        .fold(0.0, f64::max)
        .min(LONGEST_NAME);
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
    vertical_grid(&mut scene, area, &marks, None);
    words(&mut scene, (area.left, area.right), titles);
    legend(&mut scene);
    for (i, (one, name)) in explained.iter().zip(&names).enumerate() {
        let y = area.top + ROW * (i as f64 + 0.5);
        let style = (TextStyle::new(size::TICK, TEXT), Anchor::End);
        text_within(&mut scene, (area.left - 8.0, y), name, style, widest);
        bar(&mut scene, &x, y, one);
    }
    let lines: Vec<f64> = published.iter().map(|point| x.pixel(point.score)).collect();
    published_lines(&mut scene, &x, area, published);
    for (i, one) in explained.iter().enumerate() {
        let y = area.top + ROW * (i as f64 + 0.5);
        chance(&mut scene, &x, y, one);
        numbers(&mut scene, &x, y, one, &lines);
    }
    scene
}

/// A dashed line for each published share, with its label above the bars.
fn published_lines(scene: &mut Scene, x: &Axis, area: Area, published: &[&PublishedPoint]) {
    for (i, point) in published.iter().enumerate() {
        let (at, top) = (x.pixel(point.score), area.top - 8.0 - 16.0 * i as f64);
        scene.line(vec![(at, area.top), (at, area.bottom)], PAPER, 0.75, 3.0);
        scene.dashes((at, top), (at, area.bottom), TEXT, 0.9, size::HAIR);
        let style = TextStyle::new(size::NOTE, QUIET);
        let label = format!(
            "published: {} {} %",
            cut(&point.label, style, LONGEST_LABEL),
            plain(100.0 * point.score, 0)
        );
        // To the left, because the line of a larger share does not cross it there.
        let (left, right) = (at - 5.0 - EDGE, size::WIDTH - EDGE - at - 5.0);
        let fits_left = text_width(&label, size::NOTE, false) <= left;
        let (place, anchor, room) = if fits_left || right < left {
            (at - 5.0, Anchor::End, left)
        } else {
            (at + 5.0, Anchor::Start, right)
        };
        text_within(scene, (place, top + 3.0), &label, (style, anchor), room);
    }
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
    let (at, words) = ((left + 16.0, 43.0), "objective and strength, by chance");
    let room = size::WIDTH - EDGE - at.0;
    text_within(scene, at, words, (style, Anchor::Start), room);
}

/// Left edge, right edge, share and ink of each part.
fn parts(x: &Axis, one: &Explained) -> [(f64, f64, f64, Ink); 3] {
    let shares = [one.shares.objective, one.shares.strength, one.shares.seed];
    let mut from = 0.0;
    std::array::from_fn(|i| {
        let (share, start) = (shares[i], from);
        from += share;
        (x.pixel(start), x.pixel(from), share, PARTS[i].1)
    })
}

fn bar(scene: &mut Scene, x: &Axis, y: f64, one: &Explained) {
    for (left, right, _, ink) in parts(x, one) {
        scene.rectangle((left, y - BAR / 2.0), (right, y + BAR / 2.0), ink, 1.0);
    }
}

/// The vertical line at the share that objective and strength would explain by chance.
fn chance(scene: &mut Scene, x: &Axis, y: f64, one: &Explained) {
    let chance = x.pixel(one.shares.by_chance());
    let ends = |reach: f64| vec![(chance, y - reach), (chance, y + reach)];
    scene.line(ends(BAR / 2.0 + 3.0), PAPER, 1.0, 4.0);
    scene.line(ends(BAR / 2.0 + 3.0), TEXT, 1.0, 2.0);
}

/// Writes the shares into their parts, clear of the vertical lines. A share without room is omitted.
fn numbers(scene: &mut Scene, x: &Axis, y: f64, one: &Explained, lines: &[f64]) {
    let strokes: Vec<f64> = lines
        .iter()
        .copied()
        .chain([x.pixel(one.shares.by_chance())])
        .collect();
    for (left, right, share, ink) in parts(x, one) {
        let text = format!("{:.0} %", 100.0 * share);
        let reach = text_width(&text, size::NOTE, false) / 2.0 + 4.0;
        if let Some(middle) = free_place((left, right), reach, &strokes) {
            let style = TextStyle::new(size::NOTE, on(ink));
            scene.text((middle, y), text, style, Anchor::Middle);
        }
    }
}

/// The position between two ends that is nearest to their middle and at least `reach` from both ends and from every
/// line.
fn free_place((left, right): (f64, f64), reach: f64, strokes: &[f64]) -> Option<f64> {
    let middle = f64::midpoint(left, right);
    let is_free = |place: &f64| {
        let is_clear = |stroke: &f64| reach <= (place - stroke).abs() + 1e-6;
        left + reach <= *place && *place + reach <= right && strokes.iter().all(is_clear)
    };
    let beside = strokes.iter().flat_map(|s| [s - reach, s + reach]);
    std::iter::once(middle)
        .chain(beside)
        .filter(is_free)
        .min_by(|a, b| (a - middle).abs().total_cmp(&(b - middle).abs()))
}

#[cfg(test)]
mod tests {
    use super::free_place;

    #[test]
    fn numbers_stand_in_the_middle_or_beside_what_crosses_it() {
        assert_eq!(free_place((0.0, 100.0), 10.0, &[20.0]), Some(50.0));
        assert_eq!(free_place((0.0, 100.0), 10.0, &[45.0]), Some(55.0));
        assert_eq!(free_place((0.0, 100.0), 10.0, &[45.0, 60.0]), Some(35.0));
        assert_eq!(free_place((0.0, 19.0), 10.0, &[]), None);
        assert_eq!(free_place((0.0, 30.0), 10.0, &[15.0]), None);
    }
}
