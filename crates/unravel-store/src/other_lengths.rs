//! Trials that differ only in their number of steps. The longer one may continue from the shorter one's checkpoint.

use std::collections::HashMap;

use unravel_sweep::{Trial, TrialId};

use crate::disk::atomic;
use crate::error::StoreError;
use crate::files::layout::TRIAL;
use crate::store::Store;
use crate::trial::folder::{MAX_TRIAL_BYTES, TrialFolder};

/// Keys of a trial's file that such trials may differ in: the steps, and the source of the observations, because only
/// their content counts.
const LEFT_OUT: [&str; 3] = ["steps = ", "npz = ", "dataset = "];

/// The trials of a store by everything except their steps, as they were at one moment.
#[derive(Clone, Debug, Default)]
pub struct OtherLengths {
    by_key: HashMap<blake3::Hash, Vec<TrialId>>,
}

impl Store {
    /// Looks at every trial's file, without parsing it: some ten microseconds each.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub fn other_lengths(&self) -> Result<OtherLengths, StoreError> {
        let mut other_lengths = OtherLengths::default();
        for id in self.trial_ids()? {
            let path = self.trial(&id).file(TRIAL);
            // A damaged file is left out. Whoever opens that trial gets the error.
            if let Ok(Some(text)) = atomic::read_text(&path, MAX_TRIAL_BYTES) {
                other_lengths.by_key.entry(key(&text)).or_default().push(id);
            }
        }
        Ok(other_lengths)
    }
}

impl OtherLengths {
    /// The trials that may be the same as this one but for their steps, itself left out; see [`TrialFolder::is_shorter`].
    pub fn of(&self, trial: &Trial) -> Vec<TrialId> {
        if self.by_key.is_empty() {
            return Vec::new();
        }
        let Ok(text) = toml::to_string(trial) else {
            return Vec::new();
        };
        let own = trial.id();
        let ids = self.by_key.get(&key(&text)).into_iter().flatten();
        ids.filter(|id| **id != own).cloned().collect()
    }
}

impl TrialFolder {
    /// The steps of this trial, if it is the given one but for having fewer of them.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when its file is no trial, [`StoreError::Io`].
    pub fn is_shorter(&self, than: &Trial) -> Result<Option<u64>, StoreError> {
        let Some(trial) = self.trial()? else {
            return Ok(None);
        };
        let steps = trial.training.steps;
        let is_shorter = steps < than.training.steps && than.with_steps(steps).id() == trial.id();
        Ok(is_shorter.then_some(steps))
    }
}

/// What a trial's file says but for what is left out.
fn key(text: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let is_kept = |line: &&str| !LEFT_OUT.iter().any(|key| line.starts_with(key));
    for line in text.lines().filter(is_kept) {
        hasher.update(line.as_bytes());
        hasher.update(b"\n");
    }
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use unravel_sweep::{DatasetSource, Objective};

    use super::*;

    fn trial(steps: u64, seed: u64) -> Trial {
        Trial::new(Objective::beta_vae(4.0), seed).with_steps(steps)
    }

    #[test]
    fn other_lengths_differ_in_their_steps_and_in_where_the_data_lies() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let on = |path: &str, content: &str| {
            let mut trial = trial(100, 0);
            trial.data.dataset = DatasetSource::Npz { path: path.into() };
            trial.data.content = content.into();
            trial
        };
        let there = [
            trial(100, 0),
            trial(200, 0),
            trial(100, 1),
            on("there.npz", "a"),
            on("there.npz", "b"),
        ];
        for trial in &there {
            drop(store.create(trial).unwrap());
        }
        let other_lengths = store.other_lengths().unwrap();
        let mut found = other_lengths.of(&trial(300, 0));
        let mut expected = vec![there[0].id(), there[1].id()];
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
        assert_eq!(other_lengths.of(&trial(200, 0)), [there[0].id()]);
        let moved = on("here.npz", "a").with_steps(300);
        assert_eq!(other_lengths.of(&moved), [there[3].id()]);

        let steps = |of: &Trial, than| store.trial(&of.id()).is_shorter(&than).unwrap();
        assert_eq!(steps(&there[0], trial(300, 0)), Some(100));
        assert_eq!(steps(&there[1], trial(200, 0)), None);
        assert_eq!(steps(&there[1], trial(100, 0)), None);
        assert_eq!(steps(&there[2], trial(300, 0)), None);
    }
}
