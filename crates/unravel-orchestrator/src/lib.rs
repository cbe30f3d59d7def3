//! Plans cohorts, fans them out over devices, supervises and retries.
//!
//! From a sweep's trials and what a store holds of them comes a [`Plan`](plan::Plan); a
//! [`Supervisor`](supervise::Supervisor) works it off on [slots](device::slots) by way of a
//! [`Launcher`](launcher::Launcher) and ends with a [`Summary`](summary::Summary).
//!
//! It knows nothing of tensors, metrics or pixels: what a worker does with an order is the worker's affair. It draws
//! nothing, prints nothing and reads no environment.

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
