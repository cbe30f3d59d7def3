//! Disentangled VAEs in Burn: networks, objectives, the strided convolution, cohort training, encoding.
//!
//! Read [`kernels`] for the operations, [`network`] for what is built of them, [`objective`] for what is minimised,
//! [`cohort`] for a training step, [`memory`] for what it holds, [`trained`] for what
//! becomes of a model.
//!
//! The crate knows nothing of files, scores, processes or clocks.

pub mod arrays;
pub mod cohort;
pub mod draws;
pub mod error;
pub mod kernels;
pub mod memory;
pub mod network;
pub mod objective;
pub mod placement;
pub mod pytorch;
pub mod random;
pub mod runtime;
pub mod trained;

/// Burn's CPU backend, with the kernels of this crate.
pub use burn::backend::Flex as Cpu;

/// The version of Burn that this was built with; checked against the lock file in the program's tests.
pub const BURN_VERSION: &str = "0.21.0";
