//! The frame that figures share: titles, axes, grid, legend and note around a box for the data.

use crate::axis::Axis;
use crate::paint::text_width;
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::style::{AXIS, FamilyStyle, GRID, QUIET, TEXT, size};

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Area {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Right edge.
    pub right: f64,
    /// Lower edge.
    pub bottom: f64,
}

impl Area {
    /// The area that both share, in square pixels.
    pub fn overlap(&self, other: &Self) -> f64 {
        let width = self.right.min(other.right) - self.left.max(other.left);
        let height = self.bottom.min(other.bottom) - self.top.max(other.top);
        width.max(0.0) * height.max(0.0)
    }

    /// The square around `centre` with half-side `radius`.
    pub fn around(centre: Point, radius: f64) -> Self {
        let (x, y) = centre;
        Self {
            left: x - radius,
            top: y - radius,
            right: x + radius,
            bottom: y + radius,
        }
    }
}

/// From the figure's left and right edge to its words, in pixels.
const EDGE: f64 = 14.0;

/// The words around a figure's data.
pub struct Titles {
    /// What the vertical axis shows; stands above it.
    pub y: String,
    /// What the horizontal axis shows, with its unit; stands below it.
    pub x: String,
    /// One line at the foot: what the marks are.
    pub note: String,
}

/// The box for the data of a figure of natural size that leaves `right` pixels beside it.
pub fn data_box(right: f64) -> Area {
    Area {
        left: 58.0,
        top: 62.0,
        right: size::WIDTH - right,
        bottom: size::HEIGHT - 68.0,
    }
}

/// Draws what is around and behind the data.
pub fn frame(scene: &mut Scene, area: Area, x: &Axis, y: &Axis, titles: &Titles) {
    let width = scene.width - 2.0 * EDGE;
    let title = fitting(&titles.y, TextStyle::title(), width);
    scene.text((EDGE, 22.0), titles.y.as_str(), title, Anchor::Start);
    let tick = TextStyle::new(size::TICK, QUIET);
    for (value, label) in y.ticks(5) {
        let at = y.pixel(value);
        scene.line(
            vec![(area.left, at), (area.right, at)],
            GRID,
            1.0,
            size::HAIR,
        );
        scene.text((area.left - 8.0, at), label, tick, Anchor::End);
    }
    for (value, label) in x.ticks(6) {
        let at = x.pixel(value);
        scene.line(
            vec![(at, area.top), (at, area.bottom)],
            GRID,
            1.0,
            size::HAIR,
        );
        scene.line(
            vec![(at, area.bottom), (at, area.bottom + 4.0)],
            AXIS,
            1.0,
            size::HAIR,
        );
        scene.text((at, area.bottom + 15.0), label, tick, Anchor::Middle);
    }
    scene.line(
        vec![(area.left, area.bottom), (area.right, area.bottom)],
        AXIS,
        1.0,
        size::HAIR,
    );
    let middle = f64::midpoint(area.left, area.right);
    scene.text(
        (middle, area.bottom + 34.0),
        titles.x.as_str(),
        TextStyle::new(size::TICK, TEXT),
        Anchor::Middle,
    );
    let note = fitting(&titles.note, TextStyle::new(size::NOTE, QUIET), width);
    let at = (EDGE, scene.height - 14.0);
    scene.text(at, titles.note.as_str(), note, Anchor::Start);
}

/// The style, made smaller where the text would be wider than `width`.
fn fitting(text: &str, style: TextStyle, width: f64) -> TextStyle {
    let share = width / text_width(text, style.size, style.bold);
    TextStyle {
        size: style.size * share.min(1.0),
        ..style
    }
}

/// Draws the families' marks and names on one line under the title.
pub fn legend<'a>(scene: &mut Scene, families: impl IntoIterator<Item = (&'a str, FamilyStyle)>) {
    let mut x = 20.0;
    for (title, style) in families {
        scene.shape(style.shape, (x, 43.0), size::MARK, style.ink(), 1.0);
        x += 11.0;
        scene.text(
            (x, 43.0),
            title,
            TextStyle::new(size::TICK, TEXT),
            Anchor::Start,
        );
        x += text_width(title, size::TICK, false) + 22.0;
    }
}

/// Moves places on a line apart until neighbours are at least `gap` apart, all within `range`, each as near to its
/// wish as that allows; for labels at the ends of curves. Returns them in the order of the wishes.
pub fn spread(wishes: &[f64], gap: f64, range: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by(|&a, &b| wishes[a].total_cmp(&wishes[b]));
    let room = (range.1 - range.0) / wishes.len().saturating_sub(1).max(1) as f64;
    let gap = gap.min(room);
    // Runs of labels that touch: each is placed around the mean of its wishes, and joins a run that it comes to touch.
    let mut runs: Vec<(Vec<usize>, f64)> = Vec::new();
    for idx in order {
        let mut run = (vec![idx], wishes[idx].clamp(range.0, range.1));
        while let Some((before, start)) = runs.pop() {
            if start + before.len() as f64 * gap <= run.1 {
                runs.push((before, start));
                break;
            }
            let members: Vec<usize> = before.into_iter().chain(run.0).collect();
            let n = members.len() as f64;
            let wish: f64 = members
                .iter()
                .enumerate()
                .map(|(i, &m)| wishes[m] - i as f64 * gap)
                .sum::<f64>()
                / n;
            let start = wish.min(range.1 - (n - 1.0) * gap).max(range.0);
            run = (members, start);
        }
        runs.push(run);
    }
    let mut places = vec![0.0; wishes.len()];
    for (members, start) in runs {
        for (i, member) in members.into_iter().enumerate() {
            places[member] = start + i as f64 * gap;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_far_apart_stay_and_crowded_ones_part_around_their_mean() {
        assert_eq!(spread(&[10.0, 50.0], 12.0, (0.0, 100.0)), [10.0, 50.0]);
        assert_eq!(
            spread(&[50.0, 50.0, 50.0], 10.0, (0.0, 100.0)),
            [40.0, 50.0, 60.0]
        );
        assert_eq!(spread(&[99.0, 98.0], 10.0, (0.0, 100.0)), [100.0, 90.0]);
    }

    #[test]
    fn long_words_shrink_to_fit_and_short_ones_stay() {
        let long =
            "Total correlation (discriminator's estimate), nats per image (log scale)".repeat(2);
        let style = fitting(&long, TextStyle::title(), 500.0);
        assert!((text_width(&long, style.size, true) - 500.0).abs() < 0.5);
        assert_eq!(
            fitting("MIG", TextStyle::title(), 500.0),
            TextStyle::title()
        );
    }

    #[test]
    fn too_many_for_the_room_share_it() {
        let places = spread(&[5.0; 11], 20.0, (0.0, 100.0));
        assert_eq!((places[0], places[10]), (0.0, 100.0));
    }
}
