//! Proofs in f64 on a network of a few hundred parameters, through the reference kernels.

mod gradients;
mod parity;
mod tiny;
