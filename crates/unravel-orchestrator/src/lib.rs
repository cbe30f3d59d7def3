//! Plans cohorts, runs them on devices, supervises their workers and retries after crashes.
//!
//! A [`Plan`](plan::Plan) is made from the trials of a sweep and their state in a store. A
//! [`Supervisor`](supervise::Supervisor) executes it on [slots](device::slots) through a
//! [`Launcher`](launcher::Launcher) and returns a [`Summary`](summary::Summary).
//!
//! The crate does not depend on tensors, metrics or pixels, which only workers use. It does not draw, print or read the
//! environment.

pub mod cohort_sizes;
pub mod device;
pub mod estimate;
pub mod launcher;
pub mod local;
pub mod observe;
pub mod plan;
pub mod policy;
pub mod records;
pub mod slurm;
pub mod store_records;
pub mod summary;
pub mod supervise;
mod tail;
#[cfg(test)]
mod testing;
