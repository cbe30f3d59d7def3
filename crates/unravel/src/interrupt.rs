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

/// Counts from now on.
pub fn watch() -> Result<Watch, Failure> {
    let failed = |error| Failure::new(Exit::Usage, format!("cannot listen for Ctrl-C: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
    let watch = Watch {
        interrupt: Interrupt::default(),
        ends_at_once: Arc::default(),
    };
    let (raised, ends_at_once) = (watch.interrupt.clone(), Arc::clone(&watch.ends_at_once));
    std::thread::spawn(move || {
        for _ in signals.forever() {
            raised.raise();
            if ends_at_once.load(Ordering::SeqCst) || PATIENCE <= raised.n_raised() {
                std::process::exit(Exit::Interrupted as i32);
            }
        }
    });
    Ok(watch)
}

impl Watch {
    /// From now on nothing is under way that needs an orderly end: the next signal ends the program.
    pub fn end_at_once_from_now_on(&self) {
        self.ends_at_once.store(true, Ordering::SeqCst);
    }
}
