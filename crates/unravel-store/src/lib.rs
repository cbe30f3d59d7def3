//! Trial folders on disk: atomic, versioned, lockable.
//!
//! A [`Store`] is a folder with one folder per trial, named by the trial's id. [`TrialFolder`] reads one; a
//! [`TrialLock`] writes it, and only one process at a time has it. Whatever is read is verified first: a file that was
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
//! [`order`] is what crosses between an orchestrator and its workers. This crate knows nothing about tensors, losses or
//! what a metric computes: it stores named arrays and named numbers.

mod abandoned;
mod atomic;
mod checkpoint;
mod codes;
mod completeness;
mod cross_trial;
mod curves;
mod error;
pub mod export;
mod faults;
mod folders;
mod format;
mod layout;
mod lock;
mod npz;
pub mod order;
mod pictures;
mod relatives;
mod restore;
mod scores;
mod sealed;
mod state;
mod store;
mod tensor_file;
mod tidy;
mod train_log;
mod trial_folder;
mod trial_lock;
mod weight;

pub use checkpoint::{Checkpoint, Model};
pub use codes::Codes;
pub use completeness::{Check, Todo};
pub use cross_trial::{CrossTrialFile, CrossTrialScore};
pub use error::{Recovered, StoreError, absent_if_damaged};
pub use format::{FILE_FORMAT, STORE_FORMAT};
pub use lock::{Holding, LEASE, LastSign, LockHolder};
pub use order::{Event, Order};
pub use pictures::Pictures;
pub use relatives::Relatives;
pub use scores::{ScoreFile, ScoreMatrix};
pub use state::{Status, TrialState};
pub use store::{Store, TrialSummary};
pub use train_log::TrainLog;
pub use trial_folder::TrialFolder;
pub use trial_lock::TrialLock;
pub use weight::{FileKind, Weight};

pub use unravel_data::{Array, Arrays};
