//! The kinds of files in a trial's folder, one module each.

pub(crate) mod checkpoint;
pub(crate) mod codes;
pub(crate) mod cross_trial;
pub(crate) mod layout;
pub(crate) mod pictures;
pub(crate) mod scores;
pub(crate) mod state;
pub(crate) mod train_log;
