//! Progress as plain lines, for logs.

use std::time::{Duration, Instant};

use super::state::RunState;
use crate::{stderr, stdout};

/// Time between two lines.
const EVERY: Duration = Duration::from_secs(15);

/// Prints a line at the start and at intervals.
pub struct Lines {
    last: Instant,
    n_settled: usize,
}

impl Lines {
    /// Prints the number of trials.
    pub fn new(state: &RunState) -> Self {
        let trials = stdout::count(state.n_trials, "trial");
        let before = before(state.n_done_before, state.n_failed_before);
        stderr::line(format_args!("{}: {trials}{before}", state.name));
        Self {
            last: Instant::now(),
            n_settled: state.n_settled,
        }
    }

    /// A line, if one is due.
    pub fn draw(&mut self, state: &RunState) {
        let is_last = state.n_settled == state.n_trials && self.n_settled < state.n_trials;
        if self.last.elapsed() < EVERY && !is_last {
            return;
        }
        self.last = Instant::now();
        self.n_settled = state.n_settled;
        let mut parts = vec![format!("{}/{} trials", state.n_settled, state.n_trials)];
        parts.extend(state.shown().into_iter().map(|(_, job)| {
            format!(
                "{}: {}/{} steps, {}",
                job.title,
                job.step,
                job.steps,
                job.doing()
            )
        }));
        parts.extend(state.not_shown());
        parts.extend(state.time_left().map(|left| format!("about {left} left")));
        stderr::line(parts.join(" · "));
    }
}

/// What an earlier run left: `, 5 already done, 1 failed before; …`.
fn before(n_done: usize, n_failed: usize) -> String {
    let done = match n_done {
        0 => String::new(),
        n => format!(", {n} already done"),
    };
    let failed = match n_failed {
        0 => String::new(),
        n => format!(", {n} failed before; pass --retry-failed to retry"),
    };
    done + &failed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_trials_do_not_count_as_done() {
        assert_eq!(before(0, 0), "");
        assert_eq!(before(5, 0), ", 5 already done");
        let failed = ", 6 failed before; pass --retry-failed to retry";
        assert_eq!(before(0, 6), failed);
        assert_eq!(before(2, 6), format!(", 2 already done{failed}"));
    }
}
