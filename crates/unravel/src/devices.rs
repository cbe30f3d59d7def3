//! Which CUDA devices this program can use, on this machine.

use unravel_orchestrator::device::VisibleCuda;

/// Indices of the CUDA devices, or a clause that says why there are none.
pub fn visible_cuda() -> VisibleCuda {
    Err("this version computes on the CPU only; use --device cpu".to_owned())
}
