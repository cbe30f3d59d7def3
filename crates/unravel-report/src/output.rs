//! Writes files of a report: under a temporary name first, then renamed, so that a reader never sees an incomplete
//! file.

use crate::error::ReportError;
use std::path::{Path, PathBuf};
use unravel_store::export::write_file;
use unravel_sweep::printable;

/// Writes `folder/name` and returns the path. Creates the folder if it is missing.
///
/// # Errors
/// If the folder cannot be created or the file cannot be written.
pub fn write(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, ReportError> {
    let path = folder.join(name);
    let failed = |source| ReportError::Write {
        path: path.clone(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    write_file(&path, bytes).map_err(failed)?;
    Ok(path)
}

/// Writes `folder/index.html`. Control characters (not allowed in HTML) and marks that reverse the text direction are
/// replaced by U+FFFD, because names and captions can come from untrusted files.
///
/// # Errors
/// As [`write`].
pub fn write_page(folder: &Path, html: &str) -> Result<PathBuf, ReportError> {
    write(folder, "index.html", printable::markup(html).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_holds_no_control_character_and_no_text_backwards() {
        let folder = tempfile::tempdir().unwrap();
        let html = "<p>a\u{0}\u{1b}[2J\u{202e}b\r</p>\n\t<p>β × γ\u{2067}</p>\n";
        let index = write_page(folder.path(), html).unwrap();
        let written = std::fs::read_to_string(index).unwrap();
        let expected = "<p>a\u{fffd}\u{fffd}[2J\u{fffd}b\u{fffd}</p>\n\t<p>β × γ\u{fffd}</p>\n";
        assert_eq!(written, expected);
    }
}
