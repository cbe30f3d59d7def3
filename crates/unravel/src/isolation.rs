//! Isolates the linked libraries from configuration files and environment variables: they use their defaults.
//!
//! A file or variable of another program must not affect a trial, write logs or end the run. docs/environment.md lists
//! the variables that unravel reads.

use std::env;
use std::ffi::OsStr;

use crate::devices;

/// Prefixes of variables that only the libraries read. They could make polars panic, print or write to other folders.
const OF_LIBRARIES: [&str; 3] = ["POLARS_", "CUBECL_", "BURN_"];

/// Numeric variables with the range of accepted values.
const COUNTS: [(&str, u64, u64); 3] = [
    ("RAYON_NUM_THREADS", 1, 1024),
    // The older name of RAYON_NUM_THREADS.
    ("RAYON_RS_NUM_CPUS", 1, 1024),
    // Bytes. With less, threads overflow their stacks; with more, only few threads can start.
    ("RUST_MIN_STACK", 1 << 20, 1 << 30),
];

fn is_out_of_bounds(name: &OsStr, value: &OsStr) -> bool {
    let of_name = COUNTS.iter().find(|(counted, ..)| name == *counted);
    of_name.is_some_and(|(_, least, most)| {
        let count = value.to_str().and_then(|text| text.parse().ok());
        !count.is_some_and(|count: u64| (*least..=*most).contains(&count))
    })
}

/// Makes every library use its defaults. Must be called first: before other threads start, and before a library reads
/// its configuration.
pub fn shut_out() {
    let names = env::vars_os().filter(|(name, value)| {
        let starts = |start: &&str| name.as_encoded_bytes().starts_with(start.as_bytes());
        OF_LIBRARIES.iter().any(starts) || is_out_of_bounds(name, value)
    });
    let names: Vec<_> = names.map(|(name, _)| name).collect();
    for name in names {
        // SAFETY: no other thread was started yet, so nothing else reads or writes variables.
        unsafe { env::remove_var(name) };
    }
    unravel_model::runtime::use_defaults();
    unravel_cuda::keep_kernels(&devices::kernel_folder());
}
