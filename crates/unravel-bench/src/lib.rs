//! Benchmarks of training, encoding, layers and data, and the comparison with PyTorch.
//!
//! | command | module | measures |
//! | --- | --- | --- |
//! | `train` | [`train`] | images per second of training, in worker processes as in `unravel run` |
//! | `encode` | [`encode`] | images per second of encoding, and the seconds for the whole grid |
//! | `layers` | [`layers`] | time of each layer of a step, with a matrix product of the same shape for comparison |
//! | `data` | [`data`] | rendered images per second |
//! | `cuda` | [`cuda`] | cohorts on a GPU: rate, memory, share of the memory floor, PyTorch for comparison |
//! | `scale` | [`scale`] | `plan`, `status`, `report` and `run` with many trials in the store |
//! | `--vs-torch` | [`versus`] | training in unravel and in PyTorch, alternately |
//!
//! The functions pass each record to a callback; only the binary prints. The criterion benchmark in `benches/` times
//! each kernel. `BENCHMARKS.md` has results with machine and date.

pub mod cuda;
pub mod data;
pub mod encode;
pub mod error;
pub mod layers;
pub mod machine;
pub mod scale;
pub mod timing;
mod torch_script;
pub mod train;
pub mod versus;
pub mod workload;

pub use error::BenchError;
