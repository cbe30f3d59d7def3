//! Ctrl-C and its relatives.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use unravel_orchestrator::policy::Interrupt;

use crate::exit::{Exit, Failure};

/// Raised this often, the program ends, whatever it is at: once to stop, twice to kill the workers, and once more.
const PATIENCE: usize = 3;

/// Counts SIGINT, SIGTERM and SIGHUP.
pub struct Watch {
    /// How often the user has asked the run to end.
    pub interrupt: Interrupt,
    ends_at_once: Arc<AtomicBool>,
}

/// The signals by which a user, a terminal that closes or a system that shuts down asks a program to end. `nohup` has
/// SIGHUP ignored, and then it stays ignored.
pub fn signals() -> Vec<i32> {
    let mut signals = vec![SIGINT, SIGTERM];
    if !is_ignored(SIGHUP) {
        signals.push(SIGHUP);
    }
    signals
}

/// Whether this process was started with the signal ignored. Known on Linux; elsewhere no signal counts as ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// Counts from now on.
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
    /// From now on nothing is under way that needs an orderly end: the next signal ends the program, as does one that
    /// came before and was not heeded.
    pub fn end_at_once_from_now_on(&self) {
        self.ends_at_once.store(true, Ordering::SeqCst);
        if 0 < self.interrupt.n_raised() {
            std::process::exit(Exit::Interrupted as i32);
        }
    }
}
