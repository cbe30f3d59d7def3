//! The top of a sweep file: its format, its name, its tables.

use toml::de::{DeTable, DeValue};

use super::collector::Collector;
use super::node::{Entry, describe, entries};
use super::tree::string;
use super::{FORMAT_VERSION, arms, data, evaluation, fields};
use crate::evaluation::EvaluationConfig;
use crate::fault::Fault;
use crate::objective::Objective;
use crate::report::ReportConfig;
use crate::sweep::Sweep;
use crate::trial::Trial;

const KEYS: &[&str] = &[
    "format-version",
    "name",
    "data",
    "model",
    "training",
    "arm",
    "evaluation",
    "report",
];

/// Every part of the file, or every fault.
pub(super) fn read(document: &DeTable) -> Result<Sweep, Vec<Fault>> {
    let mut faults = Collector::default();
    let entries = entries(document);
    let find = |key: &str| entries.iter().find(|entry| entry.key == key);
    if !read_format(find("format-version"), &mut faults) {
        return Err(faults.into_faults());
    }
    for entry in &entries {
        if !KEYS.contains(&entry.key) {
            faults.unknown_key(entry, "the sweep", KEYS);
        }
    }
    let name = read_name(find("name"), &mut faults);
    // The objective is each arm's own; this one is never used.
    let mut base = Trial::new(Objective::beta_vae(1.0), 0);
    if let Some(data) = find("data").and_then(|entry| data::read(entry, &mut faults)) {
        base.data = data;
    }
    let mut spans = Vec::new();
    for entry in [find("model"), find("training")].into_iter().flatten() {
        fields::read_defaults(entry, &mut base, &mut spans, &mut faults);
    }
    let arms = arms::read(find("arm"), &base, &spans, &mut faults);
    let max_steps = arms
        .iter()
        .map(crate::sweep::Arm::max_steps)
        .max()
        .filter(|_| faults.is_empty());
    let evaluation =
        find("evaluation").map(|entry| evaluation::read(entry, max_steps, &mut faults));
    let report = find("report").map(|entry| evaluation::read_report(entry, &arms, &mut faults));
    match name {
        Some(name) if faults.is_empty() => Ok(Sweep {
            name,
            data: base.data,
            arms,
            evaluation: evaluation.unwrap_or_else(EvaluationConfig::default),
            report: report.unwrap_or_else(ReportConfig::default),
        }),
        _ => Err(faults.into_faults()),
    }
}

/// Whether the rest can be understood; only a version that is known to be another one says that it cannot.
fn read_format(entry: Option<&Entry>, faults: &mut Collector) -> bool {
    let help = format!("write format-version = {FORMAT_VERSION}");
    let Some(entry) = entry else {
        faults.push_with_help(
            0..0,
            "`format-version` is missing",
            "must be at the top",
            help,
        );
        return true;
    };
    let version = match entry.value.get_ref() {
        DeValue::Integer(integer) => u64::from_str_radix(integer.as_str(), integer.radix()).ok(),
        _ => None,
    };
    match version {
        Some(FORMAT_VERSION) => true,
        Some(newer) if FORMAT_VERSION < newer => {
            let message = format!(
                "unsupported `format-version` {newer}: this version of unravel supports {FORMAT_VERSION}"
            );
            faults.push_with_help(
                entry.value.span(),
                message,
                "unsupported format",
                format!("update unravel, or set format-version = {FORMAT_VERSION}"),
            );
            false
        }
        _ => {
            let message = format!(
                "`format-version` must be {FORMAT_VERSION}, but is {}",
                describe(entry.value)
            );
            faults.push_with_help(entry.value.span(), message, "invalid format version", help);
            true
        }
    }
}

/// A name that can stand in a path on any system.
fn read_name(entry: Option<&Entry>, faults: &mut Collector) -> Option<String> {
    let Some(entry) = entry else {
        faults.push_with_help(
            0..0,
            "`name` is missing",
            "must be at the top",
            "write name = \"my-sweep\"",
        );
        return None;
    };
    let name = string(entry.value, "name", faults)?;
    if is_slug(name) {
        return Some(name.to_owned());
    }
    let message = "`name` must have 1 to 64 characters from A-Z, a-z, 0-9, `-`, `_` and `.`; it must start with a letter or \
                   digit and must not end with `.`";
    let help = format!(
        "the report's folder has this name; write name = \"{}\"",
        to_slug(name)
    );
    faults.push_with_help(entry.value.span(), message, "invalid name", help);
    None
}

fn is_slug(name: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric();
    name.len() <= 64
        && name.starts_with(is_letter)
        && name.ends_with(|c| c != '.')
        && name.chars().all(|c| is_letter(c) || "-_.".contains(c))
}

/// A name like this one that can stand in a path.
fn to_slug(name: &str) -> String {
    let letters: String = name
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(64)
        .collect();
    let words: Vec<&str> = letters.split('-').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        "my-sweep".to_owned()
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::{is_slug, to_slug};

    #[test]
    fn names_that_leave_their_folder_are_refused() {
        for good in ["beta-gamma", "2018_run.v2", "A"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in [
            "",
            ".",
            "..",
            "../up",
            "a/b",
            "a\\b",
            "-dash",
            "two words",
            "β-vae",
            "dot.",
        ] {
            assert!(!is_slug(bad), "{bad}");
            assert!(is_slug(&to_slug(bad)), "{bad}");
        }
        assert!(!is_slug(&"a".repeat(65)));
    }
}
