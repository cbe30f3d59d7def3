//! What a key of an arm holds: one value, or a list of them, written out or short.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::collector::Collector;
use super::tree::{Node, list};
use super::{MAX_TRIALS, Span, generator, scalar};
use crate::field::{Field, Value};

/// What a key of an arm holds.
pub(super) enum Listed {
    /// One value.
    One(Value),
    /// A list.
    Many(List),
}

/// A list of values, all different, at least one.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// How many there are.
    pub(super) len: u128,
    /// The values; empty where there are more than [`MAX_TRIALS`], which no sweep may have.
    pub(super) values: Vec<Value>,
    pub(super) span: Span,
}

/// A value or a list of them.
pub(super) fn read(field: &Field, node: &Node, faults: &mut Collector) -> Option<Listed> {
    let (len, values) = match node.get_ref() {
        DeValue::Array(_) => written_out(field, node, faults)?,
        DeValue::Table(table) => generator::read(field, table, node.span(), faults)?,
        _ => return scalar::read(field, node, faults).map(Listed::One),
    };
    Some(Listed::Many(List {
        len,
        values,
        span: node.span(),
    }))
}

fn written_out(field: &Field, node: &Node, faults: &mut Collector) -> Option<(u128, Vec<Value>)> {
    let nodes: Vec<&Node> = list(node, field.name(), faults)?;
    let len = nodes.len() as u128;
    if u128::from(MAX_TRIALS) < len {
        return Some((len, Vec::new()));
    }
    let read: Vec<(Option<Value>, Span)> = nodes
        .iter()
        .map(|node| (scalar::read(field, node, faults), node.span()))
        .collect();
    let values: Option<Vec<Value>> = read.iter().map(|(value, _)| *value).collect();
    no_repeats(
        field,
        read.into_iter()
            .filter_map(|(value, span)| Some((value?, span))),
        faults,
    );
    Some((len, values?))
}

/// A value that stands twice in a list is a slip: it would be the same trial twice.
fn no_repeats(field: &Field, values: impl Iterator<Item = (Value, Span)>, faults: &mut Collector) {
    let mut seen = BTreeMap::new();
    for (value, span) in values {
        let text = value.to_string();
        if seen.insert(text.clone(), ()).is_some() {
            faults.push(
                span,
                format!("`{}` lists {text} twice", field.name()),
                "stands in this list already",
            );
        }
    }
}
