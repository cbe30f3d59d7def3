//! Exit codes, and the failures that lead to them.

use std::fmt::Display;
use std::process::ExitCode;

use unravel_orchestrator::device::DeviceError;
use unravel_report::ReportError;
use unravel_store::StoreError;
use unravel_store::protocol::{lack, limit_sentence};
use unravel_worker::WorkerError;

use crate::stderr;
use crate::sweep_errors::SweepFaults;

/// The exit code of the program. Part of the interface: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Success.
    Success = 0,
    /// A check failed.
    CheckFailed = 1,
    /// The command line is invalid.
    Usage = 2,
    /// The sweep file or its data is invalid.
    BadSweep = 3,
    /// Some trials failed or are unfinished.
    TrialsFailed = 4,
    /// The store or the output cannot be written, or a limit of the machine is reached.
    BadStore = 5,
    /// Interrupted by the user.
    Interrupted = 130,
    /// The reader of stdout closed it. Shells report the same code for a program that SIGPIPE ended.
    ReaderIsGone = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb failed: a sentence and an exit code.
#[derive(Debug)]
pub struct Failure {
    pub exit: Exit,
    what: What,
}

#[derive(Debug)]
enum What {
    Nothing,
    Sentence(String),
    Faults(SweepFaults),
}

impl Failure {
    /// A failure with a sentence for the user.
    pub fn new(exit: Exit, sentence: impl Display) -> Self {
        let sentence = sentence.to_string();
        // A sweep file that cannot be opened because of a limit is not an invalid sweep file.
        match lack(&sentence) {
            Some(_) => Self::limit(sentence),
            None => Self {
                exit,
                what: What::Sentence(sentence),
            },
        }
    }

    /// A limit of the machine is reached: threads, processes, open files, memory.
    pub fn limit(reason: impl Display) -> Self {
        Self {
            exit: Exit::BadStore,
            what: What::Sentence(limit_sentence(&reason.to_string())),
        }
    }

    /// The command line is invalid.
    pub fn usage(sentence: impl Display) -> Self {
        Self::new(Exit::Usage, sentence)
    }

    /// The reader of stdout closed it. Prints nothing.
    pub fn reader_is_gone() -> Self {
        Self {
            exit: Exit::ReaderIsGone,
            what: What::Nothing,
        }
    }

    /// The errors of a sweep file as JSON values, or one value with the sentence for any other failure.
    pub fn faults_json(&self) -> Vec<serde_json::Value> {
        match &self.what {
            What::Nothing => Vec::new(),
            What::Sentence(sentence) => vec![serde_json::json!({ "message": sentence })],
            What::Faults(faults) => faults.to_json(),
        }
    }

    /// Prints the failure to stderr.
    pub fn print(&self) {
        match &self.what {
            What::Nothing => {}
            What::Sentence(sentence) => stderr::error(sentence),
            What::Faults(faults) => faults.print(),
        }
    }
}

impl From<SweepFaults> for Failure {
    fn from(faults: SweepFaults) -> Self {
        Self {
            exit: Exit::BadSweep,
            what: What::Faults(faults),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(Exit::BadStore, error)
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Self {
        Self::usage(error)
    }
}

impl From<ReportError> for Failure {
    fn from(error: ReportError) -> Self {
        let exit = match error {
            ReportError::UnknownFigure { .. } | ReportError::UnknownEnding { .. } => Exit::Usage,
            _ => Exit::BadStore,
        };
        Self::new(exit, error)
    }
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        let exit = match error {
            WorkerError::Store(_)
            | WorkerError::NoDescription { .. }
            | WorkerError::Misfit { .. } => Exit::BadStore,
            WorkerError::Npz(_) | WorkerError::Grid(_) | WorkerError::Model(_) => Exit::BadSweep,
            _ => Exit::TrialsFailed,
        };
        Self::new(exit, error)
    }
}
