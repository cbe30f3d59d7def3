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
            let message = format!("`{}` stands in `zip` twice", lists[idx].0.path);
            faults.push(key.span(), message, "tied already");
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
            "lists that `zip` ties must be of one length, but {}",
            each.join(", ")
        );
        faults.push(node.span(), message, "of different lengths");
        return None;
    }
    group.sort_unstable();
    Some(group)
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
    if given.iter().any(|&(path, _)| path == key) || key == "seeds" {
        let message = format!("`zip` cannot tie `{key}`");
        let (label, help) = if key == "seeds" {
            ("seeds are for every setting", "leave it out")
        } else {
            ("not a list in this arm", "give it a list")
        };
        faults.push_with_help(node.span(), message, label, help);
        return None;
    }
    let known: Vec<&str> = lists.iter().map(|(field, _)| field.path).collect();
    if known.is_empty() {
        faults.push(
            node.span(),
            "`zip` has nothing to tie: no key of this arm is a list",
            "not a list in this arm",
        );
    } else {
        faults.unknown_name(node.span(), "list of this arm", key, &known);
    }
    None
}
