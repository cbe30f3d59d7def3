//! Moves aside what is not a plain file in a file's place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::disk::atomic;
use crate::error::StoreError;

/// Moves aside what is at `path` unless it is a plain file, which a write could not replace; a sentence where it did.
/// Only for the one who holds the folder's lock, or is about to.
pub(crate) fn clear_the_way(path: &Path) -> Result<Option<String>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.is_file() => move_aside(path, "plain file").map(Some),
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("read", path, error))
        }
        _ => Ok(None),
    }
}

/// Gives what is at `path` a name that nothing reads, and says so: it is not a `kind`.
pub(crate) fn move_aside(path: &Path, kind: &str) -> Result<String, StoreError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let names = (0_u32..).map(|n| path.with_file_name(format!("{name}.aside-{n}")));
    let is_free = |path: &PathBuf| fs::symlink_metadata(path).is_err();
    let aside = names.into_iter().find(is_free).unwrap_or_default();
    atomic::rename(path, &aside)?;
    let (path, aside) = (path.display(), aside.display());
    Ok(format!(
        "`{path}` is damaged: it is not a {kind}; it was moved aside to `{aside}`"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_the_way_is_moved_aside_and_a_plain_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mig.json");
        assert_eq!(clear_the_way(&path).unwrap(), None);
        for n in 0..2 {
            fs::create_dir(&path).unwrap();
            fs::write(path.join("kept"), "x").unwrap();
            let said = clear_the_way(&path).unwrap().unwrap();
            assert!(said.contains(&format!("mig.json.aside-{n}`")), "{said}");
        }
        assert!(folder.path().join("mig.json.aside-1/kept").exists());
        atomic::write(&path, b"scores").unwrap();
        assert_eq!(clear_the_way(&path).unwrap(), None);
    }
}
