//! JSON files that notice when a bit of them changed.
//!
//! Ordinary pretty JSON whose first line holds the BLAKE3 hash of the file without that line, and whose second holds
//! the format version. A file of a trial names it in its third, so that one that was moved from another trial's folder
//! is noticed too. The same value always gives the same bytes.

use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use unravel_sweep::TrialId;

use crate::disk::atomic;
use crate::disk::format::{FILE_FORMAT, refuse_newer};
use crate::error::StoreError;

/// No sealed file is near this long; a longer one is refused before it is read.
const MAX_BYTES: u64 = 64 << 20;

const OPENING: &str = "{\n";
const SEAL_BEFORE: &str = "  \"blake3\": \"";
const SEAL_AFTER: &str = "\",\n";
const FORMAT_BEFORE: &str = "  \"format\": ";
const FORMAT_AFTER: &str = ",\n";
const TRIAL_BEFORE: &str = "  \"trial\": \"";
const TRIAL_AFTER: &str = "\",\n";
const N_HASH_DIGITS: usize = 64;

/// Writes a value that serializes as a JSON object with at least one field.
///
/// # Errors
/// [`StoreError::Unwritable`] when the value has no JSON form, else what [`atomic::write`] says.
pub(crate) fn write<T: Serialize>(path: &Path, value: &T) -> Result<(), StoreError> {
    write_with_head(path, "", value)
}

/// As [`write`], for a file in a trial's folder.
pub(crate) fn write_of<T: Serialize>(
    path: &Path,
    trial: &TrialId,
    value: &T,
) -> Result<(), StoreError> {
    write_with_head(path, &format!("{TRIAL_BEFORE}{trial}{TRIAL_AFTER}"), value)
}

fn write_with_head<T: Serialize>(path: &Path, head: &str, value: &T) -> Result<(), StoreError> {
    let json = serde_json::to_string_pretty(value)
        .map_err(|error| StoreError::unwritable(path, error.to_string()))?;
    let Some(fields) = json.strip_prefix(OPENING) else {
        return Err(StoreError::unwritable(
            path,
            "it is not an object with fields",
        ));
    };
    let rest = format!("{FORMAT_BEFORE}{FILE_FORMAT}{FORMAT_AFTER}{head}{fields}\n");
    let hash = blake3::hash(rest.as_bytes()).to_hex();
    let text = format!("{OPENING}{SEAL_BEFORE}{hash}{SEAL_AFTER}{rest}");
    atomic::write(path, text.as_bytes())
}

/// Reads a value written by [`write`]; `None` when there is no such file.
///
/// # Errors
/// [`StoreError::Damaged`] when anything in it changed, [`StoreError::NewerFormat`], [`StoreError::Io`].
pub(crate) fn read<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StoreError> {
    let Some(sealed) = Sealed::open(path, None)? else {
        return Ok(None);
    };
    sealed.value(path).map(Some)
}

/// Reads a value written by [`write_of`] for this trial; `None` when there is no such file.
///
/// # Errors
/// As [`read`]; [`StoreError::Damaged`] too when it is of another trial.
pub(crate) fn read_of<T: DeserializeOwned>(
    path: &Path,
    trial: &TrialId,
) -> Result<Option<T>, StoreError> {
    let Some(sealed) = Sealed::open(path, Some(trial))? else {
        return Ok(None);
    };
    sealed.value(path).map(Some)
}

/// The text of a file whose seal fits, not parsed yet.
pub(crate) struct Sealed {
    text: String,
    /// Where the value's own object begins.
    begins_at: usize,
}

impl Sealed {
    /// Reads and checks a file, of this trial if one is given; `None` when there is no such file.
    pub(crate) fn open(path: &Path, trial: Option<&TrialId>) -> Result<Option<Self>, StoreError> {
        let Some(mut text) = atomic::read_text(path, MAX_BYTES)? else {
            return Ok(None);
        };
        let fields = fields(path, &text, trial)?;
        // The line before ends so; with an object's beginning in its place the rest is the value, and nothing is
        // copied.
        let begins_at = text.len() - fields.len() - OPENING.len();
        text.replace_range(begins_at..begins_at + OPENING.len(), OPENING);
        Ok(Some(Self { text, begins_at }))
    }

    /// The whole value.
    pub(crate) fn value<'a, T: Deserialize<'a>>(&'a self, path: &Path) -> Result<T, StoreError> {
        serde_json::from_str(&self.text[self.begins_at..])
            .map_err(|error| StoreError::damaged(path, error.to_string()))
    }

    /// Leaves `key` of the value's own and everything behind it out, where the text is laid out as [`write`] does.
    pub(crate) fn cut_before(&mut self, key: &str) {
        // No text within JSON holds a line break, so this is where the key stands and nothing else.
        let line = format!(",\n  \"{key}\": ");
        if let Some(at) = self.text[self.begins_at..].find(&line) {
            self.text.truncate(self.begins_at + at);
            self.text.push_str("\n}\n");
        }
    }
}

