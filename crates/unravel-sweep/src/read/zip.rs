//! `zip` of an arm: lists that go side by side instead of multiplying.

use toml::de::DeValue;

use super::Span;
use super::collector::Collector;
use super::list::List;
use super::node::{Entry, Node};
use super::tree::{list, string};
use crate::field::Field;
use crate::number::grouped;

const EXAMPLE: &str = "zip = [[\"objective.beta-vae.beta\", \"training.learning-rate\"]]";

/// Groups of lists, each as ascending places in `lists`; `None` where there is a fault.
pub(super) fn read(
    entry: Option<&Entry>,
    lists: &[(&'static Field, List)],
    given: &[(&'static str, Span)],
    faults: &mut Collector,
) -> Option<Vec<Vec<usize>>> {
    let Some(entry) = entry else {
        return Some(Vec::new());
    };
    let n_faults = faults.len();
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for node in list(entry.value, "zip", faults)? {
        let taken: Vec<usize> = groups.concat();
        if let Some(group) = read_group(node, &taken, lists, given, faults) {
            groups.push(group);
        }
    }
    (n_faults == faults.len()).then_some(groups)
}

fn read_group(
    node: &Node,
    taken: &[usize],
    lists: &[(&'static Field, List)],
    given: &[(&'static str, Span)],
    faults: &mut Collector,
) -> Option<Vec<usize>> {
    let DeValue::Array(keys) = node.get_ref() else {
        let message = "`zip` must be a list of groups of keys";
        faults.push_with_help(
            node.span(),
            message,
            "not a group",
            format!("write {EXAMPLE}"),
        );
        return None;
    };
    if keys.len() < 2 {
        faults.push_with_help(
            node.span(),
            "a group of `zip` ties at least two keys",
            "fewer than two",
            format!("write {EXAMPLE}"),
        );
        return None;
    }
    let mut group = Vec::new();
    for key in keys.iter() {
        let idx = find(key, lists, given, faults)?;
        if taken.contains(&idx) || group.contains(&idx) {
            let message = format!("`zip` names `{}` twice", lists[idx].0.path);
            faults.push(key.span(), message, "already tied");
            return None;
        }
        group.push(idx);
    }
    let lens: Vec<u128> = group.iter().map(|&idx| lists[idx].1.len).collect();
    if lens.iter().any(|&len| len != lens[0]) {
        let each: Vec<String> = group
            .iter()
            .map(|&idx| format!("`{}` has {}", lists[idx].0.path, grouped(lists[idx].1.len)))
            .collect();
        let message = format!(
            "lists that `zip` ties must have the same length, but {}",
            each.join(", ")
        );
        faults.push(node.span(), message, "different lengths");
        return None;
    }
    group.sort_unstable();
    Some(group)
}

/// How to make a key of the arm a list, with the keys that already are.
fn write_a_list(key: &str, known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|key| format!("`{key}`")).collect();
    let lists = match known.is_empty() {
        true => String::new(),
        false => format!("; the lists of this arm are {}", known.join(", ")),
    };
    format!("write {key} = [...] in this arm{lists}")
}

/// The place in `lists` of the list that this key names.
fn find(
    node: &Node,
    lists: &[(&'static Field, List)],
    given: &[(&'static str, Span)],
    faults: &mut Collector,
) -> Option<usize> {
    let key = string(node, "zip", faults)?;
    let idx = lists.iter().position(|(field, _)| field.path == key);
    if idx.is_some() {
        return idx;
    }
    let known: Vec<&str> = lists.iter().map(|(field, _)| field.path).collect();
    let is_given = given.iter().any(|&(path, _)| path == key);
    if is_given || Field::at(key).is_some() || key == "seeds" {
        let (message, label, help) = match key {
            "seeds" => (
                "`zip` names `seeds`, which it cannot tie".to_owned(),
                "every setting has all seeds",
                "remove it".to_owned(),
            ),
            _ => (
                format!("`zip` names `{key}`, which is not a list in this arm"),
                "not a list",
                write_a_list(key, &known),
            ),
        };
        faults.push_with_help(node.span(), message, label, help);
        return None;
    }
    if known.is_empty() {
        faults.push_with_help(
            node.span(),
            "`zip` has nothing to tie: no key of this arm is a list",
            "not a list in this arm",
            "remove `zip`, or write lists in this arm",
        );
    } else {
        faults.unknown_name(node.span(), "list of this arm", key, &known);
    }
    None
}
