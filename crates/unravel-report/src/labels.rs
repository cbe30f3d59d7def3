//! Places labels beside their marks so that they cover little of each other and of the data.
//!
//! Each label has 48 candidates: eight directions at six distances. They are taken greedily, then improved one label at
//! a time until nothing changes. A label that still overlaps an earlier label is omitted, so the order of labels is
//! their priority. The algorithm is deterministic.

use crate::paint::text_width;
use crate::panel::{Area, cut};
use crate::scene::{Anchor, Point, Scene, TextStyle};
use crate::style::{Ink, PAD_OPACITY, PAPER, TEXT, size};

/// The maximum width of a label. Longer labels are cut.
const LONGEST: f64 = 230.0;

/// A label to be placed.
pub struct Label {
    /// The text.
    pub text: String,
    /// The centre of its mark.
    pub mark: Point,
    /// The radius to keep clear around it.
    pub radius: f64,
}

impl Label {
    /// A label of a mark at `mark` that takes `radius` pixels around it.
    pub fn new(text: &str, mark: Point, radius: f64) -> Self {
        Self {
            text: cut(text, TextStyle::new(size::LABEL, TEXT), LONGEST),
            mark,
            radius,
        }
    }
}

/// Draws the text of a label in the middle of its area, on a background pad.
pub fn draw(scene: &mut Scene, label: &Label, area: Area, ink: Ink) {
    scene.rectangle(
        (area.left, area.top),
        (area.right, area.bottom),
        PAPER,
        PAD_OPACITY,
    );
    let (x, y) = (
        f64::midpoint(area.left, area.right),
        f64::midpoint(area.top, area.bottom),
    );
    let style = TextStyle::new(size::LABEL, ink);
    scene.text((x, y), label.text.as_str(), style, Anchor::Middle);
}

/// Something drawn that labels should not cover.
pub struct Obstacle {
    /// The area that it covers.
    pub area: Area,
    /// The cost of covering one square pixel of it.
    pub weight: f64,
}

/// The position of a label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placed {
    /// The area of the text.
    pub area: Area,
    /// Whether it is far enough from its mark to need a line to it.
    pub is_far: bool,
}

/// The directions by preference: right, upper right, upper left, above, ….
const DIRECTIONS: [Point; 8] = [
    (1.0, 0.0),
    (0.8, -0.8),
    (-0.8, -0.8),
    (0.0, -1.0),
    (0.0, 1.0),
    (0.8, 0.8),
    (-1.0, 0.0),
    (-0.8, 0.8),
];
const DISTANCES: [f64; 6] = [4.0, 17.0, 30.0, 46.0, 64.0, 84.0];
/// If labels overlap by more than this many square pixels, the later one is omitted.
const TOUCHING: f64 = 4.0;
const OUTSIDE_WEIGHT: f64 = 20.0;
const LABEL_WEIGHT: f64 = 10.0;
const ROUNDS: usize = 6;

/// Places `labels` of font size `size` inside `bounds` and clear of `obstacles`. Returns one position per label, in
/// their order; `None` if there is no room beside earlier labels.
pub fn place(
    labels: &[Label],
    size: f64,
    bounds: Area,
    obstacles: &[Obstacle],
) -> Vec<Option<Placed>> {
    let candidates: Vec<Vec<(Placed, f64)>> = labels
        .iter()
        .map(|label| {
            candidates(label, size)
                .map(|(placed, taste)| {
                    (
                        placed,
                        taste + standing_cost(&placed.area, bounds, obstacles),
                    )
                })
                .collect()
        })
        .collect();
    let mut chosen: Vec<Option<usize>> = vec![None; labels.len()];
    for _ in 0..ROUNDS {
        let before = chosen.clone();
        for i in 0..labels.len() {
            let others: Vec<Area> = (0..labels.len())
                .filter(|&j| j != i)
                .filter_map(|j| chosen[j].map(|c| candidates[j][c].0.area))
                .collect();
            let cost = |c: usize| {
                let (placed, standing) = &candidates[i][c];
                standing
                    + LABEL_WEIGHT
                        * others
                            .iter()
                            .map(|other| placed.area.overlap(other))
                            .sum::<f64>()
            };
            chosen[i] = (0..candidates[i].len()).min_by(|&a, &b| cost(a).total_cmp(&cost(b)));
        }
        if chosen == before {
            break;
        }
    }
    let mut kept: Vec<Option<Placed>> = Vec::new();
    for (candidates, choice) in candidates.iter().zip(chosen) {
        let placed = choice.map(|c| candidates[c].0);
        let is_free = |placed: &Placed| {
            let whole =
                (placed.area.right - placed.area.left) * (placed.area.bottom - placed.area.top);
            let taken = |other: &Placed| TOUCHING < placed.area.overlap(&other.area);
            whole - placed.area.overlap(&bounds) < TOUCHING && !kept.iter().flatten().any(taken)
        };
        let placed = placed.filter(is_free);
        kept.push(placed);
    }
    kept
}

