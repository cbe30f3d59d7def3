//! `objective.<family>` of an arm.

use super::collector::Collector;
use super::fields::{self, Found};
use super::node::shown;
use super::node::{Entry, entries};
use crate::objective::Family;

/// The arm's family, and the keys that are given.
pub(super) fn read(entry: &Entry, faults: &mut Collector) -> Option<(&'static Family, Vec<Found>)> {
    let names: Vec<&str> = Family::ALL.iter().map(|family| family.name).collect();
    let example = "objective.beta-vae = { beta = [1, 4] }";
    let choices = entries(entry.table(example, faults)?);
    if let Some(second) = choices.get(1) {
        let message = format!(
            "an arm has one objective, but this one has both `{}` and `{}`",
            shown(choices[0].key),
            shown(second.key)
        );
        let help = "write a separate [[arm]] for each";
        faults.push_with_help(second.key_span.clone(), message, "a second objective", help);
        return None;
    }
    let Some(choice) = choices.first() else {
        faults.push_with_help(
            entry.value.span(),
            "`objective` is empty",
            "no objective",
            format!("write {example}"),
        );
        return None;
    };
    let Some(family) = Family::ALL.iter().find(|family| family.name == choice.key) else {
        faults.unknown_name(choice.key_span.clone(), "objective", choice.key, &names);
        return None;
    };
    let strength = family.strength_name;
    let example = match family.needs_strength {
        true => format!("objective.{} = {{ {strength} = [1, 4] }}", family.name),
        false => format!("objective.{} = {{}}", family.name),
    };
    let table = choice.table(&example, faults)?;
    let path = format!("objective.{}", family.name);
    let found = fields::read(table, &path, &format!("`{path}`"), faults);
    if family.needs_strength && !entries(table).iter().any(|entry| entry.key == strength) {
        let message = format!("`{path}` requires `{strength}`");
        let help = format!("write {example}");
        faults.push_with_help(
            choice.key_span.clone(),
            message,
            format!("no `{strength}`"),
            help,
        );
    }
    Some((family, found))
}
