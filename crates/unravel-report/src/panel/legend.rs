//! The legend below a figure's title: marks and names, in as many rows as needed.

use super::{EDGE, text_within};
use crate::paint::text_width;
use crate::scene::{Anchor, Scene, TextStyle};
use crate::style::{FamilyStyle, TEXT, size};

/// The distance between the centre of a mark and its name, and between a name and the next mark, in pixels.
const TO_NAME: f64 = 11.0;
const TO_NEXT: f64 = 22.0;
/// The distance between rows.
const ROW: f64 = 20.0;

/// The position of each name's mark.
fn places(titles: &[&str]) -> Vec<(f64, f64)> {
    let (mut x, mut y) = (EDGE + 6.0, 43.0);
    let mut places = Vec::new();
    for title in titles {
        let end = x + TO_NAME + text_width(title, size::TICK, false);
        if size::WIDTH - EDGE < end && EDGE + 6.0 < x {
            (x, y) = (EDGE + 6.0, y + ROW);
        }
        places.push((x, y));
        x += TO_NAME + text_width(title, size::TICK, false) + TO_NEXT;
    }
    places
}

/// The number of rows of [`legend`].
pub fn legend_rows(families: &[(&str, FamilyStyle)]) -> usize {
    let titles: Vec<&str> = families.iter().map(|(title, _)| *title).collect();
    places(&titles)
        .last()
        .map_or(0, |(_, y)| 1 + ((y - 43.0) / ROW).round() as usize)
}

/// Draws the families' marks and names below the title.
pub fn legend(scene: &mut Scene, families: &[(&str, FamilyStyle)]) {
    let titles: Vec<&str> = families.iter().map(|(title, _)| *title).collect();
    for ((title, style), (x, y)) in families.iter().zip(places(&titles)) {
        scene.shape(style.shape, (x, y), size::MARK, style.ink(), 1.0);
        let words = (TextStyle::new(size::TICK, TEXT), Anchor::Start);
        let left = x + TO_NAME;
        text_within(scene, (left, y), title, words, size::WIDTH - EDGE - left);
    }
}
