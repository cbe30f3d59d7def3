//! Limits of the system, met with a sentence.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use signal_hook::consts::SIGXFSZ;
use unravel_store::protocol::lack;

use crate::exit::Failure;

/// The first panic for want of something that the machine has too little of.
static LIMIT: OnceLock<String> = OnceLock::new();

/// A file beyond the size that `ulimit -f` allows ends a program by a signal. Caught, the write fails instead, like any
/// other, and says so.
pub fn survive_file_size_limit() {
    // Where the signal cannot be caught, the limit is met as the system has it.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Keeps back what is said of panics at limits of the machine, which [`within`] turns into a sentence. Other panics are
/// reported as before.
pub fn hear_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match panic.payload_as_str() {
        Some(said) if lack(said).is_some() => {
            let _ = LIMIT.set(first_line(said));
        }
        // What breaks after the first does so because of it.
        _ if LIMIT.get().is_some() => {}
        _ => usual(panic),
    }));
}

/// Does some work; a panic at a limit of the machine, in it or in a thread that it waits for, becomes a reason.
///
/// # Errors
/// What the panic said. Any other panic goes on.
pub fn within<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| match LIMIT.get() {
        Some(said) => said.clone(),
        None => resume_unwind(panic),
    })
}

/// Starts the threads that the program computes on, before a library starts them by itself and panics where it cannot.
pub fn start_threads() -> Result<(), Failure> {
    rayon::ThreadPoolBuilder::new()
        .build_global()
        .map_err(|error| Failure::limit(format_args!("cannot start threads: {error}")))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
