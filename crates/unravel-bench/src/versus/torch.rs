//! Rates of PyTorch on the CPU.

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::error::BenchError;
use crate::torch_script;

/// A rate of PyTorch, as its script prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TorchRate {
    /// Memory layout and number of processes.
    pub mode: String,
    /// PyTorch's version.
    pub torch: String,
    /// Images per second.
    pub images_per_s: f64,
    /// Images per second of CPU time.
    pub images_per_cpu_s: f64,
}

/// Measures each mode once.
pub(super) fn run(plan: &Plan) -> Result<Vec<TorchRate>, BenchError> {
    let threads = plan.threads.to_string();
    let arguments = ["--threads", threads.as_str()];
    torch_script::run(&plan.python, "cpu", plan.workload, plan.duration, arguments)
}
