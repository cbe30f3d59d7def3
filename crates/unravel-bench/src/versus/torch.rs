//! PyTorch's side: its script and what that prints.

use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::Plan;
use crate::error::BenchError;

/// One rate of PyTorch, as its script prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TorchRate {
    /// Layout and processes.
    pub mode: String,
    /// PyTorch's version.
    pub torch: String,
    /// The rate.
    pub images_per_s: f64,
    /// Images per second that a thread had on a core.
    pub images_per_cpu_s: f64,
}

/// Beginnings of the names of variables by which an environment caps the instruction sets or the threads of PyTorch's
/// libraries. PyTorch runs without them: what is compared with is its best.
const CAPS: [&str; 7] = [
    "ATEN_CPU_CAPABILITY",
    "DNNL_",
    "KMP_",
    "MKL_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
];

/// Every mode once.
pub(super) fn run(plan: &Plan) -> Result<Vec<TorchRate>, BenchError> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch/torch_baseline.py");
    let mut command = Command::new(&plan.python);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if CAPS.iter().any(|cap| text.starts_with(cap)) {
            command.env_remove(&name);
        }
    }
    let output = command
        .arg(script)
        .arg("cpu")
        .args(["--arch", plan.workload.architecture.name()])
        .args(["--objective", plan.workload.target.name()])
        .args(["--batch", &plan.workload.batch_size().to_string()])
        .args(["--threads", &plan.threads.to_string()])
        .args(["--seconds", &plan.duration.as_secs_f64().to_string()])
        .output()
        .map_err(|source| BenchError::Process {
            program: plan.python.clone(),
            source,
        })?;
    let no_timings = |why: String| BenchError::NoTimings {
        program: plan.python.clone(),
        why,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("it said nothing");
        return Err(no_timings(format!("{}; {last}", output.status)));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let rates = said
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<Vec<TorchRate>, _>>();
    match rates {
        Ok(rates) if !rates.is_empty() => Ok(rates),
        _ => Err(no_timings(format!("it said `{}`", said.trim_end()))),
    }
}
