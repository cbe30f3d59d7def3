//! The frame that figures share: titles, axes, grid, legend and note around a box for the data.

use crate::axis::Axis;
use crate::paint::text_width;
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::style::{AXIS, GRID, QUIET, TEXT, size};

mod facets;
mod fit;
mod legend;

pub use facets::{Facet, facet_areas, facet_axes};
pub use fit::{cut, cut_before, text_within, wrapped};
pub use legend::{legend, legend_rows};

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

/// The distance between the figure's left and right edge and its text, in pixels.
pub const EDGE: f64 = 14.0;
/// The space between tick labels and the data area.
const TICK_GAP: f64 = 8.0;

/// The titles and the note around a figure's data.
pub struct Titles {
    /// The title of the vertical axis, drawn above it.
    pub y: String,
    /// The title of the horizontal axis with its unit, drawn below it.
    pub x: String,
    /// The note below the figure, about the marks.
    pub note: String,
}

/// Upper and lower edge of the data area in a figure of height `height` with this many rows of legend.
pub fn data_range(height: f64, legend_rows: usize) -> (f64, f64) {
    (42.0 + 20.0 * legend_rows as f64, height - 68.0)
}

/// The ticks of a vertical axis and the data area beside them, in a figure of natural size with `right` pixels free on
/// the right.
pub fn data_box(y: &Axis, range: (f64, f64), right: f64) -> (Area, Vec<(f64, String)>) {
    let marks = y.marks(5);
    let widest = marks
        .iter()
        .map(|(_, label)| text_width(label, size::TICK, false))
        .fold(0.0, f64::max);
    let area = Area {
        left: (EDGE + widest + TICK_GAP).max(58.0),
        top: range.0,
        right: size::WIDTH - right,
        bottom: range.1,
    };
    (area, marks)
}

/// Draws the titles, axes and grid around the data. Ticks are pixels with labels.
pub fn frame(
    scene: &mut Scene,
    area: Area,
    x: &[(f64, String)],
    y: &[(f64, String)],
    titles: &Titles,
) {
    horizontal_grid(scene, area, y, true);
    vertical_grid(scene, area, x, None);
    words(scene, (area.left, area.right), titles);
}

/// The distance between lines of a note.
const NOTE_LINE: f64 = 14.0;

/// Draws the titles and the note around data between two horizontal pixels. A note of several lines increases the
/// figure's height.
pub fn words(scene: &mut Scene, (left, right): (f64, f64), titles: &Titles) {
    let width = scene.width - 2.0 * EDGE;
    let style = (TextStyle::title(), Anchor::Start);
    text_within(scene, (EDGE, 22.0), &titles.y, style, width);
    let middle = f64::midpoint(left, right);
    let at = (middle, scene.height - 34.0);
    let room = 2.0 * (middle - EDGE).min(scene.width - EDGE - middle);
    let style = (TextStyle::new(size::TICK, TEXT), Anchor::Middle);
    text_within(scene, at, &titles.x, style, room);
    let style = TextStyle::new(size::NOTE, QUIET);
    let first = scene.height - 14.0;
    let lines = wrapped(&titles.note, style, width);
    scene.heighten(NOTE_LINE * lines.len().saturating_sub(1) as f64);
    for (i, line) in lines.into_iter().enumerate() {
        let at = (EDGE, first + NOTE_LINE * i as f64);
        scene.text(at, line, style, Anchor::Start);
    }
}

/// Lines across the data at the marks, with labels to the left where `is_labelled`.
pub fn horizontal_grid(scene: &mut Scene, area: Area, marks: &[(f64, String)], is_labelled: bool) {
    let tick = TextStyle::new(size::TICK, QUIET);
    for (at, _) in marks {
        let ends = vec![(area.left, *at), (area.right, *at)];
        scene.line(ends, GRID, 1.0, size::HAIR);
    }
    for (at, label) in marks.iter().filter(|_| is_labelled) {
        let place = (area.left - TICK_GAP, *at);
        scene.text(place, label.as_str(), tick, Anchor::End);
    }
}

/// The horizontal axis with its ticks. Labels that would touch the previous label are omitted. Labels at the ends stay
/// inside the figure, or inside `bounds` if there are other panels beside this one.
pub fn vertical_grid(
    scene: &mut Scene,
    area: Area,
    marks: &[(f64, String)],
    bounds: Option<(f64, f64)>,
) {
    let tick = TextStyle::new(size::TICK, QUIET);
    for (at, _) in marks {
        let ends = vec![(*at, area.top), (*at, area.bottom)];
        scene.line(ends, GRID, 1.0, size::HAIR);
    }
    for (at, _) in marks {
        let ends = vec![(*at, area.bottom), (*at, area.bottom + 4.0)];
        scene.line(ends, AXIS, 1.0, size::HAIR);
    }
    let ends = vec![(area.left, area.bottom), (area.right, area.bottom)];
    scene.line(ends, AXIS, 1.0, size::HAIR);
    let (left, right) = bounds.unwrap_or((2.0, scene.width - 2.0));
    let mut reached = f64::NEG_INFINITY;
    for (at, label) in marks {
        let half = text_width(label, size::TICK, false) / 2.0;
        if right - left < 2.0 * half {
            continue;
        }
        let place = at.clamp(left + half, right - half);
        if reached + 5.0 <= place - half {
            scene.text(
                (place, area.bottom + 15.0),
                label.as_str(),
                tick,
                Anchor::Middle,
            );
            reached = place + half;
        }
    }
}

/// Moves positions on a line apart, for labels at the ends of curves: neighbours are at least `gap` apart, all are
/// within `range`, and each is as close as possible to its wish. Returns the positions in the order of the wishes.
pub fn spread(wishes: &[f64], gap: f64, range: (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wishes.len()).collect();
    order.sort_by(|&a, &b| wishes[a].total_cmp(&wishes[b]));
    let room = (range.1 - range.0) / wishes.len().saturating_sub(1).max(1) as f64;
    let gap = gap.min(room);
    // Labels that touch form a run. A run is centred on the mean of its wishes, and merges with a run that it touches.
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
    use crate::scene::Mark;

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
    fn a_long_note_takes_more_lines_and_a_higher_figure() {
        let titles = |n: usize| Titles {
            y: String::new(),
            x: String::new(),
            note: "Faint: 116 trials. Bold: mean ± 1 sd over trial seeds of each setting. "
                .repeat(n),
        };
        let heights = [1, 4].map(|n| {
            let mut scene = Scene::new(size::WIDTH, size::HEIGHT);
            words(&mut scene, (60.0, 500.0), &titles(n));
            let lowest = scene.marks.iter().filter_map(|mark| match mark {
                Mark::Text { at, .. } => Some(at.1),
                _ => None,
            });
            assert_eq!(lowest.fold(0.0, f64::max), scene.height - 14.0);
            assert!(matches!(&scene.marks[0], Mark::Area { corners, .. } if corners[2].1 == scene.height));
            scene.height
        });
        assert!(heights[0] + NOTE_LINE < heights[1], "{heights:?}");
    }

    #[test]
    fn too_many_for_the_room_share_it() {
        let places = spread(&[5.0; 11], 20.0, (0.0, 100.0));
        assert_eq!((places[0], places[10]), (0.0, 100.0));
    }
}
