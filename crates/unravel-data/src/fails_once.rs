//! A writer that reports a failure once.

use std::io::{self, Seek, SeekFrom, Write};

/// Passes everything on until the writer within fails. What is written after that goes nowhere and succeeds.
///
/// An archive's writer tries to finish the archive when it is dropped, and prints a failure of that on stderr. By then
/// the caller has the first failure, which is the one to tell.
#[derive(Debug)]
pub struct FailsOnce<W> {
    inner: W,
    has_failed: bool,
    /// Where the next byte goes, or would go.
    position: u64,
}

impl<W> FailsOnce<W> {
    /// Writes to `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            has_failed: false,
            position: 0,
        }
    }

    /// The writer within.
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.inner
    }

    fn passed<T>(
        &mut self,
        instead: T,
        pass: impl FnOnce(&mut W) -> io::Result<T>,
    ) -> io::Result<T> {
        if self.has_failed {
            return Ok(instead);
        }
        let passed = pass(&mut self.inner);
        // An interrupted call is made again.
        let has_failed = |error: &io::Error| error.kind() != io::ErrorKind::Interrupted;
        self.has_failed = passed.as_ref().is_err_and(has_failed);
        passed
    }
}

impl<W: Write> Write for FailsOnce<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.passed(bytes.len(), |inner| inner.write(bytes))?;
        self.position += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.passed((), W::flush)
    }
}

impl<W: Seek> Seek for FailsOnce<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let instead = match to {
            SeekFrom::Start(position) => position,
            SeekFrom::Current(by) | SeekFrom::End(by) => self.position.saturating_add_signed(by),
        };
        self.position = self.passed(instead, |inner| inner.seek(to))?;
        Ok(self.position)
    }
}
