//! The events of a worker: one JSON object per line.

use serde::{Deserialize, Serialize};
use unravel_score::{MetricName, VariantName, named};
use unravel_sweep::TrialId;

named! {
    /// The phase of a worker.
    pub enum Phase {
        /// Opening the data and the device, reading checkpoints.
        Preparing = "preparing",
        /// Training.
        Training = "training",
        /// Encoding the grid into codes.
        Encoding = "encoding",
        /// Computing scores.
        Scoring = "scoring",
        /// Drawing traversals, reconstructions and samples.
        Drawing = "drawing",
    }
}

/// Why a complete order failed, so that the orchestrator can decide whether to retry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCause {
    /// The device is missing or failed; another device may work.
    Device,
    /// The cohort does not fit into memory; a smaller cohort may.
    OutOfMemory,
    /// The store cannot be read or written; a retry does not help until the user corrects this.
    Store,
    /// The disk is full; a retry does not help.
    DiskFull,
    /// The data cannot be read; a retry does not help.
    Data,
    /// A limit of threads, processes, open files or memory is reached; a retry does not help.
    Machine,
    /// Any other reason; a retry may help.
    Internal,
}

/// One event of a worker.
///
/// The last line of a worker that was not killed is [`Finished`](Self::Finished), [`Stopped`](Self::Stopped) or
/// [`Failed`](Self::Failed). Trials that were done before are also reported as [`TrialDone`](Self::TrialDone).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line: the worker and its device.
    Started {
        /// The worker's process id on its host.
        pid: u32,
        /// The host's name.
        host: String,
        /// The device with its instruction set, as stored in the trials' states.
        device: String,
    },
    /// The phase of the worker changed.
    Phase {
        /// The new phase.
        phase: Phase,
        /// The trial of the phase; none for the whole cohort.
        trial: Option<TrialId>,
    },
    /// Progress of the training; at most a few per second.
    Progress {
        /// Steps done, the same for all trials of the cohort.
        step: u64,
        /// Steps of the trials.
        steps: u64,
        /// Training images per second, over all trials of the cohort; none until it is known.
        images_per_sec: Option<f64>,
    },
    /// The computation of a score starts: one metric in one variant, with one evaluation seed.
    Scoring {
        /// The trial.
        trial: TrialId,
        /// The metric.
        metric: MetricName,
        /// The variant.
        variant: VariantName,
        /// The number of scores done from the same codes.
        done: usize,
        /// The number of scores from the same codes.
        total: usize,
    },
    /// The checkpoints of the cohort's trials at this step are on the disk.
    Saved {
        /// The step of the checkpoint.
        step: u64,
    },
    /// A trial is trained and scored as ordered.
    TrialDone {
        /// The trial.
        id: TrialId,
    },
    /// A trial failed, and its state has the reason; the others continue.
    TrialFailed {
        /// The trial.
        id: TrialId,
        /// The reason in one sentence, such as the step and the term that is not finite.
        reason: String,
    },
    /// A trial was skipped because another process holds its lock.
    TrialHeld {
        /// The trial.
        id: TrialId,
        /// The holder of the lock.
        holder: String,
    },
    /// The worker is alive.
    Heartbeat,
    /// A sentence for people.
    Log {
        /// The sentence.
        message: String,
    },
    /// Every trial of the order is done, failed or locked by another process.
    Finished,
    /// The worker was asked to stop, and saved the last step.
    Stopped,
    /// The complete order failed; trials that were not reported before are unchanged.
    Failed {
        /// What kind of failure.
        cause: FailureCause,
        /// Why, in one sentence.
        reason: String,
    },
}

/// A line that is not an event, such as output of a library.
#[derive(Debug, thiserror::Error)]
#[error("not an event of a worker ({source}): `{line}`")]
pub struct EventError {
    /// The beginning of the line.
    line: String,
    #[source]
    source: serde_json::Error,
}

impl Event {
    /// The event as one line, without its end.
    pub fn to_line(&self) -> String {
        serde_json::to_string(self).expect("an event has only strings and numbers")
    }

    /// Reads one line.
    ///
    /// # Errors
    /// [`EventError`] with the beginning of the line.
    pub fn from_line(line: &str) -> Result<Self, EventError> {
        serde_json::from_str(line).map_err(|source| EventError {
            line: line.chars().take(200).collect(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(event: &Event, line: &str) {
        assert_eq!(event.to_line(), line);
        assert_eq!(&Event::from_line(line).unwrap(), event);
    }

    #[test]
    fn events_are_one_line_each() {
        check(&Event::Heartbeat, r#"{"event":"heartbeat"}"#);
        check(
            &Event::Progress {
                step: 20,
                steps: 100,
                images_per_sec: Some(812.5),
            },
            r#"{"event":"progress","step":20,"steps":100,"images_per_sec":812.5}"#,
        );
        check(
            &Event::TrialDone {
                id: "0123456789abcdef".parse().unwrap(),
            },
            r#"{"event":"trial-done","id":"0123456789abcdef"}"#,
        );
        check(
            &Event::Failed {
                cause: FailureCause::OutOfMemory,
                reason: "two\nlines".to_owned(),
            },
            r#"{"event":"failed","cause":"out-of-memory","reason":"two\nlines"}"#,
        );
        check(
            &Event::Failed {
                cause: FailureCause::Machine,
                reason: "no thread".to_owned(),
            },
            r#"{"event":"failed","cause":"machine","reason":"no thread"}"#,
        );
        check(
            &Event::Phase {
                phase: Phase::Scoring,
                trial: None,
            },
            r#"{"event":"phase","phase":"scoring","trial":null}"#,
        );
    }

    #[test]
    fn a_rate_that_is_no_number_is_an_unknown_rate() {
        let event = Event::Progress {
            step: 0,
            steps: 1,
            images_per_sec: Some(f64::NAN),
        };
        let read = Event::from_line(&event.to_line()).unwrap();
        assert_eq!(
            read,
            Event::Progress {
                step: 0,
                steps: 1,
                images_per_sec: None
            }
        );
    }

    #[test]
    fn other_lines_are_shown_and_not_believed() {
        for line in [
            "warning: something",
            r#"{"event":"unheard-of"}"#,
            r#"{"event":"trial-done","id":"../.."}"#,
        ] {
            let error = Event::from_line(line).unwrap_err().to_string();
            assert!(error.contains(line), "{error}");
        }
    }
}
