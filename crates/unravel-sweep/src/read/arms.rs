//! Every `[[arm]]`, and the checks that need several keys or several arms.

use std::collections::BTreeMap;

use toml::de::DeValue;

use super::arm::{self, Draft};
use super::collector::Collector;
use super::node::{Entry, describe};
use super::{MAX_TRIALS, Span, constraints};
use crate::number::grouped;
use crate::sweep::Arm;
use crate::trial::Trial;

const EXAMPLE: &str = "write [[arm]] and, below it, objective.beta-vae = { beta = [1, 4] }";

/// Every arm; those that have faults are left out.
pub(super) fn read(
    entry: Option<&Entry>,
    base: &Trial,
    base_spans: &[(&'static str, Span)],
    faults: &mut Collector,
) -> Vec<Arm> {
    let Some(entry) = entry else {
        faults.push_with_help(
            0..0,
            "this sweep has no [[arm]]",
            "a sweep requires at least one [[arm]]",
            EXAMPLE,
        );
        return Vec::new();
    };
    let nodes = match entry.value.get_ref() {
        DeValue::Array(nodes) if !nodes.is_empty() => nodes,
        _ => {
            let message = format!(
                "`arm` must be written [[arm]], once for each arm, not as {}",
                describe(entry.value)
            );
            faults.push_with_help(entry.key_span.clone(), message, "not [[arm]]", EXAMPLE);
            return Vec::new();
        }
    };
    let drafts: Vec<Draft> = nodes
        .iter()
        .filter_map(|node| arm::read(node, base, faults))
        .collect();
    if check_total(&drafts, faults) {
        for draft in &drafts {
            constraints::check_mismatches(draft, base_spans, faults);
        }
        constraints::check_idle_keys(&drafts, base_spans, faults);
        check_repeats(&drafts, faults);
    }
    drafts.into_iter().map(|draft| draft.arm).collect()
}

/// Whether the sweep is small enough to be expanded; counted without expanding it.
fn check_total(drafts: &[Draft], faults: &mut Collector) -> bool {
    let total = drafts
        .iter()
        .fold(0, |sum: u128, draft| sum.saturating_add(draft.n_trials()));
    if total <= MAX_TRIALS.into() {
        return true;
    }
    let largest = drafts.iter().max_by_key(|draft| draft.n_trials());
    let longest = largest.and_then(|draft| draft.factors.iter().max_by_key(|factor| factor.len));
    let (Some(draft), Some(factor)) = (largest, longest) else {
        return true;
    };
    let counted = if total == u128::MAX {
        "more trials than can be counted".to_owned()
    } else {
        format!("{} trials", grouped(total))
    };
    let message = format!(
        "this sweep has {counted}, but at most {} are allowed",
        grouped(MAX_TRIALS.into())
    );
    let help = format!(
        "an arm has every combination of its lists, here {}; shorten a list, tie lists with `zip`, or split the sweep",
        draft.product()
    );
    faults.push_with_help(
        factor.span.clone(),
        message,
        format!("{} values", grouped(factor.len)),
        help,
    );
    false
}

/// Reports arms that are equal.
fn check_repeats(drafts: &[Draft], faults: &mut Collector) {
    let mut seen = BTreeMap::new();
    for (idx, draft) in drafts.iter().enumerate() {
        // A hash keeps this linear in memory and time however many arms a file has.
        let hash = blake3::hash(format!("{:?}", draft.arm).as_bytes());
        let first = *seen.entry(*hash.as_bytes()).or_insert(idx);
        if first != idx {
            let message = format!("arm {} is the same as arm {}", idx + 1, first + 1);
            let help = "remove one of them, or change its keys";
            faults.push_with_help(draft.span.clone(), message, "duplicate arm", help);
        }
    }
}
