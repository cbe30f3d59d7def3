//! The folder of all trials.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use unravel_sweep::{Trial, TrialId};

use crate::disk::atomic;
use crate::disk::folders;
use crate::disk::format;
use crate::error::StoreError;
use crate::files::layout::TRASH_PREFIX;
use crate::trial::folder::TrialFolder;
use crate::trial::writer::TrialWriter;

/// The folder of all trials, with one folder per trial, named by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    path: PathBuf,
    is_writable: bool,
}

impl Store {
    /// Opens a store for reading and writing; creates it if it does not exist.
    ///
    /// # Errors
    /// [`StoreError::NotAFolder`], [`StoreError::NotWritable`], [`StoreError::Full`], [`StoreError::NewerFormat`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let unusable = |source: io::Error| match StoreError::io("create", &path, source) {
            StoreError::Io { path, source, .. }
                if source.kind() == io::ErrorKind::NotADirectory =>
            {
                StoreError::NotAFolder { path }
            }
            StoreError::Io { path, source, .. }
                if source.kind() == io::ErrorKind::AlreadyExists =>
            {
                StoreError::NotAFolder { path }
            }
            StoreError::Io { path, source, .. } => StoreError::NotWritable { path, source },
            other => other,
        };
        fs::create_dir_all(&path).map_err(unusable)?;
        let now = atomic::now_on_disk(&path.join(format::STORE_FILE)).map_err(unusable)?;
        atomic::remove_stale_temporaries(&path, now)?;
        format::write_if_absent(&path)?;
        Ok(Self {
            path,
            is_writable: true,
        })
    }

    /// Opens a store for reading; writes nothing. A store that does not exist has no trials.
    ///
    /// # Errors
    /// [`StoreError::NotAFolder`], [`StoreError::NewerFormat`], [`StoreError::Io`].
    pub fn open_read(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        match fs::metadata(&path) {
            Ok(metadata) if !metadata.is_dir() => return Err(StoreError::NotAFolder { path }),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(StoreError::NotAFolder { path });
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(StoreError::io("read", &path, error));
            }
            _ => {}
        }
        format::check(&path)?;
        Ok(Self {
            path,
            is_writable: false,
        })
    }

    /// The store's folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether the folder exists.
    pub fn is_present(&self) -> bool {
        self.path.is_dir()
    }

    /// The folder of a trial, which may not exist yet.
    pub fn trial(&self, id: &TrialId) -> TrialFolder {
        TrialFolder::new(&self.path, id, self.is_writable)
    }

    /// Creates a trial's folder if it does not exist, and takes its lock; see [`TrialFolder::create`].
    ///
    /// # Errors
    /// As [`TrialFolder::create`].
    pub fn create(&self, trial: &Trial) -> Result<TrialWriter, StoreError> {
        self.trial(&trial.id()).create(trial)
    }

    /// The ids of all trials, sorted.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn trial_ids(&self) -> Result<Vec<TrialId>, StoreError> {
        let mut ids: Vec<TrialId> = self
            .folders()?
            .iter()
            .filter_map(|name| name.parse().ok())
            .collect();
        ids.sort();
        Ok(ids)
    }

    /// Deletes the remains of interrupted deletions.
    ///
    /// # Errors
    /// [`StoreError::ReadOnly`], [`StoreError::Io`].
    pub fn empty_trash(&self) -> Result<(), StoreError> {
        if !self.is_writable {
            return Err(StoreError::ReadOnly {
                path: self.path.clone(),
            });
        }
        for name in self
            .folders()?
            .iter()
            .filter(|name| name.starts_with(TRASH_PREFIX))
        {
            let path = self.path.join(name);
            match fs::remove_dir_all(&path) {
                // Another process may be removing it as well.
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("remove", &path, error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Names of the folders in the store; links do not count as folders.
    fn folders(&self) -> Result<Vec<String>, StoreError> {
        let mut names = Vec::new();
        for entry in folders::entries_unsorted(&self.path)? {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => names.extend(entry.file_name().into_string()),
                // Removed since it was listed.
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StoreError::io("read", &entry.path(), error));
                }
                _ => {}
            }
        }
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use unravel_sweep::Objective;

    use super::*;
    use crate::files::state::{Status, TrialState};

    fn trial(seed: u64) -> Trial {
        Trial::new(Objective::beta_vae(4.0), seed)
    }

    #[test]
    fn a_store_lists_its_trials_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("a/b/runs")).unwrap();
        for seed in 0..3 {
            let lock = store.create(&trial(seed)).unwrap();
            lock.set_state(&TrialState {
                status: Status::Training,
                step: seed,
                ..TrialState::default()
            })
            .unwrap();
        }
        fs::create_dir(store.path().join("notes")).unwrap();
        fs::write(store.path().join("0123456789abcdef"), "a file").unwrap();
        let mut expected: Vec<_> = (0..3).map(|seed| (trial(seed).id(), seed)).collect();
        expected.sort();
        let ids = store.trial_ids().unwrap().into_iter();
        let step = |id: TrialId| store.trial(&id).state().unwrap().value.step;
        let found: Vec<_> = ids.map(|id| (id.clone(), step(id))).collect();
        assert_eq!(found, expected);
        assert_eq!(
            Store::open(store.path())
                .unwrap()
                .trial_ids()
                .unwrap()
                .len(),
            3
        );
    }

    #[test]
    fn a_store_that_is_read_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs");
        let store = Store::open_read(&path).unwrap();
        assert!(!store.is_present());
        assert_eq!(store.trial_ids().unwrap(), []);
        assert!(matches!(
            store.create(&trial(0)),
            Err(StoreError::ReadOnly { .. })
        ));
        assert!(store.empty_trash().is_err());
        assert!(!path.exists());
        drop(Store::open(&path).unwrap().create(&trial(0)).unwrap());
        let names = || {
            let entries = fs::read_dir(store.trial(&trial(0).id()).path()).unwrap();
            entries
                .map(|entry| entry.unwrap().file_name())
                .collect::<std::collections::BTreeSet<_>>()
        };
        let before = names();
        let trial = store.trial(&trial(0).id());
        assert!(trial.lock().is_err());
        assert_eq!(trial.holder().unwrap(), None);
        assert_eq!(trial.state().unwrap().value.status, Status::Absent);
        assert_eq!(names(), before);
    }

    #[test]
    fn a_place_that_cannot_hold_a_store_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        for path in [file.clone(), file.join("below"), file.join("below/that")] {
            let error = Store::open(&path).unwrap_err();
            assert!(matches!(error, StoreError::NotAFolder { .. }), "{error}");
            assert!(error.to_string().contains("--store"));
            assert!(matches!(
                Store::open_read(&path),
                Err(StoreError::NotAFolder { .. })
            ));
        }
        let error = Store::open("/proc/runs").unwrap_err();
        assert!(matches!(error, StoreError::NotWritable { .. }), "{error}");
    }

    #[test]
    fn a_newer_or_damaged_format_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        Store::open(folder.path()).unwrap();
        let path = folder.path().join(format::STORE_FILE);
        fs::write(&path, r#"{"format": 2, "unheard-of": true}"#).unwrap();
        for error in [
            Store::open(folder.path()).unwrap_err(),
            Store::open_read(folder.path()).unwrap_err(),
        ] {
            assert!(
                matches!(
                    error,
                    StoreError::NewerFormat {
                        found: 2,
                        known: 1,
                        ..
                    }
                ),
                "{error}"
            );
        }
        fs::write(&path, "{").unwrap();
        assert!(Store::open(folder.path()).unwrap_err().is_damaged());
    }

    #[test]
    fn trash_of_a_removal_that_was_cut_short_is_freed() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        fs::create_dir_all(folder.path().join(".trash-0123456789abcdef-1-0/scores")).unwrap();
        assert_eq!(store.trial_ids().unwrap(), []);
        store.empty_trash().unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
