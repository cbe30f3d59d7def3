//! A trial's folder made ready for whoever has just taken its lock.
//!
//! What is no plain file where one belongs cannot be written over: it is moved aside, and nothing in it is lost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::atomic;
use crate::error::StoreError;
use crate::folders;
use crate::layout::{FILES, SCORE_SUFFIX, SCORES};
use crate::lock::{self, Refusal};
use crate::trial_folder::TrialFolder;

/// Removes what a killed writer left, and moves aside what is no file where one will be written.
pub(crate) fn tidy(folder: &TrialFolder, notices: &mut Vec<String>) -> Result<(), StoreError> {
    atomic::remove_temporaries(folder.path())?;
    for name in FILES {
        notices.extend(clear_the_way(&folder.file(name))?);
    }
    let scores = folder.file(SCORES);
    match folders::is_folder(&scores) {
        Ok(false) => return Ok(()),
        Ok(true) => {}
        Err(StoreError::NotAFolder { .. }) => {
            notices.push(move_aside(&scores, "folder")?);
            return Ok(());
        }
        Err(error) => return Err(error),
    }
    atomic::remove_temporaries(&scores)?;
    for entry in folders::entries_unsorted(&scores)? {
        let is_score = entry
            .file_name()
            .as_encoded_bytes()
            .ends_with(SCORE_SUFFIX.as_bytes());
        if is_score {
            notices.extend(clear_the_way(&entry.path())?);
        }
    }
    Ok(())
}

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

/// Moves aside what is in the place of a trial's folder unless it is a folder; a link is moved, and what it leads to is
/// left alone. Returns a sentence where something was moved.
///
/// Only one process on this machine does so at a time: another one may have made the folder meanwhile.
pub(crate) fn clear_for_folder(path: &Path) -> Result<Option<String>, StoreError> {
    let _turn = match lock::turn(path) {
        Ok(turn) => turn,
        // The store itself is gone: making the folder fails with the reason.
        Err(Refusal::Gone | Refusal::Held(_)) => return Ok(None),
        Err(Refusal::Store(error)) => return Err(error),
    };
    match folders::is_folder(path) {
        Err(StoreError::NotAFolder { .. }) => move_aside(path, "folder").map(Some),
        other => other.map(|_| None),
    }
}

/// Gives what is at `path` a name that nothing reads, and says so: it is not a `kind`.
fn move_aside(path: &Path, kind: &str) -> Result<String, StoreError> {
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
