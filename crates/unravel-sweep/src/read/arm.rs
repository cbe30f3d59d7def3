//! One `[[arm]]`.

use super::collector::Collector;
use super::fields::{self, Found};
use super::list::{self, List, Listed};
use super::node::{Entry, Node, entries};
use super::{MAX_TRIALS, Span, objective, zip};
use crate::field::{Field, SEEDS, Value};
use crate::number::grouped;
use crate::objective::Family;
use crate::sweep::{Arm, Axis};
use crate::trial::Trial;

const KEYS: &[&str] = &["seeds", "objective", "model", "training", "zip"];

/// An arm whose own keys are right, with what the checks over several arms and keys need.
pub(super) struct Draft {
    pub(super) arm: Arm,
    pub(super) span: Span,
    /// The lists that multiply, the seeds among them: their names, lengths and places.
    pub(super) factors: Vec<Factor>,
    /// Where the keys are that stand in this arm.
    pub(super) spans: Vec<(&'static str, Span)>,
}

/// One list of the product that an arm is.
pub(super) struct Factor {
    pub(super) names: String,
    pub(super) len: u128,
    pub(super) span: Span,
}

/// The tables and keys of an arm as they stand in the text.
#[derive(Default)]
struct Parts<'a> {
    seeds: Option<Entry<'a>>,
    objective: Option<Entry<'a>>,
    zip: Option<Entry<'a>>,
    /// `[model]` and `[training]`.
    others: Vec<Entry<'a>>,
}

/// Reads an arm that overrides `base`; `None` where its faults leave nothing to check further.
pub(super) fn read(node: &Node, base: &Trial, faults: &mut Collector) -> Option<Draft> {
    let n_faults = faults.len();
    let arm_entry = Entry {
        key: "arm",
        key_span: node.span(),
        value: node,
    };
    let parts = parts(&arm_entry, faults)?;
    let seeds = read_seeds(parts.seeds.as_ref(), node.span(), faults);
    let (family, found) = read_keys(&parts, node.span(), faults);

    let mut template = base.clone();
    template.objective = (family?.start)();
    let spans: Vec<(&'static str, Span)> = found
        .iter()
        .map(|found| (found.field.path, found.key_span.clone()))
        .collect();
    let lists = apply_single_values(found, &mut template);
    // With a faulty key missing from the lists, what `zip` says of it would mislead.
    if parts.zip.is_some() && n_faults < faults.len() {
        return None;
    }
    let groups = zip::read(parts.zip.as_ref(), &lists, &spans, faults)?;
    let (axes, mut factors) = multiply(&lists, &groups, &mut template, faults);
    if n_faults < faults.len() {
        return None;
    }
    let seeds = seeds?;
    factors.push(Factor {
        names: "seeds".to_owned(),
        len: seeds.len,
        span: seeds.span,
    });
    let seeds = seeds.values.iter().filter_map(Value::as_count).collect();
    Some(Draft {
        arm: Arm {
            template,
            axes,
            seeds,
        },
        span: node.span(),
        factors,
        spans,
    })
}

/// The arm's family, and every key of objective, model and training in the order of the text.
fn read_keys(
    parts: &Parts,
    arm: Span,
    faults: &mut Collector,
) -> (Option<&'static Family>, Vec<Found>) {
    if parts.objective.is_none() {
        let help = "write objective.beta-vae = { beta = [1, 4] }";
        faults.push_with_help(
            arm,
            "this arm has no objective",
            "requires `objective`",
            help,
        );
    }
    let objective = parts
        .objective
        .as_ref()
        .and_then(|entry| objective::read(entry, faults));
    let (family, mut found) =
        objective.map_or((None, Vec::new()), |(family, keys)| (Some(family), keys));
    for entry in &parts.others {
        if let Some(table) = entry.table(&format!("{}.key = value", entry.key), faults) {
            found.extend(fields::read(
                table,
                entry.key,
                &format!("`{}`", entry.key),
                faults,
            ));
        }
    }
    found.sort_by_key(|found| found.key_span.start);
    (family, found)
}

fn parts<'a>(arm: &Entry<'a>, faults: &mut Collector) -> Option<Parts<'a>> {
    let mut parts = Parts::default();
    for entry in entries(arm.table("[[arm]]", faults)?) {
        match entry.key {
            "seeds" => parts.seeds = Some(entry),
            "objective" => parts.objective = Some(entry),
            "zip" => parts.zip = Some(entry),
            "model" | "training" => parts.others.push(entry),
            _ => faults.unknown_key(&entry, "[[arm]]", KEYS),
        }
    }
    Some(parts)
}

