//! Ends the program with a sentence and the exit code of a limit if an allocation fails.
//!
//! Rust aborts if an infallible allocation fails. The allocator here is the system's and records a failure; a signal
//! handler handles an abort that follows.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::SIGABRT;
use signal_hook::low_level;
use unravel_store::protocol::LIMIT_REMEDY;

use crate::exit::Exit;

/// The system's allocator; records whether an allocation failed.
struct Remembering;

#[global_allocator]
static ALLOCATOR: Remembering = Remembering;

static WAS_REFUSED: AtomicBool = AtomicBool::new(false);

fn remember(memory: *mut u8) -> *mut u8 {
    if memory.is_null() {
        WAS_REFUSED.store(true, Ordering::Relaxed);
    }
    memory
}

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Remembering {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the system's allocator.
        remember(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        remember(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        remember(unsafe { System.realloc(memory, layout, size) })
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

/// Registers a handler that ends the program with a sentence after a failed allocation.
pub fn survive_refusals() {
    let end = || {
        if WAS_REFUSED.load(Ordering::Relaxed) {
            // Follows the standard library's line with the requested size. The exit code is the same if stderr is
            // closed.
            for part in ["error: ", LIMIT_REMEDY, "\n"] {
                let _ = rustix::io::write(std::io::stderr(), part.as_bytes());
            }
            low_level::exit(Exit::BadStore as i32);
        }
        // An abort for another reason, or from outside, ends the program as it does without a handler.
        let _ = low_level::emulate_default_handler(SIGABRT);
    };
    // SAFETY: the handler loads a flag, writes to a descriptor and ends the process, and each may be done in a handler.
    // Where it cannot be registered, the program aborts as it would without.
    let _ = unsafe { low_level::register(SIGABRT, end) };
}
