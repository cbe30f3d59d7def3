//! Which CUDA devices this program can use, on this machine.

use unravel_orchestrator::device::VisibleCuda;

/// Indices of the CUDA devices, or a clause that says why there are none.
pub fn visible_cuda() -> VisibleCuda {
    unravel_cuda::visible().map(|gpus| gpus.into_iter().map(|gpu| gpu.index).collect())
}
