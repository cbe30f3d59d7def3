//! Configuration of the libraries that are built in: their defaults, whatever files and variables lie around.
//!
//! A file of another program in a parent folder, or a variable from another program's set-up, must not decide what becomes
//! of a trial, write logs or end the run. What is honoured instead is listed in docs/environment.md.

use std::env;

use crate::devices;

/// How the variables begin that only the libraries read: they make polars panic, write to other folders or print.
const OF_LIBRARIES: [&str; 3] = ["POLARS_", "CUBECL_", "BURN_"];

/// Has every library use its defaults. To be called before anything else: while there is one thread, and before a library
/// looks for its configuration.
pub fn shut_out() {
    let is_of_library = |name: &std::ffi::OsString| {
        let name = name.as_encoded_bytes();
        OF_LIBRARIES
            .iter()
            .any(|start| name.starts_with(start.as_bytes()))
    };
    let names: Vec<_> = env::vars_os().map(|(name, _)| name).collect();
    for name in names.into_iter().filter(is_of_library) {
        // SAFETY: nobody else reads or writes variables meanwhile, since no other thread was started yet.
        unsafe { env::remove_var(name) };
    }
    unravel_model::runtime::use_defaults();
    unravel_cuda::keep_kernels(&devices::kernel_folder());
}
