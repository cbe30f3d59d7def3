//! Collects the faults of a sweep file.

use super::Span;
use super::nearest::nearest;
use super::node::{Entry, shown};
use crate::fault::Fault;
use crate::field::Field;

/// The most faults that are reported.
const MAX_FAULTS: usize = 100;

/// The faults found so far; at most the first [`MAX_FAULTS`].
#[derive(Default)]
pub(super) struct Collector {
    faults: Vec<Fault>,
}

impl Collector {
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// The number of faults so far.
    pub(super) fn len(&self) -> usize {
        self.faults.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn push(
        &mut self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) {
        self.add(span, message.into(), label.into(), None);
    }

    pub(super) fn push_with_help(
        &mut self,
        span: Span,
        message: impl Into<String>,
        label: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(span, message.into(), label.into(), Some(help.into()));
    }

    /// Reports a key that its table does not have; `table` names the table, such as `[training]`.
    pub(super) fn unknown_key(&mut self, entry: &Entry, table: &str, known: &[&str]) {
        let help = match nearest(entry.key, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => keys_and_owners(entry.key, table, known),
        };
        let message = format!("unknown key `{}` in {table}", shown(entry.key));
        self.push_with_help(entry.key_span.clone(), message, "unknown key", help);
    }

    /// Reports a name that is not in `known`; `what` is what it names, such as `metric`.
    pub(super) fn unknown_name(&mut self, span: Span, what: &str, name: &str, known: &[&str]) {
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("the known names are {}", quoted(known)),
        };
        self.push_with_help(
            span,
            format!("unknown {what} \"{}\"", shown(name)),
            format!("unknown {what}"),
            help,
        );
    }

    fn add(&mut self, span: Span, message: String, label: String, help: Option<String>) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault {
                message,
                span,
                label,
                help,
            });
        }
    }
}

/// The keys of a table, and the tables that have this key instead.
fn keys_and_owners(key: &str, table: &str, known: &[&str]) -> String {
    let mut owners: Vec<&str> = Field::all()
        .filter(|field| field.name() == key)
        .filter_map(|field| Some(field.path.rsplit_once('.')?.0))
        .collect();
    owners.dedup();
    // An objective's keys are not suggested in another objective: the objective would have to change.
    let is_shared = |owner: &&&str| !owner.starts_with("objective.");
    if let Some(owner) = owners.iter().find(is_shared) {
        return format!("did you mean `{owner}.{key}`?");
    }
    let keys = match known {
        [] => format!("{table} has no keys"),
        [key] => format!("the only key of {table} is `{key}`"),
        _ => format!("the keys of {table} are {}", quoted(known)),
    };
    match owners.is_empty() {
        true => keys,
        false => format!("{keys}; `{key}` is a key of {}", quoted(&owners)),
    }
}

fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
