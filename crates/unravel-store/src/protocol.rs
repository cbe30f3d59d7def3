//! The messages between the orchestrator and a worker: the worker gets an [`Order`] as JSON, and writes [`Event`]s as
//! JSON lines.
//!
//! Both are self-contained, so a node of a cluster needs only the shared disk and no connection. Results are not part
//! of the messages: they are in the store, and the store decides which trials are done.

mod event;
mod machine;
mod path;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use unravel_sweep::{EvaluationConfig, Trial, TrialId};

use crate::disk::checksummed_json;
use crate::error::StoreError;

pub use event::{Event, EventError, FailureCause, Phase};
pub use machine::{LIMIT_REMEDY, Lack, NO_MEMORY, lack, limit_sentence};

/// Maximum interval in an order or an option of the command line, in seconds: ten years.
pub const MAX_INTERVAL_SECS: f64 = 10.0 * 365.0 * 86_400.0;
/// Maximum number of threads in an order.
pub const MAX_THREADS: usize = 65_536;

/// One cohort for one worker: the trials, the scores, the store and the device.
///
/// The worker trains and scores what is missing. It skips trials that are done or that another process holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The name of the cohort in logs and job names.
    pub cohort: String,
    /// The trials, at least one; all with the same [cohort key](Trial::cohort_key), all different.
    pub trials: Vec<Trial>,
    /// The scores to compute for each trial.
    pub evaluation: EvaluationConfig,
    /// The store's folder, absolute.
    #[serde(with = "path")]
    pub store: PathBuf,
    /// The device, in the form of `--device`: `cpu` or `cuda:0`.
    pub device: String,
    /// Number of threads of the worker; at least 1.
    pub threads: usize,
    /// Seconds between two checkpoints. The worker also writes one when it is asked to stop.
    pub checkpoint_every_secs: f64,
    /// Seconds between two [`Event::Heartbeat`]s.
    pub heartbeat_every_secs: f64,
    /// Store the complete table of codes (`codes.npz`) of each trial.
    pub keep_codes: bool,
    /// Also train trials that are marked as failed.
    pub retry_failed: bool,
    /// Trials without a checkpoint of their own, each with a trial that is equal except for fewer steps, from whose
    /// checkpoint it continues.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub continue_from: BTreeMap<TrialId, TrialId>,
    /// Whether the worker's stdin is a pipe from the orchestrator. Its end means that the orchestrator has ended, and
    /// the worker must exit within a second. False for jobs of a cluster, which continue without the orchestrator.
    pub supervised: bool,
}

impl Order {
    /// An order with the default settings: a checkpoint per minute, a heartbeat per second, supervised, codes not
    /// stored.
    pub fn new(
        cohort: impl Into<String>,
        trials: Vec<Trial>,
        evaluation: EvaluationConfig,
        store: impl Into<PathBuf>,
        device: impl Into<String>,
    ) -> Self {
        Self {
            cohort: cohort.into(),
            trials,
            evaluation,
            store: store.into(),
            device: device.into(),
            threads: 1,
            checkpoint_every_secs: 60.0,
            heartbeat_every_secs: 1.0,
            keep_codes: false,
            retry_failed: false,
            continue_from: BTreeMap::new(),
            supervised: true,
        }
    }

    /// Writes the order for a worker to read.
    ///
    /// # Errors
    /// [`StoreError::Unwritable`] if [`fault`](Self::fault) finds an error, or an error of the write.
    pub fn write(&self, path: &Path) -> Result<(), StoreError> {
        match self.fault() {
            Some(what) => Err(StoreError::unwritable(path, what)),
            None => checksummed_json::write(path, self),
        }
    }

