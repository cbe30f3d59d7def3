//! `[[report.claim]]`.

use unravel_score::{Metric, Variant};

use super::Span;
use super::collector::Collector;
use super::node::{Entry, Node, entries};
use super::published::{missing, name, read_variant, required, table, text};
use super::tree::{list, string};
use crate::claim::{Claim, Claimed, Measure, Trend};
use crate::setting::settings;
use crate::sweep::Arm;

const KEYS: &[&str] = &[
    "source",
    "says",
    "of",
    "variant",
    "log",
    "family",
    "with-strength",
    "higher",
    "lower",
];
/// What `of` may be besides a metric.
const ELBO_PARTS: [&str; 2] = ["reconstruction-nats", "kl-nats"];

/// The groups of trials that a claim may name.
struct Groups {
    families: Vec<&'static str>,
    /// Titles of families and labels of settings.
    labels: Vec<String>,
}

impl Groups {
    fn of(arms: &[Arm]) -> Self {
        let trials: Vec<_> = arms.iter().flat_map(Arm::without_seeds).collect();
        let mut families = Vec::new();
        let mut labels = Vec::new();
        for arm in arms {
            let family = arm.family();
            if !families.contains(&family.name) {
                families.push(family.name);
                labels.push(family.title.to_owned());
            }
        }
        labels.extend(settings(&trials).into_iter().map(|setting| setting.label));
        Self { families, labels }
    }
}

/// Every table of the list; one that has a fault is left out, and the fault told.
pub(super) fn read(entry: &Entry, arms: &[Arm], faults: &mut Collector) -> Vec<Claim> {
    let groups = Groups::of(arms);
    let tables = list(entry.value, "claim", faults);
    let read = |node| read_one(node, &groups, faults);
    tables.into_iter().flatten().filter_map(read).collect()
}

fn read_one(node: &Node, groups: &Groups, faults: &mut Collector) -> Option<Claim> {
    let n_faults = faults.len();
    let (mut source, mut says, mut of, mut variant, mut log) = (None, None, None, None, None);
    let (mut family, mut trend, mut higher, mut lower) = (None, None, None, None);
    let labels: Vec<&str> = groups.labels.iter().map(String::as_str).collect();
    for inner in entries(table(node, "claim", faults)?) {
        match inner.key {
            "source" => source = text(&inner, faults),
            "says" => says = text(&inner, faults),
            "of" => of = name(&inner, "measure", &measures(), faults),
            "variant" => variant = read_variant(&inner, faults),
            "log" => log = text(&inner, faults),
            "family" => family = name(&inner, "family of this sweep", &groups.families, faults),
            "with-strength" => trend = read_trend(&inner, faults),
            "higher" => higher = name(&inner, "family or setting of this sweep", &labels, faults),
            "lower" => lower = name(&inner, "family or setting of this sweep", &labels, faults),
            _ => faults.unknown_key(&inner, "[[report.claim]]", KEYS),
        }
    }
    if n_faults < faults.len() {
        return None;
    }
    let span = node.span();
    Some(Claim {
        source: required(source, &span, "source", faults)?,
        says: required(says, &span, "says", faults)?,
        of: measure(of, variant, log, &span, faults)?,
        holds: relation((family, trend), (higher, lower), &span, faults)?,
    })
}

fn measures() -> Vec<&'static str> {
    ELBO_PARTS.into_iter().chain(Metric::NAMES).collect()
}

fn read_trend(entry: &Entry, faults: &mut Collector) -> Option<Trend> {
    let text = string(entry.value, entry.key, faults)?;
    let trend = Trend::from_name(text);
    if trend.is_none() {
        faults.unknown_name(entry.value.span(), "trend", text, Trend::NAMES);
    }
    trend
}

fn measure(
    of: Option<String>,
    variant: Option<Variant>,
    log: Option<String>,
    span: &Span,
    faults: &mut Collector,
) -> Option<Measure> {
    match (of, log) {
        (Some(_), Some(_)) => {
            let message = "a claim has one measure: `of` or `log`";
            faults.push(span.clone(), message, "both are given");
            None
        }
        (None, Some(term)) => Some(Measure::Log { term }),
        (Some(of), None) => match of.as_str() {
            "reconstruction-nats" => Some(Measure::ReconstructionNats),
            "kl-nats" => Some(Measure::KlNats),
            name => Metric::from_name(name).map(|metric| Measure::Metric { metric, variant }),
        },
        (None, None) => {
            missing(span.clone(), "of", faults);
            None
        }
    }
}

/// A trend or two groups, and nothing half.
fn relation(
    trend: (Option<String>, Option<Trend>),
    groups: (Option<String>, Option<String>),
    span: &Span,
    faults: &mut Collector,
) -> Option<Claimed> {
    match (trend, groups) {
        ((Some(family), Some(direction)), (None, None)) => {
            Some(Claimed::Trend { family, direction })
        }
        ((None, None), (Some(higher), Some(lower))) => Some(Claimed::Higher { higher, lower }),
        _ => {
            let message =
                "a claim requires either `family` and `with-strength`, or `higher` and `lower`";
            faults.push(span.clone(), message, "incomplete or both");
            None
        }
    }
}
