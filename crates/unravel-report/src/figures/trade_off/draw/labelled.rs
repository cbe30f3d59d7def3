//! The labels of the trade-off: which marks have a label, and its position.

use super::{Layout, RING_EDGE};
use crate::labels::{self, Label, Obstacle, Placed};
use crate::panel::Area;
use crate::scene::{Point, Scene};
use crate::style::{AXIS, FamilyStyle, Ink, QUIET, TEXT, size};

/// With more settings than this, only the settings on the Pareto front and the weakest and strongest setting of each
/// objective are labelled.
const MOST_LABELS: usize = 16;
/// The distance between sampled points of a path that labels avoid, in pixels.
const DOT: f64 = 4.0;

impl Layout<'_> {
    /// The weakest and the strongest setting of each family, as positions in the means.
    fn ends(&self) -> Vec<usize> {
        let setting = |place: usize| &self.rows.settings[self.panel.means[place].setting].setting;
        let ends = |(title, _): (&str, FamilyStyle)| {
            let mine = (0..self.panel.means.len()).filter(|&i| setting(i).family_title == title);
            let strength = |a: &usize, b: &usize| {
                let [a, b] = [*a, *b].map(|place| setting(place).strength);
                a.total_cmp(&b)
            };
            [mine.clone().min_by(strength), mine.max_by(strength)]
        };
        let families = self.rows.families().into_iter();
        families.flat_map(ends).flatten().collect()
    }

    /// The marks in order of priority for labels: settings on the front first, published points last.
    fn wanted_labels(&self) -> Vec<(Label, bool)> {
        let means = &self.panel.means;
        let is_in_front = |place: &usize| self.panel.front.contains(place);
        let (front, mut rest): (Vec<usize>, Vec<usize>) = (0..means.len()).partition(is_in_front);
        if MOST_LABELS < means.len() {
            let ends = self.ends();
            rest.retain(|place| ends.contains(place));
        }
        let settings = front.into_iter().chain(rest).map(|place| {
            let mean = &means[place];
            let text = self.rows.settings[mean.setting].short_label();
            // The ring is included.
            let radius = size::MARK + if is_in_front(&place) { RING_EDGE } else { 0.0 };
            (Label::new(text, self.at(mean), radius), false)
        });
        let published = self.published.iter().map(|point| {
            let label = Label::new(&point.label, self.published_at(point), size::MARK);
            (label, true)
        });
        settings.chain(published).collect()
    }

    /// Draws the labels and returns the number of labels without room.
    pub(super) fn draw_labels(&self, scene: &mut Scene) -> usize {
        let (wanted, is_published): (Vec<Label>, Vec<bool>) =
            self.wanted_labels().into_iter().unzip();
        let bounds = Area {
            top: self.area.top - 8.0,
            ..self.area
        };
        let placed = labels::place(&wanted, size::LABEL, bounds, &self.obstacles());
        let n_labelled = placed.iter().flatten().count();
        let n_marks = self.panel.means.len() + self.published.len();
        let all = wanted.iter().zip(&is_published).zip(placed);
        for ((label, is_published), place) in all.filter_map(|(l, place)| Some((l, place?))) {
            draw_label(
                scene,
                label,
                &place,
                if *is_published { QUIET } else { TEXT },
            );
        }
        n_marks - n_labelled
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
        let published = self.published.iter();
        let published = published
            .map(|p| self.published_at(p))
            .map(around(size::MARK));
        let paths: Vec<Point> = self
            .paths()
            .iter()
            .flat_map(|(_, path)| dotted(path))
            .collect();
        marks
            .map(obstacle(6.0))
            .chain(bars.map(obstacle(1.2)))
            .chain(published.map(obstacle(6.0)))
            .chain(trials.map(obstacle(0.8)))
            .chain(paths.into_iter().map(around(DOT / 2.0)).map(obstacle(0.6)))
            .collect()
    }
}

/// A label on a background pad, with a line to its mark if the mark is far away.
fn draw_label(scene: &mut Scene, label: &Label, place: &Placed, ink: Ink) {
    if place.is_far {
        let ends = vec![label.mark, nearest(label.mark, place)];
        scene.line(ends, AXIS, 1.0, size::HAIR * 0.75);
    }
    labels::draw(scene, label, place.area, ink);
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
    let area = place.area;
    (
        mark.0.clamp(area.left, area.right),
        mark.1.clamp(area.top, area.bottom),
    )
}
