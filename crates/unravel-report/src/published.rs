//! Selects the published numbers for a figure and writes the sentences about them.

use crate::final_scores::Key;
use crate::style::{AXIS, Ink, QUIET, Shape, family_style};
use crate::words::list;
use unravel_sweep::{Published, PublishedMeasure, PublishedPoint};

/// The published numbers of the score `key`.
pub fn of_key<'a>(published: &'a [Published], key: &Key) -> Vec<&'a Published> {
    let is_mine = |one: &&Published| {
        let PublishedMeasure::Metric(metric) = one.metric else {
            return false;
        };
        key.metric == metric && one.variant.is_none_or(|variant| key.variant == variant)
    };
    published.iter().filter(is_mine).collect()
}

/// The points that a figure can show.
pub fn points<'a>(
    published: &[&'a Published],
    has_place: impl Fn(&PublishedPoint) -> bool,
) -> Vec<&'a PublishedPoint> {
    let all = published.iter().flat_map(|one| &one.points);
    all.filter(|point| has_place(point)).collect()
}

/// The caption's sentence about the published points; empty if there are none.
pub fn caption(published: &[&Published], has_place: impl Fn(&PublishedPoint) -> bool) -> String {
    let sentences: Vec<String> = published
        .iter()
        .filter_map(|one| {
            let n = one.points.iter().filter(|point| has_place(point)).count();
            (0 < n).then(|| source_words(one))
        })
        .collect();
    if sentences.is_empty() {
        return String::new();
    }
    format!(
        " Hollow marks are published results, not trials of this sweep: {}.",
        sentences.join("; ")
    )
}

/// `Lin et al. 2020, Table 1 (read off a picture; bars: standard error; 500 votes)`.
pub fn source_words(one: &Published) -> String {
    let has_spread = one.points.iter().any(|point| point.spread.is_some());
    let spread = one.spread.filter(|_| has_spread);
    let words: Vec<String> = [Some(one.trust.words().to_owned())]
        .into_iter()
        .chain([
            spread.map(|kind| format!("bars: {}", kind.words())),
            one.note.clone(),
        ])
        .flatten()
        .collect();
    format!("{} ({})", one.source, words.join("; "))
}

/// Only the sources, for the note below a figure.
pub fn sources(published: &[&Published]) -> String {
    let names: Vec<String> = published.iter().map(|one| one.source.clone()).collect();
    list(&names)
}

/// Shape and ink of a published point: those of its family, or a grey disc.
pub fn look(point: &PublishedPoint) -> (Shape, Ink) {
    point
        .family
        .as_ref()
        .map_or((Shape::Disc, QUIET), |family| {
            let style = family_style(family);
            (style.shape, style.ink().mix(AXIS, 0.25))
        })
}
