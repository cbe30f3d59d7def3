//! The worker's training, instantiated for CUDA, and nothing else.
//!
//! Compiling Burn's CUDA backend takes minutes, so it is behind the feature `cuda` and in a crate that seldom changes.
//! Without the feature the crate is a sentence that says how to get it. With it, the driver is loaded at run time: one
//! program runs with and without a GPU.

#[cfg(feature = "cuda")]
mod driver;
#[cfg(not(feature = "cuda"))]
mod without;
#[cfg(feature = "cuda")]
mod work;

#[cfg(feature = "cuda")]
pub use driver::visible;
#[cfg(not(feature = "cuda"))]
pub use without::{run, visible};
#[cfg(feature = "cuda")]
pub use work::run;

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
