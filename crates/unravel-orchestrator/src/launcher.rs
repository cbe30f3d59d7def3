//! What starts cohorts and says what becomes of them: processes here, or jobs of a cluster.
//!
//! A launcher knows no plan, no store and no retry. It is told to start, stop and kill jobs, and everything
//! that happens to them, failures to start included, comes back through one call, [`Launcher::poll`], in
//! batches. So a launcher may hold starts back until the next `poll` and submit them together, and may ask a
//! cluster about all of its jobs at once.

use std::fmt;
use std::time::Duration;

use unravel_store::protocol::{Event, Order};
use unravel_sweep::TrialId;

use crate::device::Slot;

/// One attempt at one cohort; never used twice within a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JobId(pub u64);

/// A job of an earlier run that still waits or runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adopted {
    /// Its number in this run.
    pub job: JobId,
    /// The trials that it was ordered to work on.
    pub trials: Vec<TrialId>,
}

/// Starts cohorts and reports on them.
pub trait Launcher {
    /// Jobs that an earlier run started and that outlived it; from now on each is reported on like a started one.
    /// Called once, before anything is started; numbers are given from `first` on.
    fn adopt(&mut self, first: JobId) -> Vec<Adopted> {
        let _ = first;
        Vec::new()
    }

    /// Starts a worker for `order` on `slot`. Returns at once; a failure is reported by [`Launcher::poll`] as
    /// an [`Ending`], like every other end.
    fn start(&mut self, job: JobId, slot: &Slot, order: &Order);

    /// Waits until something has happened, at most for `timeout`, and returns all that has, in the order in
    /// which it happened to each job. Every started job ends exactly once.
    fn poll(&mut self, timeout: Duration) -> Vec<(JobId, Report)>;

    /// Asks a job to write its checkpoint and end. Unknown and ended jobs are ignored.
    fn stop(&mut self, job: JobId);

    /// Ends a job at once. Its [`Ending`] still comes by [`Launcher::poll`].
    fn kill(&mut self, job: JobId);
}

/// What has happened to a job.
#[derive(Clone, Debug, PartialEq)]
pub enum Report {
    /// It runs. A launcher with a queue says so when the job leaves the queue; silence counts from here.
    Started,
    /// Its worker said something.
    Event(Event),
    /// It is over; nothing follows.
    Ended(Ending),
}

/// How a job ended, and the last that its worker wrote on stderr.
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
    /// Nobody knows; the reason says how it was lost from sight.
    Lost(String),
    /// Its machine failed or was given to somebody else; its trials are not to blame.
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

/// Names of the signals that end workers in practice; their numbers are the same on all Unix systems.
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
    /// The reason to write down for a trial that this ending cost: how it ended and its last words.
    #[must_use]
    pub fn reason(&self) -> String {
        with_last_lines(&self.how.to_string(), &self.last_lines)
    }
}

/// `clause`, followed by the lines where there are any.
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
