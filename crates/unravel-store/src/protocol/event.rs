//! What a worker says while it works: one JSON object a line.

use serde::{Deserialize, Serialize};
use unravel_score::{MetricName, VariantName};
use unravel_sweep::TrialId;

/// What a worker is busy with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Opening the data and the device, reading checkpoints.
    Preparing,
    /// Training.
    Training,
    /// Encoding the grid into codes.
    Encoding,
    /// Taking scores.
    Scoring,
    /// Drawing traversals, reconstructions and samples.
    Drawing,
}

impl Phase {
    /// The word in lines and on a terminal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preparing => "preparing",
            Self::Training => "training",
            Self::Encoding => "encoding",
            Self::Scoring => "scoring",
            Self::Drawing => "drawing",
        }
    }
}

/// Why a whole order failed, so that the orchestrator knows whether another try can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureCause {
    /// The device is missing or broke; another one may do.
    Device,
    /// The cohort does not fit into memory; a smaller one may.
    OutOfMemory,
    /// The store cannot be read or written; nothing will do until a person mends it.
    Store,
    /// The disk is full; as [`Store`](Self::Store).
    DiskFull,
    /// The observations cannot be read; as [`Store`](Self::Store).
    Data,
    /// The machine gives no more threads, processes, open files or memory; as [`Store`](Self::Store).
    Machine,
    /// Anything else; another try may do.
    Internal,
}

/// One line of a worker's standard output.
///
/// The last line of a worker that was not killed is [`Finished`](Self::Finished), [`Stopped`](Self::Stopped) or
/// [`Failed`](Self::Failed). Trials that were done already are reported as [`TrialDone`](Self::TrialDone) too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line: who works on what.
    Started {
        /// The worker's process id on its host.
        pid: u32,
        /// The host's name.
        host: String,
        /// The device with its instruction set, as it goes into the trials' states.
        device: String,
    },
    /// The worker turned to something else.
    Phase {
        /// What it does now.
        phase: Phase,
        /// The trial it does it for; none when it is for the cohort.
        trial: Option<TrialId>,
    },
    /// Training went on; at most a few of these a second.
    Progress {
        /// Updates done, of the cohort's trials alike.
        step: u64,
        /// Updates asked for.
        steps: u64,
        /// Images trained on per second, over all trials of the cohort; none until it is known.
        images_per_sec: Option<f64>,
    },
    /// A score is begun: one metric in one variant, with one evaluation seed.
    Scoring {
        /// The trial.
        trial: TrialId,
        /// The metric.
        metric: MetricName,
        /// The variant.
        variant: VariantName,
        /// How many are done of those that are taken of the same codes.
        done: usize,
        /// Of how many.
        total: usize,
    },
    /// The state of the cohort's trials up to this step is on the disk.
    Saved {
        /// The step of the checkpoint.
        step: u64,
    },
    /// A trial is trained and scored as ordered.
    TrialDone {
        /// The trial.
        id: TrialId,
    },
    /// A trial failed, and its state says so; the others go on.
    TrialFailed {
        /// The trial.
        id: TrialId,
        /// Why, in one sentence: the step and the term that broke.
        reason: String,
    },
    /// A trial was left alone, since another process is at it.
    TrialHeld {
        /// The trial.
        id: TrialId,
        /// Who is at it.
        holder: String,
    },
    /// The worker is alive.
    Heartbeat,
    /// A sentence for people.
    Log {
        /// The sentence.
        message: String,
    },
    /// Every trial of the order is done, failed or held.
    Finished,
    /// The worker was asked to stop; everything up to the last step is saved.
    Stopped,
    /// The order as a whole failed; trials not reported before are as they were.
    Failed {
        /// What kind of failure.
        cause: FailureCause,
        /// Why, in one sentence.
        reason: String,
    },
}

/// A line that is no event, such as something that a library printed.
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
