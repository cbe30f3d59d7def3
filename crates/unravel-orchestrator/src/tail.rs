//! The last lines of a stream, bounded in number and length.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

/// Lines kept for the reason of a failure.
const MAX_LINES: usize = 10;
/// Bytes of one line that are read as a piece; longer ones are cut into several.
const MAX_LINE_BYTES: u64 = 1 << 20;
/// Characters kept of a line.
const MAX_LINE_CHARS: usize = 400;

/// The last lines of a stream.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    /// Adds a line and forgets the oldest where there are too many. Blank lines and the frames of a backtrace are left
    /// out: they would push out the message of the panic.
    pub(crate) fn push(&mut self, line: &str) {
        if line.trim().is_empty() || is_of_backtrace(line) {
            return;
        }
        if self.lines.len() == MAX_LINES {
            self.lines.pop_front();
        }
        self.lines
            .push_back(line.chars().take(MAX_LINE_CHARS).collect());
    }

    /// The lines, oldest first.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

/// Whether the line is one of those that a panic prints with `RUST_BACKTRACE`: the title, a frame
/// (`   7: core::panicking::panic`), its place (`             at src/main.rs:2`) or the note below them.
fn is_of_backtrace(line: &str) -> bool {
    let indented = line.strip_prefix(' ').map(str::trim_start);
    let is_frame = |text: &str| {
        text.split_once(": ").is_some_and(|(number, _)| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    line == "stack backtrace:"
        || line.starts_with("note: Some details are omitted, run with `RUST_BACKTRACE=full`")
        || line.starts_with("note: run with `RUST_BACKTRACE=1`")
        || indented.is_some_and(|text| is_frame(text) || text.starts_with("at "))
}

/// Calls `each` for every line of `stream`, without its line end, until the stream ends or breaks.
/// Never holds more than [`MAX_LINE_BYTES`], whatever the stream brings.
pub(crate) fn each_line(stream: impl Read, mut each: impl FnMut(&str)) -> io::Result<()> {
    let mut stream = io::BufReader::new(stream);
    let mut line = Vec::new();
    loop {
        line.clear();
        if stream
            .by_ref()
            .take(MAX_LINE_BYTES)
            .read_until(b'\n', &mut line)?
            == 0
        {
            return Ok(());
        }
        each(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_lines_are_kept() {
        let mut tail = Tail::default();
        for i in 0..100 {
            tail.push(&format!("line {i}"));
            tail.push("  ");
        }
        let lines = tail.lines();
        assert_eq!(lines.len(), MAX_LINES);
        assert_eq!(lines.first().map(String::as_str), Some("line 90"));
        assert_eq!(lines.last().map(String::as_str), Some("line 99"));
    }

    #[test]
    fn a_backtrace_does_not_push_out_the_message() {
        let mut tail = Tail::default();
        tail.push("thread 'main' (7) panicked at src/work.rs:3:5:");
        tail.push("no such thing");
        tail.push("stack backtrace:");
        for frame in 0..120 {
            tail.push(&format!(
                "{frame:4}: core::ops::function::FnOnce::call_once"
            ));
            tail.push("             at /rustc/0/library/core/src/ops/function.rs:250:5");
            tail.push(&format!(
                "{frame:4}:     0x55d0c0a3e1f2 - std::rt::lang_start"
            ));
        }
        tail.push("note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.");
        let said = [
            "thread 'main' (7) panicked at src/work.rs:3:5:",
            "no such thing",
        ];
        assert_eq!(tail.lines(), said);
        tail.push("   3 trials: at the end");
        assert_eq!(tail.lines().len(), 3);
    }

    #[test]
    fn lines_are_cut_off_where_they_never_end() {
        let mut n_pieces = 0;
        let endless = io::repeat(b'x').take(3 * MAX_LINE_BYTES);
        each_line(endless, |piece| {
            n_pieces += 1;
            assert!(piece.len() as u64 <= MAX_LINE_BYTES);
        })
        .unwrap();
        assert_eq!(n_pieces, 3);
    }

    #[test]
    fn a_last_line_without_its_end_counts_and_bad_bytes_are_replaced() {
        let mut lines = Vec::new();
        each_line(&b"one\r\n\xff\nlast"[..], |line| {
            lines.push(line.to_owned())
        })
        .unwrap();
        assert_eq!(lines, ["one", "\u{fffd}", "last"]);
    }
}
