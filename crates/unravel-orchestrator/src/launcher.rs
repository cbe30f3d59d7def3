//! Starts cohorts and reports their events: processes on this machine, or jobs of a cluster.
//!
//! A launcher does not depend on plan, store or retries. It starts, stops and kills jobs. Everything that happens to a
//! job, including a failure to start, is returned by [`Launcher::poll`] in batches. So a launcher can delay starts
//! until the next `poll` and submit them together, and it can query a cluster about all jobs at once.

use std::fmt;
use std::time::Duration;

use unravel_store::protocol::{Event, Order};
use unravel_sweep::TrialId;

use crate::device::Slot;

/// One attempt at one cohort; never used twice within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// A job of an earlier run that is still queued or running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Its number in this run.
    pub job: JobId,
    /// The trials of its order.
    pub trials: Vec<TrialId>,
}

/// Starts cohorts and reports on them.
pub trait Launcher {
    /// Adopts the jobs that an earlier run started and that still exist. Their events are reported like those of
    /// started jobs. Called once, before any start. The jobs are numbered from `first`.
    fn adopt(&mut self, first: JobId) -> Vec<Adopted> {
        let _ = first;
        Vec::new()
    }

    /// Starts a worker for `order` on `slot`. Does not block. [`Launcher::poll`] reports a failure as an [`Ending`].
    fn start(&mut self, job: JobId, slot: &Slot, order: &Order);

    /// Waits for events, at most for `timeout`, and returns all of them, in order for each job. Every started job ends
    /// exactly once.
    fn poll(&mut self, timeout: Duration) -> Vec<(JobId, Report)>;

    /// Asks a job to write its checkpoint and end. Ignores unknown and ended jobs.
    fn stop(&mut self, job: JobId);

    /// Kills a job. [`Launcher::poll`] still returns its [`Ending`].
    fn kill(&mut self, job: JobId);
}

/// An event of a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It runs. A launcher with a queue reports this when the job leaves the queue. The time limit for silence starts
    /// here.
    Started,
    /// An event of its worker.
    Event(Event),
    /// It has ended; this is its last event.
    Ended(Ending),
}

/// How a job ended, and the last lines of its worker on stderr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How it ended.
    pub how: How,
    /// The last lines of its stderr, oldest first.
    pub last_lines: Vec<String>,
}

/// The ways in which a job ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It never ran, for this reason.
    NotStarted(String),
    /// Its worker returned this exit status.
    Exited(i32),
    /// This signal ended its worker.
    Signalled(i32),
    /// Unknown; the reason says why it can no longer be observed.
    Lost(String),
    /// Its machine failed or was assigned to another job. This does not count as a crash of its trials.
    TakenAway(String),
}

/// A clause such as `the worker exited with status 3`.
impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotStarted(reason) => write!(f, "the worker did not start: {reason}"),
            Self::Exited(0) => f.write_str("the worker exited before it was done"),
            Self::Exited(status) => write!(f, "the worker exited with status {status}"),
            Self::Signalled(signal) => match signal_name(*signal) {
                Some(name) => write!(f, "the worker was ended by signal {signal} ({name})"),
                None => write!(f, "the worker was ended by signal {signal}"),
            },
            Self::Lost(reason) => write!(f, "the worker was lost: {reason}"),
            Self::TakenAway(reason) => write!(f, "the worker was taken away: {reason}"),
        }
    }
}

/// Names of the signals that usually end workers; their numbers are equal on all Unix systems.
fn signal_name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        4 => "SIGILL",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL, as when memory runs out",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        _ => return None,
    })
}

impl Ending {
    /// The reason to record for a trial that failed with this ending: how the job ended and its last lines.
    #[must_use]
    pub fn reason(&self) -> String {
        with_last_lines(&self.how.to_string(), &self.last_lines)
    }
}

/// `clause`, followed by the lines if there are any.
pub(crate) fn with_last_lines(clause: &str, lines: &[String]) -> String {
    if lines.is_empty() {
        return clause.to_owned();
    }
    format!("{clause}; its last words: {}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_names_the_end_and_the_last_words() {
        let ending = |how, last_lines: &[&str]| Ending {
            how,
            last_lines: last_lines.iter().map(|&line| line.to_owned()).collect(),
        };
        assert_eq!(
            ending(How::Exited(3), &["reading", "no space left"]).reason(),
            "the worker exited with status 3; its last words: reading\nno space left"
        );
        assert_eq!(
            ending(How::Signalled(9), &[]).reason(),
            "the worker was ended by signal 9 (SIGKILL, as when memory runs out)"
        );
        assert_eq!(
            ending(How::Signalled(64), &[]).reason(),
            "the worker was ended by signal 64"
        );
    }
}
