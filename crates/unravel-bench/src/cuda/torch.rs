//! Rates of PyTorch on CUDA.

use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::error::BenchError;
use crate::torch_script;
use crate::workload::Workload;

/// A rate of PyTorch, as its script prints it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CudaTorchRate {
    /// `eager`, `compile`, `cuda_graph`, `vmap` or `vmap_compile`.
    pub mode: String,
    /// Number of models that train together.
    pub models: usize,
    /// PyTorch's version.
    pub torch: String,
    /// Images per second over all models; `None` if the mode failed.
    pub images_per_s: Option<f64>,
    /// The reason for the failure.
    pub failed: Option<String>,
}

/// Measures each mode, and those with stacked models for each size of cohort.
pub(super) fn run(
    python: &Path,
    workload: Workload,
    cohorts: &[usize],
    duration: Duration,
) -> Result<Vec<CudaTorchRate>, BenchError> {
    let models: Vec<String> = cohorts.iter().map(usize::to_string).collect();
    let models = models.join(",");
    torch_script::run(python, "cuda", workload, duration, ["--models", &models])
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
    use crate::torch_script::parse;

    #[test]
    fn rates_and_failures_of_the_script_are_read() {
        let said = concat!(
            r#"{"device": "H100", "arch": "conv-4x4", "objective": "beta-vae", "mode": "eager", "models": 1, "torch": "2.9", "#,
            r#""images_per_s": 1.5, "images_per_cpu_s": 1.4}"#,
            "\n",
            r#"{"device": "H100", "arch": "conv-4x4", "objective": "beta-vae", "mode": "vmap", "models": 64, "torch": "2.9", "#,
            r#""failed": "OutOfMemoryError: no"}"#,
        );
        let rates: Vec<CudaTorchRate> = parse(said).unwrap();
        assert_eq!(rates[0].images_per_s, Some(1.5));
        assert_eq!(rates[1].failed.as_deref(), Some("OutOfMemoryError: no"));
        assert_eq!(parse::<CudaTorchRate>("a warning"), None);
    }
}
