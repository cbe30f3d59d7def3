//! The nodes of a TOML tree, in the order of the text, and how messages show them.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Span;

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

/// A text out of the file as it may stand in a message: not too long, and without control characters.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    let more = if short.len() < text.len() { "…" } else { "" };
    format!("{}{more}", short.escape_debug())
}
