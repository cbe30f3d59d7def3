//! Limits of the system, met with a sentence.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGXFSZ;

/// A file beyond the size that `ulimit -f` allows ends a program by a signal. Caught, the write fails instead, like any
/// other, and says so.
pub fn survive_file_size_limit() {
    // Where the signal cannot be caught, the limit is met as the system has it.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}
