//! Where a worker's events go, and how it hears that it should stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use unravel_store::protocol::Phase;
use unravel_store::{Event, Recovered};
use unravel_sweep::TrialId;

/// At most this many progress events a second.
const PROGRESS_PER_SEC: f64 = 4.0;

/// Tells of a worker's progress, and asks whether to go on.
pub struct Reporter<'a> {
    emit: &'a mut dyn FnMut(&Event),
    stop: &'a AtomicBool,
    heartbeat_every: Duration,
    last_event: Instant,
    last_progress: Option<Instant>,
}

impl<'a> Reporter<'a> {
    /// Events go to `emit`; the worker stops at the next step once `stop` is set.
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

    /// Whether to save and stop.
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

    /// The value; each sentence about what had to be recovered is logged.
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

    /// A heartbeat, if nothing was said for a while. Called from the work itself, so that a worker that hangs falls
    /// silent.
    pub(crate) fn alive(&mut self) {
        if self.heartbeat_every <= self.last_event.elapsed() {
            self.send(&Event::Heartbeat);
        }
    }

    /// Progress of training, not more often than anybody can read.
    pub(crate) fn progress(&mut self, step: u64, steps: u64, images_per_sec: Option<f64>) {
        let gap = Duration::from_secs_f64(1.0 / PROGRESS_PER_SEC);
        let is_due = self.last_progress.is_none_or(|last| gap <= last.elapsed());
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
