//! A backend that gives up with a panic, turned into an error that says whether it was memory.
//!
//! Burn's operations return tensors, not results: where the device has no memory left, or fails, the backend panics,
//! and not always on the thread that asked. Nothing on the disk is harmed by it, since the store is whole at every
//! moment.

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
use std::sync::{Arc, Mutex, PoisonError};

use unravel_worker::WorkerError;

/// What the backend, the driver and Burn's runtime say where there is no memory left.
const OUT_OF_MEMORY: [&str; 4] = [
    "BufferTooBig",
    "OutOfMemory",
    "CUDA_ERROR_OUT_OF_MEMORY",
    "out of memory",
];

/// Does the work; a panic in it, or in a thread that it waits for, becomes an error.
///
/// Panics are reported as before, and noted here as well.
///
/// # Errors
/// As the work, [`WorkerError::OutOfMemory`], and [`WorkerError::Device`] for any other panic.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, WorkerError>) -> Result<T, WorkerError> {
    let said = Arc::new(Mutex::new(Vec::new()));
    let (heard, report) = (Arc::clone(&said), take_hook());
    set_hook(Box::new(move |panic| {
        let payload = panic.payload_as_str().unwrap_or("no reason was given");
        let mut said = heard.lock().unwrap_or_else(PoisonError::into_inner);
        said.push(payload.to_owned());
        drop(said);
        report(panic);
    }));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        Err(to_error(&said))
    })
}

/// The error that panics with these messages stand for.
fn to_error(said: &[String]) -> WorkerError {
    let is_memory = |said: &&String| OUT_OF_MEMORY.iter().any(|mark| said.contains(mark));
    match said.iter().find(is_memory) {
        Some(said) => WorkerError::OutOfMemory {
            reason: first_line(said),
        },
        None => WorkerError::Device {
            reason: format!(
                "the CUDA backend gave up: {}",
                first_line(said.first().map_or("no reason was given", String::as_str))
            ),
        },
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use unravel_store::protocol::FailureCause;

    use super::*;

    /// As the thread that serves a device panics.
    fn reserve() {
        panic!("called `Result::unwrap()` on an `Err` value: BufferTooBig {{ size: 8589934592 }}")
    }

    #[test]
    fn a_panic_for_want_of_memory_is_known_whichever_thread_it_came_from() {
        let on_another_thread = || -> Result<(), WorkerError> {
            let server = std::thread::spawn(reserve);
            // The thread that asked sees only that the other one is gone.
            server.join().expect("the device's thread is alive");
            Ok(())
        };
        let error = guarded(on_another_thread).unwrap_err();
        assert_eq!(error.cause(), FailureCause::OutOfMemory);
        assert!(
            error
                .to_string()
                .contains("BufferTooBig { size: 8589934592 }"),
            "{error}"
        );
    }

    #[test]
    fn other_panics_are_the_device_and_results_are_passed_on() {
        let said = ["an illegal memory access was encountered".to_owned()];
        assert_eq!(to_error(&said).cause(), FailureCause::Device);
        assert_eq!(to_error(&[]).cause(), FailureCause::Device);
        let memory =
            "called `Result::unwrap()`: DriverError(CUDA_ERROR_OUT_OF_MEMORY, \"out of memory\")";
        let said = [said[0].clone(), memory.to_owned()];
        assert_eq!(to_error(&said).cause(), FailureCause::OutOfMemory);
    }
}
