//! Checks that `docs/metrics.md` agrees with the catalogue and with the header of each metric's file. After a change,
//! `UNRAVEL_WRITE_DOCS=1 cargo test --release -p unravel --test metrics_doc` writes the file again.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use unravel_metrics::{CONDITIONS, Condition, Extent, MetricExt, Quantity};
use unravel_score::{Cost, Direction, Metric, Variant};

/// Everything below this line is generated.
const MARK: &str = "<!-- Generated: see tests/metrics_doc.rs -->\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Two tests write the page, so each holds this lock while it reads and writes.
fn lock_page() -> MutexGuard<'static, ()> {
    static PAGE: Mutex<()> = Mutex::new(());
    PAGE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[test]
fn every_metric_is_documented_as_it_is_computed() {
    let _page = lock_page();
    let path = root().join("docs/metrics.md");
    let found = fs::read_to_string(&path).unwrap();
    let (by_hand, generated) = found.split_once(MARK).expect("the mark is there");
    let expected = sections();
    if std::env::var_os("UNRAVEL_WRITE_DOCS").is_some() {
        fs::write(&path, format!("{by_hand}{MARK}{expected}")).unwrap();
        return;
    }
    for (found, expected) in generated.lines().zip(expected.lines()) {
        assert_eq!(found, expected, "docs/metrics.md is out of date");
    }
    assert_eq!(
        generated.len(),
        expected.len(),
        "docs/metrics.md is out of date"
    );
}

/// The text before and after the table of conditions.
const BEFORE_CONDITIONS: &str = "| --- | --- | --- | --- |\n";
const AFTER_CONDITIONS: &str = "\n## List of metrics\n";

#[test]
fn every_condition_is_documented_as_it_is_noted() {
    let _page = lock_page();
    let path = root().join("docs/metrics.md");
    let found = fs::read_to_string(&path).unwrap();
    let (before, rest) = found
        .split_once(BEFORE_CONDITIONS)
        .expect("the table is there");
    let (table, after) = rest.split_once(AFTER_CONDITIONS).expect("and the list");
    let row = |condition: &Condition| {
        let Condition {
            name,
            when,
            effect,
            remedy,
            ..
        } = condition;
        format!("| `{name}` | {when} | {effect} | {remedy} |\n")
    };
    let expected: String = CONDITIONS.iter().map(row).collect();
    if std::env::var_os("UNRAVEL_WRITE_DOCS").is_some() {
        let text = [
            before,
            BEFORE_CONDITIONS,
            &expected,
            AFTER_CONDITIONS,
            after,
        ]
        .concat();
        fs::write(&path, text).unwrap();
        return;
    }
    assert_eq!(table, expected, "docs/metrics.md is out of date");
}

#[test]
fn the_sweep_files_reference_names_every_metric_and_variant() {
    let text = fs::read_to_string(root().join("docs/sweep-file.md")).unwrap();
    let row = |key: &str| {
        let start = format!("| `{key}` |");
        text.lines()
            .find(|line| line.starts_with(&start))
            .unwrap()
            .to_owned()
    };
    for metric in Metric::ALL {
        assert!(row("metrics").contains(&format!("`{}`", metric.name())));
    }
    for &variant in Variant::ALL {
        assert!(row("variants").contains(&format!("`{}`", variant.name())));
    }
}

/// A table of all metrics, then one section per metric.
fn sections() -> String {
    let mut text = String::from("\n| metric | variants | headline | range | better | cost |\n");
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for metric in Metric::ALL {
        let (name, title, headline) = (metric.name(), metric.title(), metric.quantities()[0]);
        let variants = metric.variants().iter().map(|variant| {
            let cost = match metric.cost(*variant, &Extent::dsprites()) {
                Cost::Moments => "",
                Cost::Seconds => "\u{a0}◷",
            };
            format!("{}{cost}", variant.name())
        });
        let variants = variants.collect::<Vec<_>>().join(", ");
        let Quantity { name: quantity, .. } = headline;
        let _ = writeln!(
            text,
            "| [{title}](#{name}) | {variants} | `{quantity}` | {} | {} | {} |",
            range(headline),
            better(headline),
            cost(metric)
        );
    }
    Metric::ALL
        .into_iter()
        .for_each(|metric| section(&mut text, metric));
    text
}

