//! What a key of an arm holds: one value, or a list of them, written out or short.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::collector::Collector;
use super::node::Node;
use super::tree::list;
use super::{MAX_TRIALS, Span, generator, scalar, weight_schedule};
use crate::field::{Field, Value};

/// What a key of an arm holds.
pub(super) enum Listed {
    /// One value.
    One(Value),
    /// A list.
    Many(List),
}

/// A list of values, at least one.
#[derive(Clone, Debug)]
pub(super) struct List {
    /// How many there are.
    pub(super) len: u128,
    /// The values; empty where there are more than [`MAX_TRIALS`], which no sweep may have.
    pub(super) values: Vec<Value>,
    /// The place of each value: its own where it is written out.
    pub(super) places: Vec<Span>,
    /// The place of the whole.
    pub(super) span: Span,
}

/// A value or a list of them; whether it repeats a value is for [`check_repeats`].
pub(super) fn read(field: &Field, node: &Node, faults: &mut Collector) -> Option<Listed> {
    let span = node.span();
    let list = match node.get_ref() {
        DeValue::Array(_) => written_out(field, node, faults)?,
        DeValue::Table(table) if weight_schedule::is_meant(field, table) => {
            return scalar::read(field, node, faults).map(Listed::One);
        }
        DeValue::Table(table) => {
            let (len, values) = generator::read(field, table, span.clone(), faults)?;
            List {
                len,
                places: vec![span.clone(); values.len()],
                values,
                span,
            }
        }
        _ => return scalar::read(field, node, faults).map(Listed::One),
    };
    Some(Listed::Many(list))
}

fn written_out(field: &Field, node: &Node, faults: &mut Collector) -> Option<List> {
    let nodes: Vec<&Node> = list(node, field.name(), faults)?;
    let (len, span) = (nodes.len() as u128, node.span());
    if u128::from(MAX_TRIALS) < len {
        return Some(List {
            len,
            values: Vec::new(),
            places: Vec::new(),
            span,
        });
    }
    let read: Vec<Option<Value>> = nodes
        .iter()
        .map(|node| scalar::read(field, node, faults))
        .collect();
    let values: Option<Vec<Value>> = read.into_iter().collect();
    Some(List {
        len,
        values: values?,
        places: nodes.iter().map(|node| node.span()).collect(),
        span,
    })
}

/// Reports a value that a list contains twice, or a row that tied lists contain twice: both would be the same trial.
pub(super) fn check_repeats(tied: &[(&Field, &List)], faults: &mut Collector) {
    let Some((_, first)) = tied.first() else {
        return;
    };
    let mut seen = BTreeSet::new();
    for (idx, place) in first.places.iter().enumerate() {
        let row: Vec<String> = tied
            .iter()
            .map(|(_, list)| list.values[idx].to_string())
            .collect();
        let row = row.join(" with ");
        if !seen.insert(row.clone()) {
            let names: Vec<&str> = tied.iter().map(|(field, _)| field.name()).collect();
            let message = format!("`{}` lists {row} twice", names.join("` with `"));
            faults.push(place.clone(), message, "duplicate value");
            return;
        }
    }
}
