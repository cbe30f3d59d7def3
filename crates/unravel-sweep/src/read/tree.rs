//! Reads nodes of a TOML tree as tables, strings and lists.

use toml::de::{DeTable, DeValue};

use super::collector::Collector;
use super::node::{Entry, Node, describe};

impl<'a> Entry<'a> {
    /// The value as a table; `example` shows what is meant where it is none.
    pub(super) fn table(&self, example: &str, faults: &mut Collector) -> Option<&'a DeTable<'a>> {
        if let DeValue::Table(table) = self.value.get_ref() {
            return Some(table);
        }
        faults.push_with_help(
            self.value.span(),
            format!(
                "`{}` must be a table, but is {}",
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
        format!("`{what}` must be a string, but is {}", describe(node)),
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
            format!("`{key}` must be a list, but is {}", describe(node)),
            "not a list",
        );
        return None;
    };
    if values.is_empty() {
        faults.push(
            node.span(),
            format!("`{key}` is an empty list"),
            "no values",
        );
        return None;
    }
    Some(values.iter().collect())
}
