//! Memory that the machine refuses ends the program with one sentence and the exit code of a limit.
//!
//! By itself Rust aborts where a part of the program cannot do without the memory, after lines that name no remedy. The
//! allocator here is the system's, and ends the program as soon as it is refused. What may be too large for the machine, such
//! as an array in a file, is checked before it is asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::process::{Resource, getrlimit};
use signal_hook::low_level;
use unravel_store::protocol::{LIMIT_REMEDY, NO_MEMORY};

use crate::exit::Exit;

/// The system's allocator, which ends the program where it is refused memory.
struct Ending;

#[global_allocator]
static ALLOCATOR: Ending = Ending;

// SAFETY: every call is passed on to the system's allocator as it came.
unsafe impl GlobalAlloc for Ending {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises are those of the system's allocator.
        granted(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        granted(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        granted(unsafe { System.realloc(memory, layout, size) }, size)
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(memory, layout) }
    }
}

fn granted(memory: *mut u8, n_bytes: usize) -> *mut u8 {
    if memory.is_null() {
        end(n_bytes);
    }
    memory
}

/// Ends the program, without taking memory for it.
fn end(n_bytes: usize) -> ! {
    static IS_ENDING: AtomicBool = AtomicBool::new(false);
    // One sentence is enough, whatever the other threads are refused before it is written.
    while IS_ENDING.swap(true, Ordering::Relaxed) {
        std::thread::sleep(Duration::from_secs(1));
    }
    let mut line = Line::default();
    let _ = write!(line, "error: {NO_MEMORY} for {n_bytes} bytes more");
    if let Some(limit) = address_limit() {
        let _ = write!(line, " (address space limit {} MiB)", limit >> 20);
    }
    let _ = writeln!(line, "; {LIMIT_REMEDY}");
    // Not through the standard library, a lock of which this thread may hold. Where nobody takes the sentence, the exit
    // code says the same.
    let _ = rustix::io::write(std::io::stderr(), line.bytes());
    low_level::exit(Exit::BadStore as i32)
}

/// The bytes of addresses that the process may take (`ulimit -v`), where they are limited.
fn address_limit() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// A text of limited length on the stack; what is beyond is left out.
struct Line {
    bytes: [u8; 512],
    n_bytes: usize,
}

impl Default for Line {
    fn default() -> Self {
        Self {
            bytes: [0; 512],
            n_bytes: 0,
        }
    }
}

impl Line {
    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.n_bytes]
    }
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (room, byte) in self.bytes[self.n_bytes..].iter_mut().zip(text.bytes()) {
            *room = byte;
            self.n_bytes += 1;
        }
        Ok(())
    }
}

/// Where addresses are scarce, has threads share their heaps.
///
/// The GNU C library gives each thread a heap that takes 64 MiB of addresses. Without addresses for one it takes a page for
/// every small request, which slows the program down to a crawl long before the memory is used up. To be called while there
/// is one thread.
pub fn spare_addresses() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    if let Some(limit) = address_limit() {
        /// Addresses for each heap.
        const A_HEAP: u64 = 512 << 20;
        const M_ARENA_MAX: i32 = -8;
        unsafe extern "C" {
            fn mallopt(parameter: i32, value: i32) -> i32;
        }
        let n_heaps = i32::try_from(limit / A_HEAP).unwrap_or(i32::MAX).max(1);
        // SAFETY: the function of the C library, with its own types. Where it refuses, nothing has changed.
        unsafe { mallopt(M_ARENA_MAX, n_heaps) };
    }
}
