//! A trial's folder made ready for whoever has just taken its lock.
//!
//! What is no plain file where one belongs cannot be written over: it is moved aside, and nothing in it is lost.

use std::path::Path;

use crate::disk::lock::{self, Refusal};
use crate::disk::{aside, atomic, folders};
use crate::error::StoreError;
use crate::files::layout::{FILES, SCORE_SUFFIX, SCORES};
use crate::trial::folder::TrialFolder;

/// Removes what a killed writer left, and moves aside what is no file where one will be written.
pub(crate) fn tidy(folder: &TrialFolder, notices: &mut Vec<String>) -> Result<(), StoreError> {
    atomic::remove_temporaries(folder.path())?;
    for (name, _) in FILES {
        notices.extend(aside::clear_the_way(&folder.file(name))?);
    }
    let scores = folder.file(SCORES);
    match folders::is_folder(&scores) {
        Ok(false) => return Ok(()),
        Ok(true) => {}
        Err(StoreError::NotAFolder { .. }) => {
            notices.push(aside::move_aside(&scores, "folder")?);
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
            notices.extend(aside::clear_the_way(&entry.path())?);
        }
    }
    Ok(())
}

/// Makes a trial's folder where it is not there. What is no folder in its place is moved aside, with a sentence.
pub(crate) fn make_folder(
    folder: &TrialFolder,
    notices: &mut Vec<String>,
) -> Result<(), StoreError> {
    match folders::make(folder.path()) {
        Err(StoreError::NotAFolder { .. }) => {
            notices.extend(clear_for_folder(folder.path())?);
            folders::make(folder.path())
        }
        made => made,
    }
}

/// Moves aside what is in the place of a trial's folder unless it is a folder; a link is moved, and what it leads to is
/// left alone. Returns a sentence where something was moved.
///
/// Only one process on this machine does so at a time: another one may have made the folder meanwhile.
fn clear_for_folder(path: &Path) -> Result<Option<String>, StoreError> {
    let _turn = match lock::turn(path) {
        Ok(turn) => turn,
        // The store itself is gone: making the folder fails with the reason.
        Err(Refusal::Gone | Refusal::Held(_)) => return Ok(None),
        Err(Refusal::Store(error)) => return Err(error),
    };
    match folders::is_folder(path) {
        Err(StoreError::NotAFolder { .. }) => aside::move_aside(path, "folder").map(Some),
        other => other.map(|_| None),
    }
}