/// Every candidate position of a label, with the cost of its direction and distance.
fn candidates(label: &Label, size: f64) -> impl Iterator<Item = (Placed, f64)> {
    let (half_width, half_height) = (text_width(&label.text, size, false) / 2.0, size * 0.55);
    let (mark, radius) = (label.mark, label.radius);
    DISTANCES
        .into_iter()
        .enumerate()
        .flat_map(move |(ring, distance)| {
            DIRECTIONS
                .into_iter()
                .enumerate()
                .map(move |(rank, (dx, dy))| {
                    let reach = radius + distance;
                    let side =
                        |d: f64, half: f64| d * reach + d.signum() * half * f64::from(d != 0.0);
                    let (x, y) = (
                        mark.0 + side(dx, half_width),
                        mark.1 + side(dy, half_height),
                    );
                    let area = Area {
                        left: x - half_width,
                        top: y - half_height,
                        right: x + half_width,
                        bottom: y + half_height,
                    };
                    (
                        Placed {
                            area,
                            is_far: 0 < ring,
                        },
                        rank as f64 * 2.0 + ring as f64 * 60.0,
                    )
                })
        })
}

/// The cost of a position that does not depend on the other labels.
fn standing_cost(area: &Area, bounds: Area, obstacles: &[Obstacle]) -> f64 {
    let whole = (area.right - area.left) * (area.bottom - area.top);
    let outside = whole - area.overlap(&bounds);
    let covered: f64 = obstacles
        .iter()
        .map(|o| o.weight * o.area.overlap(area))
        .sum();
    OUTSIDE_WEIGHT * outside + covered
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Area = Area {
        left: 0.0,
        top: 0.0,
        right: 300.0,
        bottom: 300.0,
    };

    fn labels(marks: &[Point]) -> Vec<Placed> {
        all_labels(marks).into_iter().flatten().collect()
    }

    fn all_labels(marks: &[Point]) -> Vec<Option<Placed>> {
        let labels: Vec<Label> = marks
            .iter()
            .map(|&mark| Label::new("β=16", mark, 5.0))
            .collect();
        let obstacles: Vec<Obstacle> = marks
            .iter()
            .map(|&mark| Obstacle {
                area: Area::around(mark, 5.0),
                weight: 6.0,
            })
            .collect();
        place(&labels, 12.0, BOUNDS, &obstacles)
    }

    #[test]
    fn a_lone_label_stands_to_the_right() {
        let placed = labels(&[(150.0, 150.0)]);
        assert!(155.0 < placed[0].area.left && !placed[0].is_far);
    }

    #[test]
    fn a_label_that_is_too_long_is_cut_and_finds_a_place() {
        let label = Label::new(&"β=4, latents=10, ".repeat(9), (150.0, 150.0), 5.0);
        assert!(label.text.starts_with("β=4, latents=10, β=4") && label.text.ends_with('…'));
        let placed = place(&[label], size::LABEL, BOUNDS, &[]);
        assert!(placed[0].is_some());
    }

    #[test]
    fn labels_stay_inside_and_off_each_other_in_a_crowd() {
        let marks = [
            (290.0, 20.0),
            (280.0, 26.0),
            (285.0, 8.0),
            (150.0, 150.0),
            (152.0, 158.0),
            (158.0, 149.0),
            (148.0, 141.0),
        ];
        let placed = labels(&marks);
        assert_eq!(placed.len(), marks.len());
        for (i, a) in placed.iter().enumerate() {
            assert!(
                0.0 <= a.area.top && a.area.right <= 300.0,
                "{a:?} is outside"
            );
            for b in &placed[..i] {
                assert_eq!(a.area.overlap(&b.area), 0.0, "{a:?} covers {b:?}");
            }
        }
    }

    #[test]
    fn of_many_marks_in_one_place_some_labels_are_kept_and_none_covers_another() {
        let placed = all_labels(&[(150.0, 150.0); 60]);
        assert!(placed[0].is_some(), "the first is kept");
        let kept: Vec<Placed> = placed.into_iter().flatten().collect();
        assert!(20 <= kept.len() && kept.len() < 60, "{}", kept.len());
        for (i, a) in kept.iter().enumerate() {
            assert!(
                kept[..i]
                    .iter()
                    .all(|b| a.area.overlap(&b.area) <= TOUCHING)
            );
        }
    }
}
