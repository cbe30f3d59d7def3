//! A trial's folder as a whole: who reads it, who writes it, what is left to do.

pub(crate) mod completeness;
pub(crate) mod folder;
mod prepare;
pub(crate) mod progress;
mod restore;
mod train_log_integrity;
pub(crate) mod writer;
