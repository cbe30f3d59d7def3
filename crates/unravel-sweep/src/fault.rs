//! What is wrong with a sweep file: each fault with its place, and all of them at once.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a sweep file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// One sentence: what is wrong.
    pub message: String,
    /// Where, in bytes of the text.
    pub span: Range<usize>,
    /// A few words to stand at the underlined place.
    pub label: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Everything that is wrong with a sweep file, in the order of the text; never empty.
///
/// `Display` is plain text with the faulty lines underlined, for logs and for places without colours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Faults {
    faults: Vec<Fault>,
    text: String,
}

impl Faults {
    pub(crate) fn new(mut faults: Vec<Fault>, text: &str) -> Self {
        faults.sort_by_key(|fault| (fault.span.start, fault.span.end));
        Self {
            faults,
            text: text.to_owned(),
        }
    }

    /// Faults of a file that is sound by itself, but does not fit its data; at least one.
    ///
    /// [`span_of`](crate::span_of) finds their places.
    pub fn of_data(faults: Vec<Fault>, text: &str) -> Self {
        Self::new(faults, text)
    }

    /// The faults, in the order of the text.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.faults.iter()
    }

    /// How many there are, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "never empty")]
    pub fn len(&self) -> usize {
        self.faults.len()
    }

    /// The sweep file's text, which the spans point into.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The (line, column) of each fault's first character, both from 1; columns count characters.
    pub fn positions(&self) -> Vec<(usize, usize)> {
        self.faults
            .iter()
            .map(|fault| self.place(fault).position())
            .collect()
    }

    fn place(&self, fault: &Fault) -> Place<'_> {
        let start = floor_to_character(&self.text, fault.span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = self.text[line_start..].lines().next().unwrap_or("");
        let end = floor_to_character(&self.text, fault.span.end).max(start);
        let within_line = self.text[start..end].lines().next().unwrap_or("");
        Place {
            line_number: 1 + before.matches('\n').count(),
            line,
            n_before: before[line_start..].chars().count(),
            n_marked: within_line.chars().count().max(1),
        }
    }
}

/// Where a fault begins, as a person counts.
struct Place<'a> {
    line_number: usize,
    line: &'a str,
    /// Characters of the line before the fault.
    n_before: usize,
    /// Characters of the fault on this line, at least 1.
    n_marked: usize,
}

/// A longer line is not shown: nobody wrote it by hand.
const MAX_EXCERPT: usize = 200;

impl Place<'_> {
    fn position(&self) -> (usize, usize) {
        (self.line_number, self.n_before + 1)
    }

    /// The line with the fault underlined.
    fn write_excerpt(&self, label: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if MAX_EXCERPT < self.line.chars().count() {
            return Ok(());
        }
        // A tab would put the mark elsewhere; other control characters could play tricks on a terminal.
        let line: String = self
            .line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let number = self.line_number.to_string();
        let gutter = " ".repeat(number.len());
        let indent = " ".repeat(self.n_before);
        writeln!(f, "  {number} | {line}")?;
        writeln!(
            f,
            "  {gutter} | {indent}{} {label}",
            "^".repeat(self.n_marked)
        )
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (idx, fault) in self.faults.iter().enumerate() {
            if 0 < idx {
                writeln!(f)?;
            }
            let place = self.place(fault);
            let (line, column) = place.position();
            writeln!(f, "{line}:{column}: {}", fault.message)?;
            place.write_excerpt(&fault.label, f)?;
            if let Some(help) = &fault.help {
                writeln!(f, "  help: {help}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The largest character boundary of the text at or before this byte.
fn floor_to_character(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len()))
        .rev()
        .find(|&at| text.is_char_boundary(at))
        .unwrap_or(0)
}
