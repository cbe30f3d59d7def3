//! Trains, encodes and scores one cohort: the only place where data, model, metrics and store meet.
//!
//! [`run`] works off an [`Order`](unravel_store::Order): it takes the locks of its trials, trains what is not trained,
//! scores what is not scored, draws the pictures of the report, and tells of it in [events](unravel_store::Event). It
//! is generic over the backend, so that one small crate can build it for another device.
//!
//! The crate knows nothing of processes, devices to choose from, or reports; it neither prints nor reads the
//! environment. What it is asked to stop by, and where its events go, is the caller's affair.

mod continuation;
pub mod cost;
pub mod cross_trial;
pub mod data;
pub mod device;
pub mod error;
mod evaluate;
pub mod export;
mod interval;
mod pictures;
mod probe;
mod refresh;
pub mod reporter;
mod resumed;
mod run;
mod scoring;
mod table;
mod train;

pub use error::WorkerError;
pub use run::{End, run};
