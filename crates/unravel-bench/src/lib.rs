//! Timings: training, encoding, single layers and data, and the side-by-side comparison with PyTorch.
//!
//! | command | module | what |
//! | --- | --- | --- |
//! | `train` | [`train`] | images per second of training, in worker processes as `unravel run` starts them |
//! | `encode` | [`encode`] | images per second of encoding, and the seconds for the whole grid |
//! | `layers` | [`layers`] | where the time of a step goes, beside what a matrix product of the same shape reaches |
//! | `data` | [`data`] | images rendered per second |
//! | `cuda` | [`cuda`] | cohorts on a GPU: rates, memory, what memory bandwidth allows, PyTorch beside them |
//! | `scale` | [`scale`] | planning, looking and tabulating with very many trials in the store |
//! | `--vs-torch` | [`versus`] | training here and in PyTorch, alternately |
//!
//! Every function hands its records over as they come; only the binary prints. The criterion benches in `benches/` time
//! the kernels one by one. Results with their machine and date are in `BENCHMARKS.md`.

pub mod cuda;
pub mod data;
pub mod encode;
pub mod error;
pub mod layers;
pub mod machine;
pub mod scale;
pub mod timing;
pub mod train;
pub mod versus;
pub mod workload;

pub use error::BenchError;
