//! The TOML tree, in the order of the text.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Span;
use super::collector::{Collector, shown};

/// A value with its place.
pub(super) type Node<'a> = Spanned<DeValue<'a>>;

/// A key with its value.
#[derive(Clone)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a str,
    pub(super) key_span: Span,
    pub(super) value: &'a Node<'a>,
}

/// The table's entries in the order of the text, which the tree itself does not keep.
pub(super) fn entries<'a>(table: &'a DeTable<'a>) -> Vec<Entry<'a>> {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| Entry {
            key: key.get_ref(),
            key_span: key.span(),
            value,
        })
        .collect();
    entries.sort_by_key(|entry| entry.key_span.start);
    entries
}

impl<'a> Entry<'a> {
    /// The value as a table; `example` shows what is meant where it is none.
    pub(super) fn table(&self, example: &str, faults: &mut Collector) -> Option<&'a DeTable<'a>> {
        if let DeValue::Table(table) = self.value.get_ref() {
            return Some(table);
        }
        faults.push_with_help(
            self.value.span(),
            format!(
                "`{}` must be a table, not {}",
                self.key,
                describe(self.value)
            ),
            "not a table",
            format!("write {example}"),
        );
        None
    }
}

/// A string; `what` is the key or, in a list, what each value is.
pub(super) fn string<'a>(
    node: &'a Node<'a>,
    what: &str,
    faults: &mut Collector,
) -> Option<&'a str> {
    if let DeValue::String(text) = node.get_ref() {
        return Some(text);
    }
    faults.push(
        node.span(),
        format!("`{what}` must be a string, not {}", describe(node)),
        "not a string",
    );
    None
}

/// The values of a list that is not empty.
pub(super) fn list<'a>(
    node: &'a Node<'a>,
    key: &str,
    faults: &mut Collector,
) -> Option<Vec<&'a Node<'a>>> {
    let DeValue::Array(values) = node.get_ref() else {
        faults.push(
            node.span(),
            format!("`{key}` must be a list, not {}", describe(node)),
            "not a list",
        );
        return None;
    };
    if values.is_empty() {
        faults.push(
            node.span(),
            format!("`{key}` is an empty list"),
            "needs at least one value",
        );
        return None;
    }
    Some(values.iter().collect())
}

/// The value for a message: `the string "ten"`.
pub(super) fn describe(node: &Node) -> String {
    match node.get_ref() {
        DeValue::String(text) => format!("the string \"{}\"", shown(text)),
        DeValue::Integer(integer) => integer.to_string(),
        DeValue::Float(float) => float.to_string(),
        DeValue::Boolean(boolean) => boolean.to_string(),
        DeValue::Datetime(datetime) => format!("the date {datetime}"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}
