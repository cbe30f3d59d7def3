//! Handles SIGINT (Ctrl-C), SIGTERM and SIGHUP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use unravel_orchestrator::policy::Interrupt;

use crate::exit::{Exit, Failure};

/// The number of signals that ends the program immediately: the first stops the run, the second kills the workers.
const PATIENCE: usize = 3;

/// Counts SIGINT, SIGTERM and SIGHUP.
pub struct Watch {
    /// The number of signals so far.
    pub interrupt: Interrupt,
    ends_at_once: Arc<AtomicBool>,
}

/// The signals that ask a program to end: from a user, a closed terminal or a system that shuts down. SIGHUP stays
/// ignored if it was ignored at the start, as under `nohup`.
pub fn signals() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        signals.push(SIGHUP);
    }
    signals
}

/// Whether the signal is ignored in this process. Always false on other systems than Linux.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Starts to count signals.
pub fn watch() -> Result<Watch, Failure> {
    let failed = |error| Failure::limit(format_args!("cannot listen for Ctrl-C: {error}"));
    let mut signals = Signals::new(signals()).map_err(failed)?;
    let watch = Watch {
        interrupt: Interrupt::default(),
        ends_at_once: Arc::default(),
    };
    let (raised, ends_at_once) = (watch.interrupt.clone(), Arc::clone(&watch.ends_at_once));
    let count = move || {
        for _ in signals.forever() {
            raised.raise();
            if ends_at_once.load(Ordering::SeqCst) || PATIENCE <= raised.n_raised() {
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(count)
        .map_err(failed)?;
    Ok(watch)
}

impl Watch {
    /// Makes the next signal end the program immediately. Ends it now if there was a signal before.
    pub fn end_at_once_from_now_on(&self) {
        self.ends_at_once.store(true, Ordering::SeqCst);
        if 0 < self.interrupt.n_raised() {
            std::process::exit(Exit::Interrupted as i32);
        }
    }
}
