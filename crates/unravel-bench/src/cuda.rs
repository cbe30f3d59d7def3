//! Training on a GPU: cohorts of 1, 2, 4 … models, beside PyTorch on the same device and beside what its memory allows.
//!
//! Every cohort trains in a process of its own, which is this program again, so that each finds the device empty and one
//! that does not fit takes nothing down with it.

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

/// Updates of a trial of the papers.
const PAPER_STEPS: f64 = 300_000.0;

/// One cohort's rate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CudaRate {
    /// The device's name.
    pub device: String,
    /// Encoder and decoder.
    pub arch: String,
    /// What is minimised.
    pub objective: String,
    /// Models of the cohort.
    pub models: usize,
    /// Images that all of its models were trained on, per second.
    pub images_per_s: f64,
    /// Memory of the device that the process took, in bytes.
    pub memory_bytes: u64,
    /// The rate as a part of the rate at which 3 TB/s would move the bytes that a step has to move.
    pub share_of_floor: f64,
    /// Seconds for 300,000 steps of batch 64 at this rate, divided by the models: what a trial of the papers costs.
    pub paper_secs_per_model: f64,
}

/// What there is to say of one objective at the end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CudaSummary {
    /// The cohort with the highest rate.
    pub best: CudaRate,
    /// That rate over PyTorch's in its eager mode, one model at a time.
    pub over_eager: Option<f64>,
    /// That rate over the best of PyTorch's other modes.
    pub over_best: Option<f64>,
}

/// Trains one cohort and measures; what the process of one cohort does.
///
/// # Errors
/// Where there is no CUDA device, or it has no room for the cohort.
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

/// Measures cohorts of so many models each, then PyTorch if there is a Python for it, and compares.
///
/// # Errors
/// Where there is no CUDA device, or nothing could be measured.
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
            // Larger ones would not fit either; what was measured still counts.
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

/// One line of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum CudaLine {
    /// A cohort here.
    Rate(CudaRate),
    /// A cohort that could not be trained.
    Failed {
        /// Its models.
        models: usize,
        /// Why.
        why: String,
    },
    /// PyTorch.
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
    let said = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(said.trim()).map_err(|_| {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().last().unwrap_or("the worker said nothing");
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
            "{:<10} {:<10} {:>4} models  {:>10.0} images/s  {gib:>6.1} GiB  {:>5.1}% of the floor  {:>7.1} s a trial of 300,000 steps",
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
    fn without_a_gpu_nothing_is_measured_and_it_is_said_why() {
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
            said.starts_with("not measured, for want of a CUDA device"),
            "{said}"
        );
    }
}
