//! `[[report.published]]`.

use toml::de::{DeTable, DeValue};
use unravel_score::{Metric, Variant};

use super::Span;
use super::collector::Collector;
use super::node::{Entry, Node, describe, entries};
use super::numbers::real;
use super::tree::{list, string};
use crate::field::RealRange;
use crate::objective::Family;
use crate::published::{Published, PublishedMeasure, PublishedPoint, SpreadKind, Trust};

const KEYS: &[&str] = &[
    "source", "trust", "metric", "variant", "note", "spread", "points",
];
const POINT_KEYS: &[&str] = &[
    "label",
    "score",
    "spread",
    "family",
    "strength",
    "reconstruction-nats",
];

/// A published number is drawn on an axis beside the sweep's own, so it must be of a size that somebody may have
/// measured.
const FARTHEST: f64 = 1e12;

/// Every table of the list; one that has a fault is left out, and the fault told.
pub(super) fn read(entry: &Entry, faults: &mut Collector) -> Vec<Published> {
    let tables = list(entry.value, "published", faults);
    let read = |node| read_one(node, faults);
    tables.into_iter().flatten().filter_map(read).collect()
}

/// The node as a table of a list.
pub(super) fn table<'a>(
    node: &'a Node<'a>,
    what: &str,
    faults: &mut Collector,
) -> Option<&'a DeTable<'a>> {
    if let DeValue::Table(table) = node.get_ref() {
        return Some(table);
    }
    let message = format!(
        "each of `{what}` must be a table, but is {}",
        describe(node)
    );
    faults.push(node.span(), message, "not a table");
    None
}

fn read_one(node: &Node, faults: &mut Collector) -> Option<Published> {
    let n_faults = faults.len();
    let (mut source, mut trust, mut metric, mut variant, mut note, mut spread) =
        (None, None, None, None, None, None);
    let mut points = None;
    for inner in entries(table(node, "published", faults)?) {
        match inner.key {
            "source" => source = text(&inner, faults),
            "trust" => trust = read_trust(&inner, faults),
            "metric" => {
                metric = name(&inner, "metric", &measures(), faults)
                    .and_then(|name| PublishedMeasure::from_name(&name));
            }
            "variant" => variant = read_variant(&inner, faults),
            "note" => note = text(&inner, faults),
            "spread" => {
                spread = name(&inner, "spread", SpreadKind::NAMES, faults)
                    .and_then(|name| SpreadKind::from_name(&name));
            }
            "points" => points = Some((inner.value.span(), read_points(&inner, faults))),
            _ => faults.unknown_key(&inner, "[[report.published]]", KEYS),
        }
    }
    if n_faults < faults.len() {
        return None;
    }
    let Some((points_span, points)) = points else {
        missing(node.span(), "points", faults);
        return None;
    };
    if spread.is_none() && points.iter().any(|point| point.spread.is_some()) {
        let message = "the points have a `spread`, but the table does not state its kind";
        let help = "write spread = \"sd\", \"standard-error\" or \"unknown\" beside `points`";
        faults.push_with_help(points_span, message, "unknown kind of spread", help);
        return None;
    }
    Some(Published {
        source: required(source, &node.span(), "source", faults)?,
        trust: required(trust, &node.span(), "trust", faults)?,
        metric: required(metric, &node.span(), "metric", faults)?,
        variant,
        note,
        spread,
        points,
    })
}

fn measures() -> Vec<&'static str> {
    let names = Metric::NAMES.into_iter();
    names
        .chain([PublishedMeasure::VARIANCE_EXPLAINED])
        .collect()
}

/// A variant by its name.
pub(super) fn read_variant(entry: &Entry, faults: &mut Collector) -> Option<Variant> {
    let name = name(entry, "variant", Variant::NAMES, faults)?;
    Variant::from_name(&name)
}

fn read_trust(entry: &Entry, faults: &mut Collector) -> Option<Trust> {
    let text = string(entry.value, "trust", faults)?;
    if text == "memory" {
        let message = "numbers from memory are not published numbers";
        let help = "look the numbers up and state their source, or remove them";
        faults.push_with_help(entry.value.span(), message, "cannot be checked", help);
        return None;
    }
    let trust = Trust::from_name(text);
    if trust.is_none() {
        faults.unknown_name(entry.value.span(), "trust", text, Trust::NAMES);
    }
    trust
}

fn read_points(entry: &Entry, faults: &mut Collector) -> Vec<PublishedPoint> {
    let nodes = list(entry.value, "points", faults);
    let read = |node| read_point(node, faults);
    nodes.into_iter().flatten().filter_map(read).collect()
}

fn read_point(node: &Node, faults: &mut Collector) -> Option<PublishedPoint> {
    let n_faults = faults.len();
    let (mut label, mut family) = (None, None);
    let (mut score, mut spread, mut strength, mut reconstruction_nats) = (None, None, None, None);
    for inner in entries(table(node, "points", faults)?) {
        let mut number = |range| drawn(range, &inner, faults);
        match inner.key {
            "score" => score = number(RealRange::Any),
            "spread" => spread = number(RealRange::NonNegative),
            "strength" => strength = number(RealRange::NonNegative),
            "reconstruction-nats" => reconstruction_nats = number(RealRange::NonNegative),
            "label" => label = text(&inner, faults),
            "family" => {
                let known: Vec<&str> = Family::ALL.iter().map(|family| family.name).collect();
                family = name(&inner, "family", &known, faults);
            }
            _ => faults.unknown_key(&inner, "`points`", POINT_KEYS),
        }
    }
    if n_faults < faults.len() {
        return None;
    }
    Some(PublishedPoint {
        label: required(label, &node.span(), "label", faults)?,
        score: required(score, &node.span(), "score", faults)?,
        spread,
        family,
        strength,
        reconstruction_nats,
    })
}

/// A finite number in a range, at most [`FARTHEST`] from 0.
fn drawn(range: RealRange, entry: &Entry, faults: &mut Collector) -> Option<f64> {
    let value = real(range, entry.key, entry.value, faults)?;
    if value.abs() <= FARTHEST {
        return Some(value);
    }
    let (key, found) = (entry.key, describe(entry.value));
    let must = match range {
        RealRange::Any => "from -1e12 to 1e12",
        _ => "from 0 to 1e12",
    };
    let message = format!("`{key}` must be a number {must}, but is {found}");
    let help = "a figure cannot show it beside the sweep's own numbers; check its unit, or write it in `note`";
    faults.push_with_help(entry.value.span(), message, "too far from 0", help);
    None
}

/// A text that says something.
pub(super) fn text(entry: &Entry, faults: &mut Collector) -> Option<String> {
    let text = string(entry.value, entry.key, faults)?;
    if text.trim().is_empty() {
        let message = format!("`{}` is empty", entry.key);
        faults.push(entry.value.span(), message, "empty text");
        return None;
    }
    Some(text.to_owned())
}

/// One of these names.
pub(super) fn name(
    entry: &Entry,
    what: &str,
    known: &[&str],
    faults: &mut Collector,
) -> Option<String> {
    let name = string(entry.value, entry.key, faults)?;
    if !known.contains(&name) {
        faults.unknown_name(entry.value.span(), what, name, known);
        return None;
    }
    Some(name.to_owned())
}

pub(super) fn required<T>(
    value: Option<T>,
    span: &Span,
    key: &str,
    faults: &mut Collector,
) -> Option<T> {
    if value.is_none() {
        missing(span.clone(), key, faults);
    }
    value
}

pub(super) fn missing(span: Span, key: &str, faults: &mut Collector) {
    faults.push(span, format!("`{key}` is missing"), "missing key");
}
