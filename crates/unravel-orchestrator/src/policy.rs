//! The time limits and retries of a run, its clock and its interrupt flag.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// Time limits and numbers of attempts of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Number of consecutive crashes without a later checkpoint after which a trial has failed; at least 1.
    pub max_crashes: u32,
    /// The same for workers that ended because of their machine, such as preemption; at least 1.
    pub max_evictions: u32,
    /// Wait after the first crash; doubles with each further crash.
    pub first_backoff: Duration,
    /// The longest wait after a crash.
    pub max_backoff: Duration,
    /// A worker without events for this time is killed, which counts as a crash.
    pub max_silence: Duration,
    /// Time between asking workers to stop and killing them.
    pub stop_grace: Duration,
    /// Time after killing a worker until its slot is given up if it has not ended.
    pub kill_grace: Duration,
    /// Time between two checks of a trial that another run holds.
    pub held_interval: Duration,
    /// Number of consecutive trials that failed by crashes, with none done between them, after which the run is given
    /// up: the cause is then the machine.
    pub max_failures_in_a_row: usize,
    /// The time on the run's clock at which the run stops: workers are asked to save and end, and the next run
    /// continues.
    pub stop_at: Option<Duration>,
    /// Interval between two checks of the interrupt flag. Events are handled immediately.
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

/// Counts the interrupts by the user: the first stops the run, the second kills the workers. Clones share the count, so
/// another thread can raise it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicUsize>);

impl Interrupt {
    /// Adds an interrupt.
    pub fn raise(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    /// The number of interrupts.
    #[must_use]
    pub fn n_raised(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// A monotonic clock.
pub trait Clock {
    /// The time since a fixed moment.
    fn now(&self) -> Duration;
}

/// The clock of the machine.
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
