//! Trains, encodes and scores one cohort. Only this crate combines data, model, metrics and store.
//!
//! [`run`] executes an [`Order`](unravel_store::Order): it locks the trials, trains those that are not trained,
//! computes the missing scores, draws the pictures for the report, and reports its progress as
//! [events](unravel_store::Event). It is generic over the backend, so that `unravel-cuda` can build it for another
//! device.
//!
//! The crate does not start processes, choose devices, write reports, print, or read the environment. The caller
//! supplies the stop flag and receives the events (see [`reporter::Reporter`]).

mod checkpoints;
mod continuation;
pub mod cost;
pub mod cross_trial;
pub mod data;
pub mod device;
pub mod error;
mod evaluate;
pub mod export;
mod pictures;
mod probe;
mod refresh;
pub mod reporter;
mod run;
mod scoring;
mod stored_codes;
mod train;
mod train_log;

pub use error::WorkerError;
pub use run::run;
pub use train::End;
