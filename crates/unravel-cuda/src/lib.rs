//! The worker's training, instantiated for CUDA, and nothing else.
//!
//! Compiling Burn's CUDA backend takes minutes, so it is behind the feature `cuda` and in a crate that seldom changes.
//! Without the feature the crate is a sentence that says how to get it. With it, the driver is loaded at run time: one
//! program runs with and without a GPU.
//!
//! Beside [`run`], which works off an order, there is training [without a store](trained), for comparisons and timings.

mod driver;
#[cfg(any(feature = "cuda", test))]
mod guard;
#[cfg(feature = "cuda")]
mod kernel_cache;
pub mod trained;
#[cfg(not(feature = "cuda"))]
mod without;
#[cfg(feature = "cuda")]
mod work;

use driver::{Driver, LIBRARY};
#[cfg(feature = "cuda")]
pub use kernel_cache::keep_kernels;
#[cfg(not(feature = "cuda"))]
pub use without::{codes, first_steps, keep_kernels, missed, pace, run, visible};
#[cfg(feature = "cuda")]
pub use work::{codes, first_steps, missed, pace, run, visible};

/// Whether this build can use CUDA devices, where there are any.
pub const IS_BUILT_IN: bool = cfg!(feature = "cuda");

/// A CUDA device that this program can use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CudaGpu {
    /// Its index among the visible ones.
    pub index: usize,
    /// Its name, such as `NVIDIA H100`.
    pub name: String,
    /// Its memory, in bytes.
    pub memory_bytes: u64,
}

/// Memory of the device of this index that nobody uses at this moment, in bytes.
///
/// # Errors
/// A clause that says why it cannot be asked.
pub fn free_bytes(index: usize) -> Result<u64, String> {
    Driver::load(LIBRARY)?.free_bytes(index)
}

/// The devices that the driver of this machine shows, whether this program can use them or not.
fn shown() -> Result<Vec<CudaGpu>, String> {
    Driver::load(LIBRARY)?.gpus()
}
