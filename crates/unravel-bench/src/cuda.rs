//! Measures training on a GPU: cohorts of 1, 2, 4 … models, with PyTorch on the same device and the memory floor for
//! comparison.
//!
//! Each cohort trains in its own process, which runs this program. Each process therefore starts with an empty device,
//! and a cohort that does not fit does not affect the others.

mod floor;
mod torch;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use floor::{H100_BYTES_PER_SEC, bytes_per_image};
pub use torch::CudaTorchRate;

use crate::error::BenchError;
use crate::timing::tenths;
use crate::workload::{Workload, dsprites};

/// The first CUDA device that is visible.
const DEVICE: usize = 0;

/// Number of updates of a trial in the papers.
const PAPER_STEPS: f64 = 300_000.0;

/// The rate of a cohort.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CudaRate {
    /// The device's name.
    pub device: String,
    /// The architecture.
    pub arch: String,
    /// The objective's family.
    pub objective: String,
    /// Number of models of the cohort.
    pub models: usize,
    /// Images per second over all models.
    pub images_per_s: f64,
    /// Device memory of the process, in bytes.
    pub memory_bytes: u64,
    /// Ratio of the rate to the rate that 3 TB/s of memory bandwidth allow.
    pub share_of_floor: f64,
    /// Seconds for 300,000 steps of batch 64 at this rate, divided by the number of models: the time of a trial of the
    /// papers.
    pub paper_secs_per_model: f64,
}

/// The summary of one objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CudaSummary {
    /// The cohort with the highest rate.
    pub best: CudaRate,
    /// Ratio of that rate to PyTorch's eager mode with one model.
    pub over_eager: Option<f64>,
    /// Ratio of that rate to the best of PyTorch's other modes.
    pub over_best: Option<f64>,
}

/// Trains one cohort in this process and returns its rate.
///
/// # Errors
/// Fails if there is no CUDA device, or if its memory is too small for the cohort.
pub fn measure(workload: Workload, duration: Duration) -> Result<CudaRate, BenchError> {
    let no_device = |why: String| BenchError::Cuda { why };
    let gpus = unravel_cuda::visible().map_err(no_device)?;
    let free_before = unravel_cuda::free_bytes(DEVICE).map_err(no_device)?;
    let pace = unravel_cuda::pace(workload.trials(), &dsprites(), DEVICE, duration)
        .map_err(|error| no_device(error.to_string()))?;
    let free_after = unravel_cuda::free_bytes(DEVICE).map_err(no_device)?;
    let batch_size = workload.batch_size();
    let images = (pace.steps as usize * workload.models * batch_size) as f64;
    let images_per_s = images / pace.elapsed_secs;
    let floor = H100_BYTES_PER_SEC / bytes_per_image(workload)?;
    Ok(CudaRate {
        device: gpus[DEVICE].name.clone(),
        arch: workload.architecture.name().to_owned(),
        objective: workload.target.name().to_owned(),
        models: workload.models,
        images_per_s: tenths(images_per_s),
        memory_bytes: free_before.saturating_sub(free_after),
        share_of_floor: images_per_s / floor,
        paper_secs_per_model: PAPER_STEPS * batch_size as f64 / images_per_s,
    })
}

