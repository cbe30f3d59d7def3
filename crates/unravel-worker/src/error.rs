//! Why an order fails as a whole.

use thiserror::Error;
use unravel_data::{GridError, NpzError};
use unravel_metrics::MetricError;
use unravel_metrics::metrics::udr::UdrError;
use unravel_model::error::ModelError;
use unravel_store::StoreError;
use unravel_store::protocol::FailureCause;
use unravel_sweep::TrialId;

/// What a worker can stumble over.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The npz with the observations.
    #[error(transparent)]
    Npz(#[from] NpzError),
    /// The sub-grid.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The network.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A score.
    #[error("cannot compute the {metric}: {source}")]
    Metric {
        /// The metric's name.
        metric: &'static str,
        /// Why.
        source: MetricError,
    },
    /// A score over several trials.
    #[error("cannot compute the {metric}: {source}")]
    CrossTrial {
        /// The metric's name.
        metric: &'static str,
        /// Why.
        source: UdrError,
    },
    /// A trial that has no final weights yet.
    #[error(
        "trial {trial} is not trained: it is at step {step} of {steps}; `unravel run` continues it"
    )]
    NotTrained {
        /// The trial.
        trial: TrialId,
        /// Updates done and saved.
        step: u64,
        /// Updates asked for.
        steps: u64,
    },
    /// A trained trial whose `trial.toml` is not there.
    #[error(
        "trial {trial} has no `trial.toml`; `unravel run` on a sweep file with this trial recreates it"
    )]
    NoDescription {
        /// The trial.
        trial: TrialId,
    },
    /// Weights that are not of the trial's architecture.
    #[error(
        "the weights of trial {trial} do not match its architecture: {source}; nothing was written; remove its \
         `model.safetensors`, then `unravel run` on a sweep file with this trial recreates it"
    )]
    Misfit {
        /// The trial.
        trial: TrialId,
        /// Which of them, and why.
        source: ModelError,
    },
    /// Observations that are not those that the trial was planned with.
    #[error(
        "the data changed: the trial was planned with content {planned}, but the data now has {found}; run the same command \
         again"
    )]
    DataChanged {
        /// Content named by the trial.
        planned: String,
        /// Content found.
        found: String,
    },
    /// No device to compute on.
    #[error("{reason}")]
    Device {
        /// One clause or sentence that says why.
        reason: String,
    },
    /// The cohort does not fit into the device's memory.
    #[error(
        "the cohort does not fit into the memory of the device ({reason}); use a smaller --cohort"
    )]
    OutOfMemory {
        /// What the backend said.
        reason: String,
    },
    /// A limit of the machine.
    #[error("{}", unravel_store::protocol::limit_sentence(reason))]
    Machine {
        /// One clause that says what could not be had.
        reason: String,
    },
    /// An order for a metric that this build does not compute.
    #[error(
        "this build has no metric `{name}`; use the same version of unravel for `run` and its workers"
    )]
    UnknownMetric {
        /// Its name.
        name: String,
    },
}

impl WorkerError {
    /// Whether another trial of the same order may still go well.
    pub(crate) fn is_of_one_trial(&self) -> bool {
        matches!(self, Self::Metric { .. } | Self::Model(_))
    }

    /// What kind of failure this is, for whoever may try again.
    pub fn cause(&self) -> FailureCause {
        match self {
            Self::Store(error) if error.is_full() => FailureCause::DiskFull,
            // This process stood still so long that another took the trial over; the store itself is fine.
            Self::Store(error) if error.is_held() => FailureCause::Internal,
            Self::Store(_) => FailureCause::Store,
            Self::Npz(_) | Self::Grid(_) | Self::DataChanged { .. } => FailureCause::Data,
            Self::Device { .. } => FailureCause::Device,
            Self::OutOfMemory { .. } => FailureCause::OutOfMemory,
            Self::Machine { .. } => FailureCause::Machine,
            Self::Model(_)
            | Self::Metric { .. }
            | Self::UnknownMetric { .. }
            | Self::CrossTrial { .. }
            | Self::NoDescription { .. }
            | Self::Misfit { .. }
            | Self::NotTrained { .. } => FailureCause::Internal,
        }
    }
}
