//! The keys of a table that the field table knows: `[model]`, `[training]`, an objective.

use toml::de::{DeTable, DeValue};

use super::Span;
use super::collector::Collector;
use super::list::{self, Listed};
use super::node::{Entry, entries};
use crate::field::Field;
use crate::trial::Trial;

/// A key that stands in the text, with what it holds.
pub(super) struct Found {
    pub(super) field: &'static Field,
    pub(super) key_span: Span,
    pub(super) listed: Listed,
}

/// Every key below `path`; `title` is how messages name the table.
pub(super) fn read(table: &DeTable, path: &str, title: &str, faults: &mut Collector) -> Vec<Found> {
    entries(table)
        .iter()
        .flat_map(|entry| read_entry(entry, path, title, faults))
        .collect()
}

fn read_entry(entry: &Entry, path: &str, title: &str, faults: &mut Collector) -> Vec<Found> {
    let entry_path = format!("{path}.{}", entry.key);
    if let Some(field) = Field::at(&entry_path) {
        let listed = list::read(field, entry.value, faults);
        let key_span = entry.key_span.clone();
        return listed
            .map(|listed| Found {
                field,
                key_span,
                listed,
            })
            .into_iter()
            .collect();
    }
    let known = keys_below(path);
    if !known.contains(&entry.key) {
        faults.unknown_key(entry, title, &known);
        return Vec::new();
    }
    match entry.table(&format!("{} = {{ key = value }}", entry.key), faults) {
        Some(inner) => read(inner, &entry_path, &format!("`{entry_path}`"), faults),
        None => Vec::new(),
    }
}

/// The keys and tables directly below this path.
fn keys_below(path: &str) -> Vec<&'static str> {
    let mut keys: Vec<&'static str> = Field::all()
        .filter_map(|field| {
            field
                .path
                .strip_prefix(path)?
                .strip_prefix('.')?
                .split('.')
                .next()
        })
        .collect();
    keys.dedup();
    keys
}

/// The values of `[model]` or `[training]` at the top of the file, put into `base`, where lists have no place.
pub(super) fn read_defaults(
    entry: &Entry,
    base: &mut Trial,
    spans: &mut Vec<(&'static str, Span)>,
    faults: &mut Collector,
) {
    let Some(table) = entry.table(&format!("a [{}] table", entry.key), faults) else {
        return;
    };
    for inner in entries(table) {
        let path = format!("{}.{}", entry.key, inner.key);
        if let (Some(_), DeValue::Array(_) | DeValue::Table(_)) =
            (Field::at(&path), inner.value.get_ref())
        {
            let message = format!("`{}` must be one value here", inner.key);
            let help = format!("lists belong in an arm: `{path} = [..]` below [[arm]]");
            faults.push_with_help(inner.value.span(), message, "not one value", help);
            continue;
        }
        for found in read_entry(&inner, entry.key, &format!("[{}]", entry.key), faults) {
            if let Listed::One(value) = found.listed {
                found.field.set(base, value);
                spans.push((found.field.path, found.key_span));
            }
        }
    }
}
