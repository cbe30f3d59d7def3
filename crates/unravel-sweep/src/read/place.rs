//! Where something stands in a sweep file, for faults that only its data brings to light.

use toml::de::{DeTable, DeValue};

use super::Span;
use super::node::{Node, entries};

/// The place, in bytes, of the first value of `key` in any table of the text; with a `name`, of that name where the key
/// has it as its value or in its list.
pub fn span_of(text: &str, key: &str, name: Option<&str>) -> Option<Span> {
    let (document, _) = DeTable::parse_recoverable(text);
    in_table(document.get_ref(), key, name)
}

fn in_table(table: &DeTable, key: &str, name: Option<&str>) -> Option<Span> {
    entries(table).into_iter().find_map(|entry| {
        let here = (entry.key == key).then(|| named(entry.value, name));
        here.flatten().or_else(|| below(entry.value, key, name))
    })
}

/// The place of the value, or of the name in it.
fn named(value: &Node, name: Option<&str>) -> Option<Span> {
    let Some(name) = name else {
        return Some(value.span());
    };
    let is_name = |node: &Node| matches!(node.get_ref(), DeValue::String(text) if *text == name);
    match value.get_ref() {
        DeValue::Array(values) => values.iter().find(|value| is_name(value)).map(Node::span),
        _ => is_name(value).then(|| value.span()),
    }
}

fn below(value: &Node, key: &str, name: Option<&str>) -> Option<Span> {
    match value.get_ref() {
        DeValue::Table(table) => in_table(table, key, name),
        DeValue::Array(values) => values.iter().find_map(|value| below(value, key, name)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::span_of;

    #[test]
    fn keys_and_names_are_found_wherever_they_stand() {
        let text = r#"
model.architecture = "conv-small"
[[arm]]
objective.vae = {}
[[arm]]
objective.beta-tc-vae = { beta = 2, estimator = ["weighted", "stratified"] }
[evaluation]
metrics = ["mig", "dci"]
"#;
        let found = |key, name| span_of(text, key, name).map(|span| &text[span]);
        assert_eq!(found("architecture", None), Some("\"conv-small\""));
        assert_eq!(
            found("estimator", Some("stratified")),
            Some("\"stratified\"")
        );
        assert_eq!(found("metrics", Some("dci")), Some("\"dci\""));
        assert_eq!(found("metrics", Some("sap")), None);
        assert_eq!(found("keep", None), None);
    }
}
