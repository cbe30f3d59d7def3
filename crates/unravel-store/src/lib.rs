//! Stores trials in folders on disk, with atomic writes, format versions and locks.
//!
//! A [`Store`] is a folder with one folder per trial, named by the trial's id. [`TrialFolder`] reads a trial folder.
//! [`TrialWriter`] writes it; only one process at a time can have it. Every file is verified when it is read: a file
//! that is truncated, changed or moved here from another trial's folder gives [`StoreError::Damaged`], and the trial
//! returns to its last valid state. Paths, lengths and names in files are not trusted.
//!
//! ```text
//! <store>/store.json                       the format version
//! <store>/<trial-id>/trial.toml            the trial's configuration
//!                    state.json            its state; recreated from the other files when lost
//!                    train.csv             training curves
//!                    checkpoint.safetensors, checkpoint.previous.safetensors
//!                    model.safetensors     the final weights (a trial with this file is trained), the checksum of train.csv
//!                    scores/<metric>.json  scores, with variant, grid, step and seeds, and the matrices behind them
//!                    pictures.npz          traversals, reconstructions, samples
//!                    probe.npz             means and log variances at fixed points, which scores over several trials read
//!                    codes.npz             means and log variances at every point, with --keep-codes
//!                    log.txt, lock
//! ```
//!
//! Scores that compare the trials of a setting do not belong to one trial and are stored beside a report:
//! [`CrossTrialFile`].
//!
//! [`protocol`] defines the messages between an orchestrator and its workers. This crate does not depend on tensors,
//! losses or metrics: it stores named arrays and named numbers.

mod disk;
mod disk_usage;
mod error;
pub mod export;
mod files;
mod other_lengths;
pub mod protocol;
mod store;
mod trial;

pub use disk::format::{FILE_FORMAT, STORE_FORMAT};
pub use disk::holding::{Holding, LEASE, LastSign, LockHolder};
pub use disk_usage::DiskUsage;
pub use error::{Recovered, StoreError, none_if_damaged};
pub use files::checkpoint::{Checkpoint, Model};
pub use files::codes::Codes;
pub use files::cross_trial::{CrossTrialFile, CrossTrialScore};
pub use files::layout::FileKind;
pub use files::pictures::Pictures;
pub use files::scores::{ScoreFile, ScoreMatrix};
pub use files::state::{Status, TrialState};
pub use files::train_log::TrainLog;
pub use other_lengths::OtherLengths;
pub use protocol::{Event, Order};
pub use store::Store;
pub use trial::completeness::{Check, Todo};
pub use trial::folder::TrialFolder;
pub use trial::progress::{Continuation, Reached, TrialProgress};
pub use trial::writer::TrialWriter;

pub use unravel_data::{Array, Arrays};
