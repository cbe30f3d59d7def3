//! Sweep text to [`Sweep`]: the TOML tree is walked by hand, so that every fault has its place and all are found at
//! once.

use std::ops::Range;

use toml::de::DeTable;

use crate::fault::{Fault, Faults};
use crate::sweep::Sweep;

mod arm;
mod arms;
mod claim;
mod collector;
mod constraints;
mod data;
mod evaluation;
mod fields;
mod generator;
mod list;
mod nearest;
mod node;
mod numbers;
mod objective;
mod place;
mod published;
mod scalar;
mod top;
mod tree;
mod weight_schedule;
mod zip;

pub use place::span_of;

/// A place in the text, in bytes.
pub(crate) type Span = Range<usize>;

/// The format of sweep files that this version reads.
pub const FORMAT_VERSION: u64 = 1;

/// The most trials that a sweep may have.
pub const MAX_TRIALS: u64 = 200_000;

/// The longest sweep file, in bytes; hundreds of times what a person writes.
const MAX_TEXT_BYTES: usize = 1 << 20;

/// Reads and checks a sweep file.
///
/// # Errors
/// Everything that is wrong with it. Where the text is not TOML at all, only that is reported; where it is of another
/// format version, only that.
pub fn parse(text: &str) -> Result<Sweep, Faults> {
    parse_within(text).map_err(|faults| Faults::new(faults, text))
}

fn parse_within(text: &str) -> Result<Sweep, Vec<Fault>> {
    if MAX_TEXT_BYTES < text.len() {
        return Err(vec![Fault {
            message: format!(
                "the sweep file has {} bytes, more than the limit of {MAX_TEXT_BYTES}",
                text.len()
            ),
            span: 0..0,
            label: "too large".to_owned(),
            help: Some("check the path, or split the sweep into several files".to_owned()),
        }]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    // One mistake causes several errors of the parser; only the first is at the mistake.
    if let Some(error) = errors
        .iter()
        .min_by_key(|error| error.span().map_or(0, |span| span.start))
    {
        return Err(vec![syntax_fault(error)]);
    }
    top::read(document.get_ref())
}

fn syntax_fault(error: &toml::de::Error) -> Fault {
    let found = error.message();
    // The parser's second half contradicts its first half.
    let is_unquoted = found.starts_with("string values must be quoted");
    let (found, label, help) = match is_unquoted {
        true => (
            "string values must be quoted",
            "unquoted string",
            "write the value in quotes, such as name = \"smoke\"",
        ),
        false => (found, "invalid TOML", "correct the TOML syntax here"),
    };
    Fault {
        message: format!("this is not valid TOML: {found}"),
        span: error.span().unwrap_or(0..0),
        label: label.to_owned(),
        help: Some(help.to_owned()),
    }
}