    /// Reads an order.
    ///
    /// # Errors
    /// [`StoreError::Io`] if it does not exist, [`StoreError::Damaged`] if it was changed or is not a valid order,
    /// [`StoreError::NewerFormat`].
    pub fn read(path: &Path) -> Result<Self, StoreError> {
        let order: Self = checksummed_json::read(path)?
            .ok_or_else(|| StoreError::io("read", path, std::io::ErrorKind::NotFound.into()))?;
        match order.fault() {
            Some(what) => Err(StoreError::damaged(path, what)),
            None => Ok(order),
        }
    }

    /// What is wrong with this order, if anything: no trials, the same trial twice, trials of two cohorts, no threads
    /// or more than [`MAX_THREADS`], an interval that is not above 0 or beyond [`MAX_INTERVAL_SECS`], a store that
    /// depends on the working folder.
    pub fn fault(&self) -> Option<&'static str> {
        let Some(first) = self.trials.first() else {
            return Some("it has no trials");
        };
        let is_interval = |secs: f64| 0.0 < secs && secs <= MAX_INTERVAL_SECS;
        let key = first.cohort_key();
        if self.trials.iter().any(|trial| trial.cohort_key() != key) {
            return Some("its trials cannot train as one cohort");
        }
        let n_ids = self
            .trials
            .iter()
            .map(Trial::id)
            .collect::<BTreeSet<_>>()
            .len();
        if n_ids != self.trials.len() {
            return Some("it names the same trial twice");
        }
        if self.threads == 0 {
            return Some("it allows no threads");
        }
        if MAX_THREADS < self.threads {
            return Some("it allows more than 65,536 threads");
        }
        if !is_interval(self.checkpoint_every_secs) || !is_interval(self.heartbeat_every_secs) {
            return Some("its intervals are not numbers of seconds above 0 and up to ten years");
        }
        if !self.store.is_absolute() {
            return Some("the path of its store is not absolute");
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use unravel_sweep::Objective;

    use super::*;

    fn order() -> Order {
        let trials = [0.1, 4.0]
            .map(|beta| Trial::new(Objective::beta_vae(beta), 7))
            .to_vec();
        Order::new(
            "beta-vae 1 of 3",
            trials,
            EvaluationConfig::default(),
            "/data/runs",
            "cuda:1",
        )
    }

    #[test]
    fn an_order_comes_back_by_value() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("order.json");
        assert!(Order::read(&path).is_err());
        let order = Order {
            checkpoint_every_secs: 0.1,
            keep_codes: true,
            ..order()
        };
        order.write(&path).unwrap();
        assert_eq!(Order::read(&path).unwrap(), order);
    }

    #[test]
    fn a_store_whose_path_is_not_utf8_comes_back() {
        use std::os::unix::ffi::OsStringExt;
        let store = PathBuf::from(std::ffi::OsString::from_vec(b"/data/caf\xe9".to_vec()));
        let order = Order { store, ..order() };
        let line = serde_json::to_string(&order).unwrap();
        assert_eq!(serde_json::from_str::<Order>(&line).unwrap(), order);
        let plain = serde_json::to_value(self::order()).unwrap();
        assert_eq!(plain["store"], "/data/runs");
    }

    #[test]
    fn an_order_that_cannot_be_followed_is_neither_written_nor_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("order.json");
        let check = |change: fn(&mut Order), expected: &str| {
            let mut changed = order();
            change(&mut changed);
            let error = changed.write(&path).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
            checksummed_json::write(&path, &changed).unwrap();
            assert!(Order::read(&path).unwrap_err().is_damaged());
        };
        check(|order| order.trials.clear(), "no trials");
        check(|order| order.trials.push(order.trials[0].clone()), "twice");
        check(|order| order.trials[0].training.steps += 1, "one cohort");
        check(|order| order.threads = 0, "threads");
        check(|order| order.threads = usize::MAX, "threads");
        check(|order| order.checkpoint_every_secs = 0.0, "intervals");
        check(|order| order.checkpoint_every_secs = 1e300, "intervals");
        check(|order| order.heartbeat_every_secs = 1e300, "intervals");
        check(|order| order.store = "runs".into(), "absolute");
    }
}
