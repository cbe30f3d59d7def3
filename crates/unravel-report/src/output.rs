//! Files of a report: each written under a temporary name in its folder and renamed, so a reader never sees half of one.

use crate::error::ReportError;
use std::path::{Path, PathBuf};
use unravel_store::export::write_file;
use unravel_sweep::harmless;

/// Writes `folder/name`, making the folder where it is missing; returns the path.
///
/// # Errors
/// When the folder cannot be made or the file not be written.
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

/// Writes `folder/index.html`. Control characters, which no page may hold, and marks that reverse the direction of the text
/// behind them become U+FFFD: names and captions may come from a stranger's file.
///
/// # Errors
/// As [`write`].
pub fn write_page(folder: &Path, html: &str) -> Result<PathBuf, ReportError> {
    write(folder, "index.html", harmless::markup(html).as_bytes())
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