/// Measures cohorts of these sizes, then PyTorch if `python` is given, and returns the summary.
///
/// # Errors
/// Fails if there is no CUDA device, or if no cohort can be trained.
pub fn sweep(
    workload: Workload,
    cohorts: &[usize],
    duration: Duration,
    python: Option<&Path>,
    emit: &mut dyn FnMut(&CudaLine),
) -> Result<CudaSummary, BenchError> {
    unravel_cuda::visible().map_err(|why| BenchError::Cuda { why })?;
    let mut best: Option<CudaRate> = None;
    for &models in cohorts {
        match in_own_process(Workload { models, ..workload }, duration) {
            Ok(rate) => {
                emit(&CudaLine::Rate(rate.clone()));
                if best
                    .as_ref()
                    .is_none_or(|best| best.images_per_s < rate.images_per_s)
                {
                    best = Some(rate);
                }
            }
            // Larger cohorts would not fit either. The summary is of the smaller ones.
            Err(error) => {
                let why = error.to_string();
                emit(&CudaLine::Failed { models, why });
                break;
            }
        }
    }
    let best = best.ok_or_else(|| BenchError::Cuda {
        why: "no cohort could be trained".to_owned(),
    })?;
    let torch = match python {
        Some(python) => torch::run(python, workload, cohorts, duration)?,
        None => Vec::new(),
    };
    for rate in &torch {
        emit(&CudaLine::Torch(rate.clone()));
    }
    let fastest = |of: &dyn Fn(&CudaTorchRate) -> bool| {
        let rates = torch.iter().filter(|rate| of(rate));
        let rates = rates.filter_map(|rate| rate.images_per_s);
        rates.fold(None, |most: Option<f64>, rate| {
            Some(most.map_or(rate, |most| most.max(rate)))
        })
    };
    let over = |rate: Option<f64>| rate.map(|rate| best.images_per_s / rate);
    Ok(CudaSummary {
        over_eager: over(fastest(&|rate| rate.mode == "eager")),
        over_best: over(fastest(&|rate| rate.mode != "eager")),
        best,
    })
}

/// A line of the output.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CudaLine {
    /// A cohort of unravel.
    Rate(CudaRate),
    /// A cohort that could not be trained.
    Failed {
        /// Number of models of the cohort.
        models: usize,
        /// The cause.
        why: String,
    },
    /// A mode of PyTorch.
    Torch(CudaTorchRate),
}

fn in_own_process(workload: Workload, duration: Duration) -> Result<CudaRate, BenchError> {
    let program = crate::train::this_program().map_err(|source| BenchError::Process {
        program: "unravel-bench".into(),
        source,
    })?;
    let output = Command::new(&program)
        .arg("cuda-worker")
        .args(["--arch", workload.architecture.name()])
        .args(["--objective", workload.target.name()])
        .args(["--models", &workload.models.to_string()])
        .args(["--seconds", &duration.as_secs_f64().to_string()])
        .output()
        .map_err(|source| BenchError::Process {
            program: program.clone(),
            source,
        })?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(stdout.trim()).map_err(|_| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors
            .lines()
            .last()
            .unwrap_or("the worker printed nothing");
        BenchError::Cuda {
            why: last.to_owned(),
        }
    })
}

impl std::fmt::Display for CudaRate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gib = self.memory_bytes as f64 / f64::from(1u32 << 30);
        write!(
            f,
            "{:<10} {:<10} {:>4} models  {:>10.0} images/s  {gib:>6.1} GiB  {:>5.1}% of the floor  \
             {:>7.1} s per trial of 300,000 steps",
            self.arch,
            self.objective,
            self.models,
            self.images_per_s,
            100.0 * self.share_of_floor,
            self.paper_secs_per_model
        )
    }
}

impl std::fmt::Display for CudaLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Rate(rate) => rate.fmt(f),
            Self::Failed { models, why } => write!(f, "{models:>4} models: {why}"),
            Self::Torch(rate) => rate.fmt(f),
        }
    }
}

impl std::fmt::Display for CudaSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "best on {}: {}", self.best.device, self.best)?;
        let ratios = [
            ("eager", self.over_eager),
            ("the best of the others", self.over_best),
        ];
        for (what, ratio) in ratios {
            if let Some(ratio) = ratio {
                write!(f, "\n{ratio:.2} times PyTorch's {what}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use unravel_sweep::Architecture;

    use super::*;
    use crate::workload::Target;

    #[test]
    fn without_a_gpu_the_error_gives_the_reason() {
        if unravel_cuda::visible().is_ok() {
            eprintln!("skipped: there is a GPU");
            return;
        }
        let workload = Workload {
            architecture: Architecture::ConvSmall,
            target: Target::BetaVae,
            models: 1,
        };
        let error = sweep(workload, &[1], Duration::ZERO, None, &mut |_| ()).unwrap_err();
        let said = error.to_string();
        assert!(
            said.starts_with("not measured, because no CUDA device"),
            "{said}"
        );
    }
}
