//! Prints messages to stderr. Only this module and the progress bars write to stderr.
//!
//! Ignores write errors: the terminal may be closed or the disk full, and the work continues.

use std::fmt::Display;
use std::io::{self, Write};

use crate::printable;

/// Prints a line.
pub fn line(text: impl Display) {
    write(&printable::text(&text.to_string()));
}

/// Prints a line with the prefix `note: `.
pub fn note(text: impl Display) {
    line(format_args!("note: {text}"));
}

/// Prints a line with the prefix `error: `.
pub fn error(text: impl Display) {
    line(format_args!("error: {text}"));
}

/// Prints a text unchanged, including colours. The caller must have escaped its parts with [`printable`].
pub fn rendered(text: impl Display) {
    write(&text.to_string());
}

fn write(text: &str) {
    // One call, so that lines of two threads do not mix.
    let _ = io::stderr()
        .lock()
        .write_all(format!("{text}\n").as_bytes());
}
