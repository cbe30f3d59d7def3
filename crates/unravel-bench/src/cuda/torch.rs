//! PyTorch's side on CUDA: its script and what that prints.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::workload::Workload;

/// One rate of PyTorch, as its script prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CudaTorchRate {
    /// `eager`, `compile`, `cuda_graph`, `vmap` or `vmap_compile`.
    pub mode: String,
    /// Models of its ensemble.
    pub models: usize,
    /// PyTorch's version.
    pub torch: String,
    /// The rate, over all models; none where it failed.
    pub images_per_s: Option<f64>,
    /// Why it failed.
    pub failed: Option<String>,
}

/// Every mode, the stacked ones with each number of models.
pub(super) fn run(
    python: &Path,
    workload: Workload,
    cohorts: &[usize],
    duration: Duration,
) -> Result<Vec<CudaTorchRate>, BenchError> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch/torch_baseline.py");
    let models: Vec<String> = cohorts.iter().map(usize::to_string).collect();
    let output = Command::new(python)
        .arg(script)
        .arg("cuda")
        .args(["--arch", workload.architecture.name()])
        .args(["--objective", workload.target.name()])
        .args(["--batch", &workload.batch_size().to_string()])
        .args(["--models", &models.join(",")])
        .args(["--seconds", &duration.as_secs_f64().to_string()])
        .output()
        .map_err(|source| BenchError::Process {
            program: python.to_owned(),
            source,
        })?;
    let no_timings = |why: String| BenchError::NoTimings {
        program: python.to_owned(),
        why,
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let last = said.lines().last().unwrap_or("it said nothing");
        return Err(no_timings(format!("{}; {last}", output.status)));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    parse(&said).ok_or_else(|| no_timings(format!("it said `{}`", said.trim_end())))
}

/// The rates, a JSON object a line; none where a line is none.
fn parse(said: &str) -> Option<Vec<CudaTorchRate>> {
    said.lines()
        .map(|line| serde_json::from_str(line).ok())
        .collect()
}

impl std::fmt::Display for CudaTorchRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PyTorch {:<13} {:>4} models  ", self.mode, self.models)?;
        match (&self.images_per_s, &self.failed) {
            (Some(rate), _) => write!(f, "{rate:>10.0} images/s"),
            (None, why) => write!(f, "failed: {}", why.as_deref().unwrap_or("no reason")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_script_prints_is_read_failures_too() {
        let said = concat!(
            r#"{"device": "H100", "arch": "conv-4x4", "objective": "beta-vae", "mode": "eager", "models": 1, "torch": "2.9", "images_per_s": 1.5, "images_per_cpu_s": 1.4}"#,
            "\n",
            r#"{"device": "H100", "arch": "conv-4x4", "objective": "beta-vae", "mode": "vmap", "models": 64, "torch": "2.9", "failed": "OutOfMemoryError: no"}"#,
        );
        let rates = parse(said).unwrap();
        assert_eq!(rates[0].images_per_s, Some(1.5));
        assert_eq!(rates[1].failed.as_deref(), Some("OutOfMemoryError: no"));
        assert_eq!(parse("a warning"), None);
    }
}
