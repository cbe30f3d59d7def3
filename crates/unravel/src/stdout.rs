//! Prints results to stdout, as JSON or as plain tables.

use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::exit::{Exit, Failure};
use crate::printable;

/// The first error of a write to stdout; [`finish`] turns it into an exit code.
static FAULT: OnceLock<io::Error> = OnceLock::new();

/// Whether stdout was closed when the program was started (`>&-`). The standard library opens `/dev/null` in its place, which
/// takes every result; so this is asked before.
static WAS_CLOSED: AtomicBool = AtomicBool::new(false);

#[cfg(target_os = "linux")]
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_MAIN: extern "C" fn() = look_at_stdout;

#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "known on Linux alone")
)]
extern "C" fn look_at_stdout() {
    // SAFETY: the system is asked whether the descriptor is open, and nothing else is done with it.
    let stdout = unsafe { BorrowedFd::borrow_raw(1) };
    let is_closed = rustix::io::fcntl_getfd(stdout) == Err(rustix::io::Errno::BADF);
    WAS_CLOSED.store(is_closed, Ordering::Relaxed);
}

/// Prints a JSON value over several lines.
pub fn json(value: &serde_json::Value) {
    write(&printable::json(&format!("{value:#}")));
}

/// A path as a JSON string; bytes that are not UTF-8 become U+FFFD.
pub fn path(path: &std::path::Path) -> serde_json::Value {
    path.to_string_lossy().into_owned().into()
}

/// Prints a JSON value on one line.
pub fn json_line(value: &str) {
    write(&printable::json(value));
}

/// Prints a line to stdout, with visible escapes for characters that could steer a terminal.
pub fn line(text: &str) {
    write(&printable::text(text));
}

fn write(text: &str) {
    written(writeln!(io::stdout().lock(), "{text}"));
}

/// Records the result of a write to stdout by another library.
pub fn written(result: io::Result<()>) {
    keep_fault(match WAS_CLOSED.load(Ordering::Relaxed) {
        true => Err(io::Error::other("it is closed")),
        false => result,
    });
}

/// Checks that every result was written to stdout; called before the program exits with 0.
///
/// # Errors
/// If a write failed. A full disk gives a sentence; a pipe closed by its reader, such as `head`, gives none.
pub fn finish() -> Result<(), Failure> {
    keep_fault(io::stdout().lock().flush());
    match FAULT.get() {
        None => Ok(()),
        Some(fault) if fault.kind() == io::ErrorKind::BrokenPipe => Err(Failure::reader_is_gone()),
        Some(fault) => Err(Failure::new(
            Exit::BadStore,
            format!(
                "cannot write the results to stdout: {fault}; free disk space, or write them elsewhere"
            ),
        )),
    }
}

fn keep_fault(written: io::Result<()>) {
    if let Err(fault) = written {
        // Only the first error is kept.
        let _ = FAULT.set(fault);
    }
}

/// A table with aligned columns, two spaces apart. Does not right-align numbers.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let widths: Vec<usize> = (0..header.len())
        .map(|column| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.chain([width(header[column])]).max().unwrap_or(0)
        })
        .collect();
    let header: Vec<String> = header.iter().map(|cell| (*cell).to_owned()).collect();
    let mut text = String::new();
    for row in std::iter::once(&header).chain(rows) {
        let mut line = String::new();
        for (cell, column_width) in row.iter().zip(&widths) {
            line.push_str(cell);
            line.push_str(&" ".repeat(column_width - width(cell) + 2));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A duration for people: `40 s`, `12 min`, `3 h 20 min`, `2 d 5 h`.
pub fn duration(secs: f64) -> String {
    let whole = secs.round().max(0.0) as u64;
    let (minutes, hours, days) = (whole / 60, whole / 3600, whole / 86_400);
    match whole {
        0..=99 => format!("{whole} s"),
        100..=5_999 => format!("{minutes} min"),
        6_000..=172_799 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

/// A size in bytes: `3 KiB`, `12 MiB`, `1.5 GiB`.
pub fn bytes(n: u64) -> String {
    const MIB: f64 = 1_048_576.0;
    match n as f64 / MIB {
        mib if mib < 1.0 => format!("{} KiB", n.div_ceil(1024)),
        mib if mib < 1024.0 => format!("{:.0} MiB", mib.ceil()),
        mib => format!("{:.1} GiB", mib / 1024.0),
    }
}

/// A whole number with commas between thousands: `1,234`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if 0 < at && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 trial`, `12,600 trials`.
pub fn count(n: usize, what: &str) -> String {
    let plural = if n == 1 { "" } else { "s" };
    format!("{} {what}{plural}", thousands(n as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_well() {
        let spans = [0.4, 99.4, 100.0, 5_999.0, 7_260.0, 200_000.0].map(duration);
        assert_eq!(
            spans,
            ["0 s", "99 s", "1 min", "99 min", "2 h 1 min", "2 d 7 h"]
        );
        assert_eq!(
            [1, 999, 1000, 1_234_567].map(thousands),
            ["1", "999", "1,000", "1,234,567"]
        );
        assert_eq!(
            [1, 5 << 18, 3 << 20, 3 << 29].map(bytes),
            ["1 KiB", "2 MiB", "3 MiB", "1.5 GiB"]
        );
    }

    #[test]
    fn columns_are_aligned() {
        let rows = [
            vec!["β=4".to_owned(), "1".to_owned()],
            vec!["γ=100".to_owned(), "2".to_owned()],
        ];
        assert_eq!(
            table(&["setting", "n"], &rows),
            "setting  n\nβ=4      1\nγ=100    2\n"
        );
    }
}
