//! Signs of life for other machines that share the store's disk, however long a score takes.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

use unravel_store::TrialWriter;

use crate::error::WorkerError;

/// A sixth of the time after which another machine takes a lock for abandoned.
const EVERY: Duration = Duration::from_secs(10);

/// Refreshes locks in the background until it is dropped.
pub struct Refresher {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Refresher {
    /// Refreshes these locks for as long as somebody else holds on to them.
    ///
    /// # Errors
    /// [`WorkerError::Machine`] where the machine gives no thread: without one, other machines would take the locks for
    /// abandoned.
    pub fn start(locks: Vec<Weak<TrialWriter>>) -> Result<Self, WorkerError> {
        let (stop, stopped) = channel::<()>();
        let work = move || {
            while stopped.recv_timeout(EVERY) == Err(RecvTimeoutError::Timeout) {
                for lock in locks.iter().filter_map(Weak::upgrade) {
                    // A lock that cannot be refreshed now may be by the next time; the writes to come will tell.
                    let _ = lock.refresh();
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("lock refresher".to_owned())
            .spawn(work)
            .map_err(|error| WorkerError::Machine {
                reason: format!("cannot start the thread that refreshes locks: {error}"),
            })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The reference that a refresher takes.
    pub fn reference(lock: &Arc<TrialWriter>) -> Weak<TrialWriter> {
        Arc::downgrade(lock)
    }
}

impl Drop for Refresher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