fn section(text: &mut String, metric: Metric) {
    let definition = metric.definition();
    let _ = write!(text, "\n## {}\n\n", metric.name());
    text.push_str(&head(metric));
    text.push_str("\n| quantity | range | better | description |\n| --- | --- | --- | --- |\n");
    for quantity in definition.quantities {
        let (name, line) = (quantity.name, quantity.one_line);
        let _ = writeln!(
            text,
            "| `{name}` | {} | {} | {line} |",
            range(*quantity),
            better(*quantity)
        );
    }
    let _ = writeln!(text, "\nVariants: {}. {}", variants(metric), needs(metric));
}

/// The header of the metric's file, without links to code.
fn head(metric: Metric) -> String {
    let file = format!("{}.rs", metric.name().replace('-', "_"));
    let path = root().join("crates/unravel-metrics/src/metrics").join(file);
    let source = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    let text: String = lines
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect();
    without_links(&text)
}

/// Replaces the rustdoc links `[`x`](y)` and `[`x`]` by `x`.
fn without_links(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("[`") {
        let Some(length) = rest[at..].find("`]") else {
            break;
        };
        out.push_str(&rest[..at]);
        out.push_str(&rest[at + 1..at + length + 1]);
        rest = &rest[at + length + 2..];
        if let Some(link) = rest.strip_prefix('(') {
            rest = link.split_once(')').map_or("", |(_, after)| after);
        }
    }
    out + rest
}

fn range(quantity: Quantity) -> String {
    let end = |value: f64, infinite: &str| match value.is_finite() {
        true => value.to_string(),
        false => infinite.to_owned(),
    };
    let [lo, hi] = quantity.range;
    match (lo.is_finite(), hi.is_finite()) {
        (true, false) => format!("{lo} or more"),
        (false, false) => "any".to_owned(),
        _ => format!("{} to {}", end(lo, "-∞"), end(hi, "∞")),
    }
}

fn better(quantity: Quantity) -> &'static str {
    match quantity.direction {
        Direction::HigherIsBetter => "higher",
        Direction::LowerIsBetter => "lower",
        Direction::Neither => "neither",
    }
}

/// `study` and `lin-2020` (with evaluation seeds), and `exact` (without).
fn variants(metric: Metric) -> String {
    let of = |is_sampled: bool, which: &str| {
        let variants = metric.variants().iter();
        let names = variants.filter(|variant| variant.is_sampled() == is_sampled);
        let names: Vec<String> = names
            .map(|variant| format!("`{}`", variant.name()))
            .collect();
        (!names.is_empty()).then(|| format!("{} ({which})", listed(&names)))
    };
    let groups = [
        of(true, "with evaluation seeds"),
        of(false, "without evaluation seeds"),
    ];
    groups.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// `a, b and c`.
fn listed(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The cost of the slowest variant.
fn cost(metric: Metric) -> &'static str {
    let costs = metric
        .variants()
        .iter()
        .map(|variant| metric.cost(*variant, &Extent::dsprites()));
    match costs.max() {
        Some(Cost::Seconds) => "slow",
        Some(Cost::Moments) | None => "fast",
    }
}

fn needs(metric: Metric) -> String {
    let needs = metric.needs();
    let mut parts = Vec::new();
    match needs.n_varying {
        0 => {}
        1 => parts.push("at least 1 factor that varies".to_owned()),
        n => parts.push(format!("at least {n} factors that vary")),
    }
    parts.push(format!("at least {} points", needs.n_points));
    if needs.posteriors {
        parts.push("log variances beside the codes".to_owned());
    }
    if needs.several_trials {
        parts.push("several trials that differ only in their seed".to_owned());
    }
    if needs.matching_points {
        parts.push("several points with the same value of a factor".to_owned());
    }
    format!("Requires {}.", listed(&parts))
}
