//! Words for people, on stderr: the only writer of it, besides the progress bars.
//!
//! The reader may be gone: a closed terminal, a `tee` that Ctrl-C ended, a full disk. What stderr does not take is lost,
//! and the work goes on.

use std::fmt::Display;
use std::io::{self, Write};

use crate::harmless;

/// Prints a line.
pub fn line(text: impl Display) {
    write(&harmless::text(&text.to_string()));
}

/// Prints a line that begins with `note: `.
pub fn note(text: impl Display) {
    line(format_args!("note: {text}"));
}

/// Prints a line that begins with `error: `.
pub fn error(text: impl Display) {
    line(format_args!("error: {text}"));
}

/// Prints a text as it is, colours included; the caller has made its parts [harmless].
pub fn rendered(text: impl Display) {
    write(&text.to_string());
}

fn write(text: &str) {
    // One call, so that lines of two threads do not mix.
    let _ = io::stderr()
        .lock()
        .write_all(format!("{text}\n").as_bytes());
}
