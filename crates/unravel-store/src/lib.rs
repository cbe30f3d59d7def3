//! Trial folders on disk: atomic, versioned, lockable.
//!
//! A [`Store`] is a folder with one folder per trial, named by the trial's id. [`TrialFolder`] reads one; a
//! [`TrialWriter`] writes it, and only one process at a time has it. Whatever is read is verified first: a file that was
//! cut short, changed or moved here from another trial's folder is an error of its own kind, [`StoreError::Damaged`], and
//! the trial goes back to its last good state. Nothing here believes a path, a length or a name that a file holds.
//!
//! ```text
//! <store>/store.json                       the format version
//! <store>/<trial-id>/trial.toml            the trial
//!                    state.json            where it stands; made again from the other files when lost
//!                    train.csv             training curves
//!                    checkpoint.safetensors, checkpoint.previous.safetensors
//!                    model.safetensors     the final weights: their being there makes a trial trained; the checksum of train.csv
//!                    scores/<metric>.json  scores, with variant, grid, step and seeds, and the matrices behind them
//!                    pictures.npz          traversals, reconstructions, samples
//!                    probe.npz             means and log variances at fixed points, which scores over several trials read
//!                    codes.npz             those of every point, where they are kept
//!                    log.txt, lock
//! ```
//!
//! Scores that compare the trials of a setting are of no single one and live beside a report: [`CrossTrialFile`].
//!
//! [`protocol`] is what crosses between an orchestrator and its workers. This crate knows nothing about tensors, losses or
//! what a metric computes: it stores named arrays and named numbers.

mod disk;
mod disk_usage;
mod error;
pub mod export;
mod files;
pub mod protocol;
mod shorter_runs;
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
pub use protocol::{Event, Order};
pub use shorter_runs::ShorterRuns;
pub use store::{Store, TrialSummary};
pub use trial::completeness::{Check, Todo};
pub use trial::folder::TrialFolder;
pub use trial::progress::{Continuation, Reached, TrialProgress};
pub use trial::writer::TrialWriter;

pub use unravel_data::{Array, Arrays};
