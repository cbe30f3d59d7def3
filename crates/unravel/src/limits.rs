//! Turns limits of the system into sentences.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};

use signal_hook::consts::SIGXFSZ;
use unravel_store::protocol::lack;

use crate::exit::Failure;

/// The first panic at a limit of the machine.
static LIMIT: OnceLock<String> = OnceLock::new();

/// Handles the signal that ends a program when a file exceeds the size of `ulimit -f`, so that the write fails with an
/// error.
pub fn survive_file_size_limit() {
    // If the handler cannot be registered, the signal ends the program.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::new(AtomicBool::new(false)));
}

/// Hides the reports of panics at limits of the machine, which [`within`] turns into a sentence. Other panics are
/// reported as usual.
pub fn hear_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| match panic.payload_as_str() {
        Some(said) if lack(said).is_some() => {
            let _ = LIMIT.set(first_line(said));
        }
        // Later panics follow from the first.
        _ if LIMIT.get().is_some() => {}
        _ => usual(panic),
    }));
}

/// Runs `work`. A panic at a limit of the machine, in `work` or in a thread that it joins, becomes an error.
///
/// # Errors
/// The message of the panic. Other panics are resumed.
pub fn within<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|panic| match LIMIT.get() {
        Some(said) => said.clone(),
        None => resume_unwind(panic),
    })
}

/// Starts the threads of the program. A library that starts them itself would panic if it cannot.
pub fn start_threads() -> Result<(), Failure> {
    rayon::ThreadPoolBuilder::new()
        .build_global()
        .map_err(|error| Failure::limit(format_args!("cannot start threads: {error}")))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
