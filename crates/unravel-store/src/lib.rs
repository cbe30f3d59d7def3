//! Trial folders on disk: atomic, versioned, lockable.
//!
//! A [`Store`] is a folder with one folder per trial, named by the trial's id. [`TrialFolder`] reads one; a
//! [`TrialLock`] writes it, and only one process at a time has it. Whatever is read is verified first: a file that was
//! cut short or changed is an error of its own kind, [`StoreError::Damaged`], and the trial goes back to its last good
//! state. Nothing here believes a path, a length or a name that a file holds.
//!
//! ```text
//! <store>/store.json                       the format version
//! <store>/<trial-id>/trial.toml            the trial
//!                    state.json            where it stands; made again from the other files when lost
//!                    train.csv             training curves
//!                    checkpoint.safetensors, checkpoint.previous.safetensors
//!                    model.safetensors     the final weights: their being there makes a trial trained
//!                    scores/<metric>.json  scores, with variant, grid, step and seeds
//!                    pictures.npz, probe.npz, codes.npz
//!                    log.txt, lock
//! ```
//!
//! [`order`] is what crosses between an orchestrator and its workers. This crate knows nothing about tensors, losses or
//! metrics: it stores named arrays and named numbers.

mod arrays;
mod atomic;
mod checkpoint;
mod codes;
mod error;
mod folders;
mod format;
mod layout;
mod lock;
mod missing;
mod npz;
pub mod order;
mod pictures;
mod score_record;
mod scores;
mod sealed;
mod state;
mod store;
mod tensor_file;
mod train_log;
mod trial_folder;
mod trial_lock;

pub use arrays::{Array, Arrays};
pub use checkpoint::{Checkpoint, Model};
pub use codes::Codes;
pub use error::{Recovered, StoreError, absent_if_damaged};
pub use format::{FILE_FORMAT, STORE_FORMAT};
pub use lock::{LEASE, LockHolder};
pub use missing::{Check, Missing, Wanted, WantedScore};
pub use order::{Event, Order};
pub use pictures::Pictures;
pub use score_record::{ScoreContext, ScoreRecord};
pub use scores::{ScoreFile, ScoreMatrix};
pub use state::{Status, TrialState};
pub use store::{Store, TrialSummary};
pub use train_log::TrainLog;
pub use trial_folder::TrialFolder;
pub use trial_lock::TrialLock;
