//! Sends a worker's events and checks whether it should stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use unravel_store::protocol::Phase;
use unravel_store::{Event, Recovered};
use unravel_sweep::TrialId;

/// Maximum number of progress events per second.
const PROGRESS_PER_SEC: f64 = 4.0;

/// Sends a worker's events and checks its stop flag.
pub struct Reporter<'a> {
    emit: &'a mut dyn FnMut(&Event),
    stop: &'a AtomicBool,
    heartbeat_every: Duration,
    last_event: Instant,
    last_progress: Option<Instant>,
}

impl<'a> Reporter<'a> {
    /// A reporter that passes events to `emit`. After `stop` is set, the worker saves and stops at the next step.
    ///
    /// A heartbeat is sent if `heartbeat_every` passes without another event.
    pub fn new(
        emit: &'a mut dyn FnMut(&Event),
        stop: &'a AtomicBool,
        heartbeat_every: Duration,
    ) -> Self {
        Self {
            emit,
            stop,
            heartbeat_every,
            last_event: Instant::now(),
            last_progress: None,
        }
    }

    /// Whether the worker should save and stop.
    pub fn is_stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    pub(crate) fn send(&mut self, event: &Event) {
        (self.emit)(event);
        self.last_event = Instant::now();
    }

    pub(crate) fn log(&mut self, message: impl Into<String>) {
        self.send(&Event::Log {
            message: message.into(),
        });
    }

    /// Logs the notices about recovered files and returns the value.
    pub(crate) fn log_notices<T>(&mut self, recovered: Recovered<T>) -> T {
        let notices = recovered.notices.into_iter();
        notices.for_each(|notice| self.log(notice));
        recovered.value
    }

    pub(crate) fn phase(&mut self, phase: Phase, trial: Option<&TrialId>) {
        self.send(&Event::Phase {
            phase,
            trial: trial.cloned(),
        });
    }

    /// Sends a heartbeat if no event was sent for `heartbeat_every`. The computation itself calls it, so that a worker
    /// that hangs sends none.
    pub(crate) fn alive(&mut self) {
        if self.last_event.elapsed() >= self.heartbeat_every {
            self.send(&Event::Heartbeat);
        }
    }

    /// Sends the progress of training, at most [`PROGRESS_PER_SEC`] times per second.
    pub(crate) fn progress(&mut self, step: u64, steps: u64, images_per_sec: Option<f64>) {
        let gap = Duration::from_secs_f64(1.0 / PROGRESS_PER_SEC);
        let is_due = self.last_progress.is_none_or(|last| last.elapsed() >= gap);
        if is_due || step == steps {
            self.last_progress = Some(Instant::now());
            self.send(&Event::Progress {
                step,
                steps,
                images_per_sec,
            });
        }
    }
}
