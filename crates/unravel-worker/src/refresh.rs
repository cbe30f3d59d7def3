//! Refreshes the locks of trials, so that other machines on the same disk see that they are in use.

use std::sync::Weak;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use unravel_store::TrialWriter;

use crate::error::WorkerError;

/// Time between refreshes: a sixth of the time after which another machine treats a lock as abandoned.
const INTERVAL: Duration = Duration::from_secs(10);

/// A background thread that refreshes locks until this is dropped.
pub struct Refresher {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Refresher {
    /// Starts to refresh these locks, each until its last `Arc` is dropped.
    ///
    /// # Errors
    /// [`WorkerError::Machine`] if the thread cannot be started. Without it, other machines would treat the locks as
    /// abandoned.
    pub fn start(locks: Vec<Weak<TrialWriter>>) -> Result<Self, WorkerError> {
        let (stop, stopped) = channel::<()>();
        let work = move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                for lock in locks.iter().filter_map(Weak::upgrade) {
                    // The next refresh may succeed, and a lost lock makes the next write fail.
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
}

impl Drop for Refresher {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