/// The lines after the seal, the format and the trial.
fn fields<'a>(path: &Path, text: &'a str, trial: Option<&TrialId>) -> Result<&'a str, StoreError> {
    let Some(rest) = unsealed(text) else {
        return Err(StoreError::damaged(
            path,
            "the checksum does not match the contents",
        ));
    };
    let Some((format, fields)) = rest
        .strip_prefix(FORMAT_BEFORE)
        .and_then(|rest| rest.split_once(FORMAT_AFTER))
        .and_then(|(format, fields)| Some((format.parse::<u32>().ok()?, fields)))
    else {
        return Err(StoreError::damaged(path, "it has no format version"));
    };
    refuse_newer(path, format, FILE_FORMAT)?;
    let Some(trial) = trial else {
        return Ok(fields);
    };
    let head = fields
        .strip_prefix(TRIAL_BEFORE)
        .and_then(|rest| rest.split_once(TRIAL_AFTER));
    match head {
        Some((of, fields)) if of == trial.as_str() => Ok(fields),
        Some((of, _)) => Err(StoreError::of_another_trial(path, of)),
        None => Err(StoreError::damaged(path, "it does not name its trial")),
    }
}

/// What the seal covers, if the seal is whole and fits.
fn unsealed(text: &str) -> Option<&str> {
    let after = text.strip_prefix(OPENING)?.strip_prefix(SEAL_BEFORE)?;
    let (hash, after) = after.split_at_checked(N_HASH_DIGITS)?;
    let rest = after.strip_prefix(SEAL_AFTER)?;
    (hash == blake3::hash(rest.as_bytes()).to_hex().as_str()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::files::state::{Status, TrialState};

    fn state() -> TrialState {
        TrialState {
            status: Status::Failed,
            step: 3,
            reason: Some("KL is NaN at step 4.".to_owned()),
            ..Default::default()
        }
    }

    #[test]
    fn a_value_comes_back_and_gives_the_same_bytes_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        assert_eq!(read::<TrialState>(&path).unwrap(), None);
        write(&path, &state()).unwrap();
        assert_eq!(read(&path).unwrap(), Some(state()));
        let bytes = fs::read(&path).unwrap();
        write(&path, &state()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(
            (&json["format"], &json["status"]),
            (&1.into(), &"failed".into())
        );
    }

    #[test]
    fn the_file_of_another_trial_or_of_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let (mine, other) = ("0123456789abcdef", "fedcba9876543210");
        let read = |trial: &str| read_of::<TrialState>(&path, &trial.parse().unwrap());
        assert_eq!(read(mine).unwrap(), None);
        write_of(&path, &mine.parse().unwrap(), &state()).unwrap();
        assert_eq!(read(mine).unwrap(), Some(state()));
        let error = read(other).unwrap_err();
        assert!(error.is_damaged());
        assert!(error.to_string().contains(mine), "{error}");
        write(&path, &state()).unwrap();
        assert!(read(mine).unwrap_err().is_damaged());
    }

    #[test]
    fn what_comes_behind_a_key_can_be_left_out() {
        #[derive(Debug, PartialEq, Serialize, Deserialize)]
        struct Value {
            text: String,
            within: Vec<std::collections::BTreeMap<String, u8>>,
            #[serde(default)]
            last: Vec<u8>,
        }
        let value = Value {
            text: ",\n  \"last\": [1]".to_owned(),
            within: vec![[("last".to_owned(), 2)].into()],
            last: vec![3, 4],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("value.json");
        write(&path, &value).unwrap();
        let mut sealed = Sealed::open(&path, None).unwrap().unwrap();
        assert_eq!(sealed.value::<Value>(&path).unwrap(), value);
        sealed.cut_before("no such key");
        assert_eq!(sealed.value::<Value>(&path).unwrap(), value);
        sealed.cut_before("last");
        let last = Vec::new();
        assert_eq!(
            sealed.value::<Value>(&path).unwrap(),
            Value { last, ..value }
        );
    }

    #[test]
    fn every_cut_and_every_flipped_bit_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        write(&path, &state()).unwrap();
        let whole = fs::read(&path).unwrap();
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(
                read::<TrialState>(&path).unwrap_err().is_damaged(),
                "cut to {length}"
            );
        }
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, bytes).unwrap();
            assert!(
                read::<TrialState>(&path).unwrap_err().is_damaged(),
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_newer_format_is_refused_by_its_number() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.json");
        let rest = "  \"format\": 7,\n  \"unheard-of\": 1\n}\n";
        let hash = blake3::hash(rest.as_bytes()).to_hex();
        fs::write(&path, format!("{{\n  \"blake3\": \"{hash}\",\n{rest}")).unwrap();
        let error = read::<TrialState>(&path).unwrap_err();
        assert!(
            matches!(
                error,
                StoreError::NewerFormat {
                    found: 7,
                    known: 1,
                    ..
                }
            ),
            "{error}"
        );
    }
}
