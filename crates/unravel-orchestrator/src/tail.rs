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
    /// Adds a line and forgets the oldest where there are too many; blank lines say nothing and are left out.
    pub(crate) fn push(&mut self, line: &str) {
        if line.trim().is_empty() {
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
