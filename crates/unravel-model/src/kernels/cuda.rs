//! [`Kernels`] on CUDA: the reference, in Burn's operations, over the whole cohort at once.
//!
//! Matrix products are batched over the models, images travel as bits, and losses are read every
//! [`Kernels::STEPS_PER_READ`] updates, so that the device seldom waits for the host.

use burn::backend::Cuda;

use super::Kernels;

impl Kernels for Cuda {}