/// `seeds = n` is 0..n; without the key there is the one seed 0.
fn read_seeds(entry: Option<&Entry>, arm: Span, faults: &mut Collector) -> Option<List> {
    let Some(entry) = entry else {
        return Some(first_seeds(1, arm));
    };
    match list::read(&SEEDS, entry.value, faults)? {
        Listed::Many(list) => {
            list::check_repeats(&[(&SEEDS, &list)], faults);
            Some(list)
        }
        Listed::One(Value::Count(n)) if 0 < n => Some(first_seeds(n, entry.value.span())),
        Listed::One(_) => {
            let message = "`seeds` must be at least 1, or a list of seeds";
            let help = "write seeds = 1, or seeds = [0]";
            faults.push_with_help(entry.value.span(), message, "no seeds", help);
            None
        }
    }
}

/// 0..n; only counted where there are too many.
fn first_seeds(n: u64, span: Span) -> List {
    let values: Vec<Value> = (0..n)
        .take_while(|_| n <= MAX_TRIALS)
        .map(Value::Count)
        .collect();
    List {
        len: n.into(),
        places: vec![span.clone(); values.len()],
        values,
        span,
    }
}

/// Puts single values into the template; what is left are lists.
fn apply_single_values(found: Vec<Found>, template: &mut Trial) -> Vec<(&'static Field, List)> {
    let mut lists = Vec::new();
    for Found { field, listed, .. } in found {
        match listed {
            Listed::One(value) => field.set(template, value),
            Listed::Many(list) => lists.push((field, list)),
        }
    }
    lists
}

/// Lists that are tied become one axis, at the place of the first of them; a list of one value is that value.
fn multiply(
    lists: &[(&'static Field, List)],
    groups: &[Vec<usize>],
    template: &mut Trial,
    faults: &mut Collector,
) -> (Vec<Axis>, Vec<Factor>) {
    let mut axes = Vec::new();
    let mut factors = Vec::new();
    for (idx, (field, list)) in lists.iter().enumerate() {
        let group = groups
            .iter()
            .find(|group| group.contains(&idx))
            .map_or(vec![idx], Clone::clone);
        if group.iter().any(|&other| other < idx) {
            continue;
        }
        let tied: Vec<(&'static Field, &List)> = group
            .iter()
            .map(|&idx| (lists[idx].0, &lists[idx].1))
            .collect();
        if let ([value], 1) = (list.values.as_slice(), tied.len()) {
            field.set(template, *value);
            continue;
        }
        list::check_repeats(&tied, faults);
        let names: Vec<&str> = tied.iter().map(|(field, _)| field.path).collect();
        factors.push(Factor {
            names: names.join(" with "),
            len: list.len,
            span: list.span.clone(),
        });
        axes.push(Axis {
            fields: tied.iter().map(|(field, _)| *field).collect(),
            columns: tied.iter().map(|(_, list)| list.values.clone()).collect(),
        });
    }
    (axes, factors)
}

impl Draft {
    /// How many trials the arm has; `u128::MAX` for more than can be counted.
    pub(super) fn n_trials(&self) -> u128 {
        self.factors.iter().fold(1, |product: u128, factor| {
            product.saturating_mul(factor.len)
        })
    }

    /// `6 of objective.beta-vae.beta × 50 of seeds`.
    pub(super) fn product(&self) -> String {
        let factor = |factor: &Factor| format!("{} of {}", grouped(factor.len), factor.names);
        self.factors
            .iter()
            .map(factor)
            .collect::<Vec<_>>()
            .join(" × ")
    }
}
