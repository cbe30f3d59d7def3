//! Progress as plain lines, for logs.

use std::time::{Duration, Instant};

use super::state::RunState;
use crate::{output, say};

/// Time between two lines.
const EVERY: Duration = Duration::from_secs(15);

/// Prints a line at the start and every so often.
pub struct Lines {
    last: Instant,
    n_settled: usize,
}

impl Lines {
    /// Says what there is to do.
    pub fn new(state: &RunState) -> Self {
        let trials = output::count(state.n_trials, "trial");
        let done = match state.n_settled {
            0 => String::new(),
            n => format!(", {n} of them done"),
        };
        say::line(format_args!("{}: {trials}{done}", state.name));
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
        say::line(parts.join(" · "));
    }
}
