//! One file a verb. Each takes its arguments and returns an exit code, or a failure with a sentence.

pub mod check;
pub mod compare;
pub mod completions;
pub mod dataset;
pub mod evaluate;
pub mod export;
pub mod gc;
pub mod init;
pub mod plan;
pub mod report;
pub mod run;
pub mod status;
pub mod worker;
