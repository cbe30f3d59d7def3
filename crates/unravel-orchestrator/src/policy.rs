//! How patient a run is, and the two things it needs from outside: a clock and a way to be interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How patient a run is with its workers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Crashes in a row, with no checkpoint further on between them, after which a trial has failed; at least 1.
    pub max_crashes: u32,
    /// The same for workers that were taken away by no fault of their trials; at least 1.
    pub max_evictions: u32,
    /// Wait after the first crash; doubles with each further one.
    pub first_backoff: Duration,
    /// The longest wait after a crash.
    pub max_backoff: Duration,
    /// A worker that says nothing for so long hangs: it is killed, which counts as a crash.
    pub max_silence: Duration,
    /// From asking workers to stop to killing them.
    pub stop_grace: Duration,
    /// From killing a worker to leaving it, and its slot, alone.
    pub kill_grace: Duration,
    /// Between two looks at a trial that another run holds.
    pub held_interval: Duration,
    /// Trials that crashes made fail in a row, with none done between them, after which the run is given up: the
    /// fault then lies with the machine.
    pub max_failures_in_a_row: usize,
    /// When to stop by itself, by the run's clock: workers are asked to save and end, and what is left is for the next run.
    pub stop_at: Option<Duration>,
    /// How often the interrupt flag is looked at. Events are handled as they come.
    pub tick: Duration,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            max_crashes: 3,
            max_evictions: 20,
            first_backoff: Duration::from_secs(1),
            max_backoff: Duration::from_secs(60),
            max_silence: Duration::from_secs(60),
            stop_grace: Duration::from_secs(10),
            kill_grace: Duration::from_secs(5),
            held_interval: Duration::from_secs(2),
            max_failures_in_a_row: 10,
            stop_at: None,
            tick: Duration::from_millis(50),
        }
    }
}

impl Policy {
    /// The wait after the `n_crashes`-th crash in a row (from 1).
    #[must_use]
    pub fn backoff(&self, n_crashes: u32) -> Duration {
        let doublings = n_crashes.saturating_sub(1).min(20);
        self.first_backoff
            .saturating_mul(1 << doublings)
            .min(self.max_backoff)
    }
}

/// Counts how often the user has asked the run to end: once, it stops; twice, it ends at once. Clones share the
/// count, so one can be raised by a signal handler's thread.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Asks (once more) to end.
    pub fn raise(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// How often it was asked.
    #[must_use]
    pub fn n_raised(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Time since some fixed moment; never goes back.
pub trait Clock {
    /// The time now.
    fn now(&self) -> Duration;
}

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_up_to_its_longest() {
        let policy = Policy::default();
        let secs: Vec<u64> = [1, 2, 3, 7, 1000]
            .map(|n| policy.backoff(n).as_secs())
            .to_vec();
        assert_eq!(secs, [1, 2, 4, 60, 60]);
    }
}
