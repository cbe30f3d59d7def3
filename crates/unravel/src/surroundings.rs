//! Configuration of the libraries that are built in: their defaults, whatever files and variables lie around.
//!
//! A file of another program in a parent folder, or a variable from another program's set-up, must not decide what becomes
//! of a trial, write logs or end the run. What is honoured instead is listed in docs/environment.md.

use std::env;
use std::ffi::OsStr;

use crate::devices;

/// How the variables begin that only the libraries read: they make polars panic, write to other folders or print.
const OF_LIBRARIES: [&str; 3] = ["POLARS_", "CUBECL_", "BURN_"];

/// Variables that count something, with the least and the most that is heeded.
const COUNTS: [(&str, u64, u64); 3] = [
    ("RAYON_NUM_THREADS", 1, 1024),
    // An older name of the same, by which no thread is counted twice.
    ("RAYON_RS_NUM_CPUS", 1, 1024),
    // Bytes: below, threads overflow their stacks; above, few get one.
    ("RUST_MIN_STACK", 1 << 20, 1 << 30),
];

fn is_out_of_bounds(name: &OsStr, value: &OsStr) -> bool {
    let of_name = COUNTS.iter().find(|(counted, ..)| name == *counted);
    of_name.is_some_and(|(_, least, most)| {
        let count = value.to_str().and_then(|text| text.parse().ok());
        !count.is_some_and(|count: u64| (*least..=*most).contains(&count))
    })
}

/// Has every library use its defaults. To be called before anything else: while there is one thread, and before a library
/// looks for its configuration.
pub fn shut_out() {
    let names = env::vars_os().filter(|(name, value)| {
        let starts = |start: &&str| name.as_encoded_bytes().starts_with(start.as_bytes());
        OF_LIBRARIES.iter().any(starts) || is_out_of_bounds(name, value)
    });
    let names: Vec<_> = names.map(|(name, _)| name).collect();
    for name in names {
        // SAFETY: nobody else reads or writes variables meanwhile, since no other thread was started yet.
        unsafe { env::remove_var(name) };
    }
    unravel_model::runtime::use_defaults();
    unravel_cuda::keep_kernels(&devices::kernel_folder());
}
