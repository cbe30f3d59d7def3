//! Disentangled VAEs in Burn: networks, objectives, kernels, training of cohorts, encoding.
//!
//! [`kernels`] has the tensor operations, [`network`] the layers, [`objective`] the losses, [`cohort`] the training
//! step, [`memory`] the estimate of its memory, and [`trained`] the encoder and decoder after training.
//!
//! The crate does not read or write files, compute scores, start processes, or read clocks.

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

/// The version of Burn that this crate is built with. A test of the program compares it with the lock file.
pub const BURN_VERSION: &str = "0.21.0";
