//! The layout of scores against steps.

use super::data::Course;
use crate::axis::Kind;
use crate::curves::{Curves, by_setting, families_of, scene as lines};
use crate::panel::Titles;
use crate::report_input::Rows;
use crate::scene::Scene;

/// Lays out the curves.
pub fn scene(rows: &Rows, courses: &[Course], titles: Titles) -> Scene {
    let points = courses.iter().flat_map(|course| &course.points);
    let last = points.map(|(step, _)| *step).max().unwrap_or(1);
    let settings = courses
        .iter()
        .map(|course| {
            let points = course.points.iter().map(|(step, s)| (*step as f64, *s));
            (course.setting, points.collect())
        })
        .collect();
    lines(&Curves {
        panels: by_setting(rows, settings),
        x: (0.0, last as f64),
        kind: Kind::Linear,
        titles,
        families: families_of(rows, courses.iter().map(|course| course.setting)),
    })
}
