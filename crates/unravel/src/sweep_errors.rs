//! Prints the errors of a sweep file with their places underlined.

use std::fmt;

use miette::{Diagnostic, LabeledSpan, NamedSource, Report, Severity, SourceCode};
use unravel_sweep::{Fault, Faults};

use crate::{printable, stderr};

/// The errors of a sweep file, with its path.
#[derive(Debug)]
pub struct SweepFaults {
    pub path: String,
    pub faults: Faults,
}

impl SweepFaults {
    /// Prints every error to stderr.
    pub fn print(&self) {
        let n = self.faults.len();
        let text = self.faults.text();
        for (fault, (line, column)) in self.faults.iter().zip(self.faults.positions()) {
            let mut fault = fault.clone();
            let is_shown = can_be_shown(text, &fault);
            if !is_shown {
                let place = format!(" ({}, line {line}, column {column})", self.path);
                fault.message.push_str(&place);
            }
            let report = Report::new(Underlined::new(fault, is_shown.then_some(text), &self.path));
            stderr::rendered(format_args!("{report:?}"));
        }
        let plural = if n == 1 { "" } else { "s" };
        stderr::error(format_args!("{n} error{plural} in {}", self.path));
    }

    /// The errors as JSON values; line and column count from 1.
    pub fn to_json(&self) -> Vec<serde_json::Value> {
        self.faults
            .iter()
            .zip(self.faults.positions())
            .map(|(fault, (line, column))| {
                serde_json::json!({
                    "message": fault.message, "line": line, "column": column, "help": fault.help,
                })
            })
            .collect()
    }
}

/// Maximum size of the lines around an error that are printed with it, in bytes.
const MAX_SHOWN_BYTES: usize = 2000;

/// Whether the lines around an error are short enough to print; a file can have a million brackets on one line.
fn can_be_shown(text: &str, fault: &Fault) -> bool {
    let bytes = text.as_bytes();
    let (start, end) = (
        fault.span.start.min(bytes.len()),
        fault.span.end.min(bytes.len()),
    );
    // The lines before and after the error are printed too.
    let n_before = n_bytes_of_two_lines(bytes[..start].iter().rev());
    let n_after = n_bytes_of_two_lines(bytes[end.max(start)..].iter());
    n_before + end.saturating_sub(start) + n_after <= MAX_SHOWN_BYTES
}

/// The number of bytes up to the second line end, or more than [`MAX_SHOWN_BYTES`].
fn n_bytes_of_two_lines<'a>(bytes: impl Iterator<Item = &'a u8>) -> usize {
    let mut n_ends = 0;
    let is_before_the_second_end = |byte: &&u8| {
        n_ends += usize::from(**byte == b'\n');
        n_ends < 2
    };
    bytes
        .take(MAX_SHOWN_BYTES + 1)
        .take_while(is_before_the_second_end)
        .count()
}

#[derive(Debug)]
struct Underlined {
    fault: Fault,
    /// None if its lines are too long to print.
    source: Option<NamedSource<String>>,
}

impl Underlined {
    /// An error with the text that it is in, if that is printed. Escapes control characters in every part: the rendered
    /// error has colours, so its own control characters must stay.
    fn new(mut fault: Fault, text: Option<&str>, path: &str) -> Self {
        fault.message = printable::text(&fault.message).into_owned();
        fault.label = printable::text(&fault.label).into_owned();
        fault.help = fault.help.map(|help| printable::text(&help).into_owned());
        let source = text.map(|text| {
            let (text, span) = printable::source(text, fault.span.clone());
            fault.span = span;
            NamedSource::new(printable::line(path), text)
        });
        Self { fault, source }
    }
}

impl fmt::Display for Underlined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fault.message)
    }
}

impl std::error::Error for Underlined {}

impl Diagnostic for Underlined {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.fault
            .help
            .as_ref()
            .map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.source.as_ref()?;
        let label = Some(self.fault.label.clone());
        let span = self.fault.span.clone();
        Some(Box::new(std::iter::once(LabeledSpan::new(
            label,
            span.start,
            span.len(),
        ))))
    }
}
