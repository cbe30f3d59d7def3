//! [`Kernels`] on CUDA, in Burn's operations, for the whole cohort at once.
//!
//! Convolutions are one gather and one matrix product for all models ([`Kernels::GATHERS`]). Matrix products are batched
//! over the models and use tensor cores if there are any. Burn fuses the elementwise operations between them. The data
//! stays on the device as bits, and losses are read every [`Kernels::STEPS_PER_READ`] updates, so that the device seldom
//! waits for the host.
//!
//! Launches of a β-VAE step of `conv-4x4`, counted in this code, with each elementwise chain as one:
//!
//! | | each | in a step |
//! | --- | --- | --- |
//! | images: gather of bits, unpacking | 3 | 3 |
//! | forward convolution: patches 4, product, bias and ReLU | 6 | 4 x 6 |
//! | forward transposed one: zeros 3, product, gather, sum, bias and ReLU | 7 | 4 x 7 |
//! | fully connected, forward | 2 | 4 x 2 |
//! | gradient by the sum and by the bias | 2 | 12 x 2 |
//! | gradient by a convolution's weight | 5 | 8 x 5 |
//! | gradient by a convolution's input (6), a transposed one's (5) | | 3 x 6 + 4 x 5 |
//! | gradients of the fully connected ones | 2 | 4 x 2 |
//! | sampling, both losses and their gradients | | about 20 |
//! | Adam, 24 arrays | 1 | 24 |
//!
//! This is about 220 launches for any number of models. On an H200 they take 25 ms of the host's time (BENCHMARKS.md),
//! so a cohort is efficient if its computation takes longer.

use burn::backend::Cuda;

use super::Kernels;

impl Kernels for Cuda {
    const GATHERS: bool = true;
}
