//! Errors that end a whole order.

use thiserror::Error;
use unravel_data::{GridError, NpzError};
use unravel_metrics::MetricError;
use unravel_metrics::metrics::udr::UdrError;
use unravel_model::error::ModelError;
use unravel_store::StoreError;
use unravel_store::protocol::FailureCause;
use unravel_sweep::TrialId;

/// An error of a worker.
#[derive(Debug, Error)]
pub enum WorkerError {
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The npz file with the observations is not usable.
    #[error(transparent)]
    Npz(#[from] NpzError),
    /// The sub-grid does not fit the observations.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The model does not fit its data or its weights.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A score that cannot be computed.
    #[error("cannot compute the {metric}: {source}")]
    Metric {
        /// The metric's name.
        metric: &'static str,
        /// The cause.
        source: MetricError,
    },
    /// A score over several trials that cannot be computed.
    #[error("cannot compute the {metric}: {source}")]
    CrossTrial {
        /// The metric's name.
        metric: &'static str,
        /// The cause.
        source: UdrError,
    },
    /// A trial without final weights.
    #[error(
        "trial {trial} is not trained: it is at step {step} of {steps}; `unravel run` continues it"
    )]
    NotTrained {
        /// The trial.
        trial: TrialId,
        /// Number of updates that are saved.
        step: u64,
        /// Number of updates of the whole training.
        steps: u64,
    },
    /// A trained trial without `trial.toml`.
    #[error(
        "trial {trial} has no `trial.toml`; `unravel run` on a sweep file with this trial recreates it"
    )]
    NoDescription {
        /// The trial.
        trial: TrialId,
    },
    /// Weights that do not fit the trial's architecture.
    #[error(
        "the weights of trial {trial} do not match its architecture: {source}; nothing was written; remove its \
         `model.safetensors`, then `unravel run` on a sweep file with this trial recreates it"
    )]
    Misfit {
        /// The trial.
        trial: TrialId,
        /// The array that does not fit.
        source: ModelError,
    },
    /// Observations that changed after planning.
    #[error(
        "the data changed: the trial was planned with content {planned}, but the data now has {found}; run the same command \
         again"
    )]
    DataChanged {
        /// Content at planning, as the trial records it.
        planned: String,
        /// Content now.
        found: String,
    },
    /// The device is not usable.
    #[error("{reason}")]
    Device {
        /// The whole message, a clause or a sentence.
        reason: String,
    },
    /// The cohort does not fit into the device's memory.
    #[error(
        "the cohort does not fit into the memory of the device ({reason}); use a smaller --cohort"
    )]
    OutOfMemory {
        /// The backend's message.
        reason: String,
    },
    /// The operating system refused a resource.
    #[error("{}", unravel_store::protocol::limit_sentence(reason))]
    Machine {
        /// A clause that names the resource.
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
    /// Whether the error affects one trial only, so that the order's other trials can continue.
    pub(crate) fn is_of_one_trial(&self) -> bool {
        matches!(self, Self::Metric { .. } | Self::Model(_))
    }

    /// The kind of failure, from which the orchestrator decides whether to retry.
    pub fn cause(&self) -> FailureCause {
        match self {
            Self::Store(error) if error.is_full() => FailureCause::DiskFull,
            // This process was suspended so long that another one took over its lock. The store itself works.
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
