//! Faults as they are found.

use super::Span;
use super::nearest::nearest;
use super::node::{Entry, shown};
use crate::fault::Fault;
use crate::field::Field;

/// More faults than this are not worth reading.
const MAX_FAULTS: usize = 100;

/// Faults as they are found; the first [`MAX_FAULTS`] are kept.
#[derive(Default)]
pub(super) struct Collector {
    faults: Vec<Fault>,
}

impl Collector {
    pub(super) fn into_faults(self) -> Vec<Fault> {
        self.faults
    }

    /// How many faults there are so far.
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

    /// A key that its table does not have; `table` as in `[training]`.
    pub(super) fn unknown_key(&mut self, entry: &Entry, table: &str, known: &[&str]) {
        let help = match nearest(entry.key, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => match Field::all().find(|field| field.name() == entry.key) {
                Some(field) => format!("did you mean `{}`?", field.path),
                None => format!("the keys are {}", quoted(known)),
            },
        };
        let message = format!("unknown key `{}` in {table}", shown(entry.key));
        self.push_with_help(entry.key_span.clone(), message, "not a key here", help);
    }

    /// A name that is none of those that are known; `what` as in `metric`.
    pub(super) fn unknown_name(&mut self, span: Span, what: &str, name: &str, known: &[&str]) {
        let help = match nearest(name, known) {
            Some(near) => format!("did you mean \"{near}\"?"),
            None => format!("the names are {}", quoted(known)),
        };
        self.push_with_help(
            span,
            format!("unknown {what} \"{}\"", shown(name)),
            format!("not a known {what}"),
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

fn quoted(names: &[&str]) -> String {
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}
