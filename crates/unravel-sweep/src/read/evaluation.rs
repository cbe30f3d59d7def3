//! `[evaluation]` and `[report]`.

use unravel_score::{Metric, Representation, Variant};

use super::claim;
use super::collector::Collector;
use super::list::{self, Listed};
use super::node::{Entry, entries};
use super::numbers::count;
use super::published;
use super::tree::{list as nodes, string};
use crate::evaluation::EvaluationConfig;
use crate::field::{AT, Value};
use crate::number::grouped;
use crate::report::{FIGURES, ReportConfig};
use crate::sweep::Arm;

const KEYS: &[&str] = &["metrics", "variants", "representations", "seeds", "at"];

/// More evaluation seeds than this take longer than any training.
const MAX_SEEDS: u64 = 1_000;

/// Each step in `at` is a pass over the whole grid for every trial.
const MAX_AT: u128 = 1_000;

/// `[evaluation]`; `max_steps` is the length of the longest trial, where it is known.
pub(super) fn read(
    entry: &Entry,
    max_steps: Option<u64>,
    faults: &mut Collector,
) -> EvaluationConfig {
    let mut config = EvaluationConfig::default();
    let Some(table) = entry.table("an [evaluation] table", faults) else {
        return config;
    };
    for inner in entries(table) {
        match inner.key {
            "metrics" => {
                let names = names(&inner, "metric", &Metric::NAMES, faults);
                config.metrics = known(&names, Metric::from_name);
            }
            "variants" => {
                let names = names(&inner, "variant", Variant::NAMES, faults);
                config.variants = known(&names, Variant::from_name);
            }
            "representations" => {
                let names = names(&inner, "representation", Representation::NAMES, faults);
                config.representations = known(&names, Representation::from_name);
            }
            "seeds" => {
                if let Some(seeds) = count(inner.value, "seeds", 1, MAX_SEEDS, faults) {
                    config.seeds = seeds;
                }
            }
            "at" => config.at = read_at(&inner, max_steps, faults),
            _ => faults.unknown_key(&inner, "[evaluation]", KEYS),
        }
    }
    config
}

/// `[report]`.
pub(super) fn read_report(entry: &Entry, arms: &[Arm], faults: &mut Collector) -> ReportConfig {
    let mut config = ReportConfig::default();
    let Some(table) = entry.table("a [report] table", faults) else {
        return config;
    };
    for inner in entries(table) {
        match inner.key {
            "figures" => config.figures = names(&inner, "figure", FIGURES, faults),
            "published" => config.published = published::read(&inner, faults),
            // Of arms with faults it is not known what they are called.
            "claim" if faults.is_empty() => config.claims = claim::read(&inner, arms, faults),
            "claim" => {}
            _ => faults.unknown_key(&inner, "[report]", &["figures", "published", "claim"]),
        }
    }
    config
}

/// Steps at which scores are taken, ascending.
fn read_at(entry: &Entry, max_steps: Option<u64>, faults: &mut Collector) -> Vec<u64> {
    let values = match list::read(&AT, entry.value, faults) {
        Some(Listed::Many(list)) if list.len <= MAX_AT => {
            list::check_repeats(&[(&AT, &list)], faults);
            list.values
        }
        Some(Listed::Many(list)) => {
            let message = format!(
                "`at` has {} steps, but at most {MAX_AT} are allowed",
                grouped(list.len)
            );
            faults.push(list.span, message, "too many steps");
            return Vec::new();
        }
        Some(Listed::One(value)) => {
            let help = format!("write at = [{value}]");
            faults.push_with_help(
                entry.value.span(),
                "`at` must be a list of steps",
                "not a list",
                help,
            );
            return Vec::new();
        }
        None => return Vec::new(),
    };
    let mut steps: Vec<u64> = values.iter().filter_map(Value::as_count).collect();
    steps.sort_unstable();
    if let (Some(&last), Some(max)) = (steps.last(), max_steps)
        && max < last
    {
        let message = format!(
            "`at` contains step {}, but the longest trial has {} steps",
            grouped(last.into()),
            grouped(max.into())
        );
        faults.push_with_help(
            entry.value.span(),
            message,
            "after the last step",
            "remove the step, or increase `training.steps`",
        );
    }
    steps
}

/// What these names stand for.
fn known<T>(names: &[String], from_name: fn(&str) -> Option<T>) -> Vec<T> {
    names.iter().filter_map(|name| from_name(name)).collect()
}

/// Names out of a list of known ones, none of them twice.
fn names(entry: &Entry, what: &str, known: &[&str], faults: &mut Collector) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for node in nodes(entry.value, entry.key, faults).into_iter().flatten() {
        let Some(name) = string(node, entry.key, faults) else {
            continue;
        };
        if !known.contains(&name) {
            faults.unknown_name(node.span(), what, name, known);
        } else if names.iter().any(|earlier| earlier == name) {
            let message = format!("`{}` lists \"{name}\" twice", entry.key);
            faults.push(node.span(), message, "duplicate value");
        } else {
            names.push(name.to_owned());
        }
    }
    names
}
