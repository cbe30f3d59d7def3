//! The disk usage of trials, by kind of file.

use std::collections::BTreeMap;
use std::ops::AddAssign;
use std::{fs, io, thread};

use unravel_sweep::TrialId;

use crate::disk::folders;
use crate::error::StoreError;
use crate::files::layout::{FileKind, SCORES};
use crate::store::Store;
use crate::trial::folder::TrialFolder;

/// Sizes of files in bytes, by kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiskUsage(BTreeMap<FileKind, u64>);

impl DiskUsage {
    /// All kinds together.
    pub fn n_bytes(&self) -> u64 {
        self.0.values().sum()
    }

    /// One kind.
    pub fn of(&self, kind: FileKind) -> u64 {
        self.0.get(&kind).copied().unwrap_or(0)
    }

    /// The kinds with at least one file, with their sizes.
    pub fn kinds(&self) -> impl Iterator<Item = (FileKind, u64)> {
        self.0.iter().map(|(kind, n_bytes)| (*kind, *n_bytes))
    }

    fn add(&mut self, kind: FileKind, n_bytes: u64) {
        *self.0.entry(kind).or_default() += n_bytes;
    }
}

impl AddAssign<&DiskUsage> for DiskUsage {
    fn add_assign(&mut self, other: &Self) {
        other.kinds().for_each(|(kind, n)| self.add(kind, n));
    }
}

impl TrialFolder {
    /// The sizes of the trial's files; empty if the trial does not exist.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn disk_usage(&self) -> Result<DiskUsage, StoreError> {
        let mut usage = DiskUsage::default();
        for entry in folders::entries_unsorted(self.path())? {
            let name = entry.file_name();
            if let Some(n_bytes) = file_bytes(&entry)? {
                usage.add(FileKind::of(&name.to_string_lossy()), n_bytes);
            }
        }
        for entry in folders::entries_unsorted(&self.file(SCORES))? {
            usage.add(FileKind::Scores, file_bytes(&entry)?.unwrap_or(0));
        }
        Ok(usage)
    }
}

/// The size of a regular file; none for folders, links, and files that are renamed at the same time.
fn file_bytes(entry: &fs::DirEntry) -> Result<Option<u64>, StoreError> {
    match entry.metadata() {
        Ok(metadata) => Ok(metadata.is_file().then_some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreError::io("read", &entry.path(), error)),
    }
}

impl Store {
    /// The number of trials and their sizes together; uses all cores.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn disk_usage(&self) -> Result<(usize, DiskUsage), StoreError> {
        let ids = self.trial_ids()?;
        let n_threads = thread::available_parallelism().map_or(1, usize::from);
        let weigh = |ids: &[TrialId]| -> Result<DiskUsage, StoreError> {
            let mut sum = DiskUsage::default();
            for id in ids {
                sum += &self.trial(id).disk_usage()?;
            }
            Ok(sum)
        };
        let parts: Vec<Result<DiskUsage, StoreError>> = thread::scope(|scope| {
            let chunks = ids.chunks(ids.len().div_ceil(n_threads).max(1));
            let threads: Vec<_> = chunks
                .map(|ids| {
                    let thread = thread::Builder::new().spawn_scoped(scope, move || weigh(ids));
                    // Where the machine gives no thread, this one does the work.
                    thread.map_err(|_| weigh(ids))
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| match thread {
                    // Nothing in there panics.
                    Ok(thread) => thread.join().unwrap_or(Ok(DiskUsage::default())),
                    Err(weighed) => weighed,
                })
                .collect()
        });
        let mut sum = DiskUsage::default();
        for part in parts {
            sum += &part?;
        }
        Ok((ids.len(), sum))
    }
}

#[cfg(test)]
mod tests {
    use unravel_sweep::{Objective, Trial};

    use super::*;
    use crate::files::layout::{CHECKPOINT, MODEL, PREVIOUS_CHECKPOINT, TRAIN_LOG};
    use crate::{Checkpoint, Model, ScoreFile};

    #[test]
    fn every_byte_of_every_trial_is_counted_by_its_kind() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs")).unwrap();
        assert_eq!(store.disk_usage().unwrap(), (0, DiskUsage::default()));
        for seed in 0..5 {
            let trial = Trial::new(Objective::beta_vae(4.0), seed);
            let lock = store.create(&trial).unwrap();
            lock.set_checkpoint(&Checkpoint::default()).unwrap();
            lock.set_checkpoint(&Checkpoint::default()).unwrap();
            lock.set_model(&Model::default()).unwrap();
            lock.set_scores(&ScoreFile::new("mig")).unwrap();
        }
        let (n_trials, usage) = store.disk_usage().unwrap();
        assert_eq!(n_trials, 5);
        let of = |name: &str| {
            let folders = store.trial_ids().unwrap().into_iter();
            let paths = folders.map(|id| store.trial(&id).path().join(name));
            paths
                .map(|path| fs::metadata(path).unwrap().len())
                .sum::<u64>()
        };
        let checkpoints = of(CHECKPOINT) + of(PREVIOUS_CHECKPOINT);
        assert_eq!(usage.of(FileKind::Checkpoints), checkpoints);
        assert_eq!(usage.of(FileKind::Models), of(MODEL));
        assert_eq!(usage.of(FileKind::Scores), of("scores/mig.json"));
        assert_eq!(usage.of(FileKind::Curves), of(TRAIN_LOG));
        // A file where the scores belong holds none, and the others are counted as before.
        let id = store.trial_ids().unwrap().remove(0);
        let scores = store.trial(&id).path().join(SCORES);
        fs::remove_dir_all(&scores).unwrap();
        fs::write(&scores, "no folder").unwrap();
        let (n_trials, left) = store.disk_usage().unwrap();
        assert_eq!(n_trials, 5);
        assert!(left.of(FileKind::Scores) < usage.of(FileKind::Scores));
        assert_eq!(usage.of(FileKind::Codes), 0);
        let sum: u64 = usage.kinds().map(|(_, n_bytes)| n_bytes).sum();
        assert_eq!(usage.n_bytes(), sum);
    }
}
