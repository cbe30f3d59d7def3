//! The checks that need several keys of an arm at once.

use std::collections::BTreeSet;

use super::Span;
use super::arm::Draft;
use super::collector::Collector;
use crate::field::Field;
use crate::key_constraints::{self, Mismatch};

/// Keys with their places.
type Places = [(&'static str, Span)];

/// What does not go together in a trial of the arm: the first such trial for each key.
pub(super) fn check_mismatches(draft: &Draft, base: &Places, faults: &mut Collector) {
    let mut seen = BTreeSet::new();
    for trial in draft.arm.without_seeds() {
        for mismatch in key_constraints::mismatches(&trial) {
            if seen.insert(mismatch.path) {
                report(draft, base, mismatch, faults);
            }
        }
    }
}

fn report(draft: &Draft, base: &Places, mismatch: Mismatch, faults: &mut Collector) {
    let place = draft
        .spans
        .iter()
        .chain(base)
        .find(|(path, _)| *path == mismatch.path);
    let span = place.map_or(draft.span.clone(), |(_, span)| span.clone());
    faults.push_with_help(span, mismatch.message, mismatch.label, mismatch.help);
}

/// Reports keys that have no effect in any trial of any arm that they apply to.
pub(super) fn check_idle_keys(drafts: &[Draft], base: &Places, faults: &mut Collector) {
    for draft in drafts {
        for (path, span) in &draft.spans {
            check_idle_key(std::slice::from_ref(draft), path, span, faults);
        }
    }
    for (path, span) in base {
        check_idle_key(drafts, path, span, faults);
    }
}

fn check_idle_key(drafts: &[Draft], path: &'static str, span: &Span, faults: &mut Collector) {
    let Some(field) = Field::at(path).filter(|_| !drafts.is_empty()) else {
        return;
    };
    let decides = |draft: &Draft| {
        let mut trials = draft.arm.without_seeds();
        trials.any(|trial| field.get(&trial).is_some())
    };
    if !drafts.iter().any(decides) {
        let message = format!("`{}` has no effect here", field.name());
        faults.push_with_help(
            span.clone(),
            message,
            "unused key",
            key_constraints::missing_for(path),
        );
    }
}
