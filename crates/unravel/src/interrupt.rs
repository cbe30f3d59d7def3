//! Ctrl-C and its relatives.

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use unravel_orchestrator::policy::Interrupt;

use crate::exit::{Exit, Failure};

/// Counts SIGINT, SIGTERM and SIGHUP from now on.
pub fn watch() -> Result<Interrupt, Failure> {
    let failed = |error| Failure::new(Exit::Usage, format!("cannot listen for Ctrl-C: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(failed)?;
    let interrupt = Interrupt::default();
    let raised = interrupt.clone();
    std::thread::spawn(move || signals.forever().for_each(|_| raised.raise()));
    Ok(interrupt)
}
