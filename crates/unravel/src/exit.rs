//! Exit codes, and failures on their way to one.

use std::fmt::Display;
use std::process::ExitCode;

use unravel_orchestrator::device::DeviceError;
use unravel_report::ReportError;
use unravel_store::StoreError;
use unravel_store::protocol::{lack, limit_sentence};
use unravel_worker::WorkerError;

use crate::faults::SweepFaults;
use crate::say;

/// What the program returns to the shell. Part of its interface: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All well.
    Success = 0,
    /// A check said no.
    CheckFailed = 1,
    /// The command line asks for what cannot be.
    Usage = 2,
    /// The sweep file, or the data it names, is not right.
    BadSweep = 3,
    /// Some trials failed, or were left undone.
    TrialsFailed = 4,
    /// The store, or a folder to write to, cannot be used, or the machine gives too little.
    BadStore = 5,
    /// Interrupted by the user.
    Interrupted = 130,
    /// Who read the results went away before the end; what a shell reports of a program that SIGPIPE ended.
    ReaderIsGone = 141,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a verb could not do its work: a sentence and an exit code.
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
        // A sweep file that cannot be opened for want of descriptors is no bad sweep file.
        match lack(&sentence) {
            Some(_) => Self::limit(sentence),
            None => Self {
                exit,
                what: What::Sentence(sentence),
            },
        }
    }

    /// The machine gives too little: threads, processes, open files, memory.
    pub fn limit(reason: impl Display) -> Self {
        Self {
            exit: Exit::BadStore,
            what: What::Sentence(limit_sentence(&reason.to_string())),
        }
    }

    /// The command line asks for what cannot be.
    pub fn usage(sentence: impl Display) -> Self {
        Self::new(Exit::Usage, sentence)
    }

    /// Nobody reads the results any more, so there is nobody to tell either.
    pub fn reader_is_gone() -> Self {
        Self {
            exit: Exit::ReaderIsGone,
            what: What::Nothing,
        }
    }

    /// The faults of a sweep file as JSON values; one value with the sentence for anything else.
    pub fn faults_json(&self) -> Vec<serde_json::Value> {
        match &self.what {
            What::Nothing => Vec::new(),
            What::Sentence(sentence) => vec![serde_json::json!({ "message": sentence })],
            What::Faults(faults) => faults.to_json(),
        }
    }

    /// Prints itself to stderr.
    pub fn print(&self) {
        match &self.what {
            What::Nothing => {}
            What::Sentence(sentence) => say::error(sentence),
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
