//! A build without CUDA.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use unravel_data::Dataset;
use unravel_model::arrays::Arrays;
use unravel_model::trained::Encoding;
use unravel_store::Order;
use unravel_sweep::Trial;
use unravel_worker::reporter::Reporter;
use unravel_worker::{End, WorkerError};

use crate::trained::{FirstSteps, Pace};
use crate::{CudaGpu, shown};

/// How to get a build with it.
const HOW: &str = "`cargo build --release --features cuda` builds it in";

/// There are none, and why.
///
/// # Errors
/// Always: the clause that says how to build with CUDA.
pub fn visible() -> Result<Vec<CudaGpu>, String> {
    Err(format!(
        "this program was built without CUDA support ({HOW}); rebuild it, or use --device cpu"
    ))
}

/// What somebody with a GPU should know who did not ask for it: nothing, where there is none.
pub fn missed() -> Option<String> {
    missed_of(&shown().ok()?)
}

fn missed_of(gpus: &[CudaGpu]) -> Option<String> {
    let gpu = &gpus.first()?.name;
    Some(format!(
        "training on the CPU although there is a GPU ({gpu}): this program was built without CUDA support ({HOW})"
    ))
}

/// There are no kernels to keep.
pub fn keep_kernels(_folder: &Path) {}

/// Refuses the order.
///
/// # Errors
/// Always.
pub fn run(
    _order: &Order,
    _index: usize,
    _reporter: &mut Reporter<'_>,
) -> Result<End, WorkerError> {
    refuse()
}

/// Refuses; see [`crate::trained::first_steps`].
///
/// # Errors
/// Always.
pub fn first_steps(
    _trial: &Trial,
    _dataset: &Arc<Dataset>,
    _index: usize,
    _steps: u64,
) -> Result<FirstSteps, WorkerError> {
    refuse()
}

/// Refuses; see [`crate::trained::codes`].
///
/// # Errors
/// Always.
pub fn codes(
    _trial: &Trial,
    _dataset: &Dataset,
    _weights: &Arrays,
    _index: usize,
) -> Result<Encoding, WorkerError> {
    refuse()
}

/// Refuses; see [`crate::trained::pace`].
///
/// # Errors
/// Always.
pub fn pace(
    _trials: Vec<Trial>,
    _dataset: &Arc<Dataset>,
    _index: usize,
    _at_least: Duration,
) -> Result<Pace, WorkerError> {
    refuse()
}

fn refuse<T>() -> Result<T, WorkerError> {
    let reason = visible().err().unwrap_or_default();
    Err(WorkerError::Device {
        reason: format!("no CUDA device can be used: {reason}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gpu_that_lies_idle_is_named_with_the_way_to_use_it() {
        let gpu = CudaGpu {
            index: 0,
            name: "Large GPU".to_owned(),
            memory_bytes: 1,
        };
        let said = missed_of(&[gpu]).unwrap();
        assert!(
            said.contains("Large GPU") && said.contains("--features cuda"),
            "{said}"
        );
        assert_eq!(missed_of(&[]), None);
    }
}
