//! A build without CUDA.

use unravel_store::Order;
use unravel_worker::reporter::Reporter;
use unravel_worker::{End, WorkerError};

use crate::CudaGpu;

/// There are none, and why.
///
/// # Errors
/// Always: the clause that says how to build with CUDA.
pub fn visible() -> Result<Vec<CudaGpu>, String> {
    Err(
        "this program was built without it (`cargo build --release --features cuda` builds it in)"
            .to_owned(),
    )
}

/// Refuses the order.
///
/// # Errors
/// Always.
pub fn run(
    _order: &Order,
    _index: usize,
    _reporter: &mut Reporter<'_>,
) -> Result<End, WorkerError> {
    let reason = visible().err().unwrap_or_default();
    Err(WorkerError::Device {
        reason: format!("no CUDA device can be used: {reason}"),
    })
}
