//! Compares training in unravel with PyTorch, alternately, on the same machine in one run.
//!
//! A round runs each mode of PyTorch, then each division of the cores of unravel. The result is the ratio of medians,
//! of unravel's best division and PyTorch's best mode. The ratios of the rounds show its spread. The ratio by CPU time
//! is a check that other programs affect less.

mod comparison;
mod torch;

use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;

pub use comparison::{Comparison, Median};
pub use torch::TorchRate;

use crate::error::BenchError;
use crate::train::{self, Division, TrainRate};
use crate::workload::Workload;

const TORCH: &str = "torch";
const UNRAVEL: &str = "unravel";

/// One measurement of a round.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "by", rename_all = "kebab-case")]
pub enum Rate {
    /// A rate of PyTorch.
    Torch(TorchRate),
    /// A rate of unravel.
    Unravel(TrainRate),
}

/// A measurement with its round.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Measured {
    /// Number of the round, from 1.
    pub round: usize,
    /// The measurement.
    #[serde(flatten)]
    pub rate: Rate,
}

/// What to compare, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// A Python with PyTorch.
    pub python: PathBuf,
    /// The trained models.
    pub workload: Workload,
    /// Divisions of the cores for unravel.
    pub divisions: Vec<Division>,
    /// Number of threads for PyTorch.
    pub threads: usize,
    /// Minimum duration of a measurement.
    pub duration: Duration,
    /// Number of rounds, at least 1.
    pub rounds: usize,
}

/// Measures all rounds.
///
/// # Errors
/// Fails if PyTorch or a worker cannot be started or fails.
pub fn compare(plan: &Plan, emit: &mut dyn FnMut(&Measured)) -> Result<Comparison, BenchError> {
    let mut rounds = Vec::new();
    for round in 1..=plan.rounds.max(1) {
        let mut rates = Vec::new();
        let mut add = |rate: Rate| {
            let measured = Measured { round, rate };
            emit(&measured);
            rates.push(measured.rate);
        };
        torch::run(plan)?
            .into_iter()
            .map(Rate::Torch)
            .for_each(&mut add);
        for division in &plan.divisions {
            add(Rate::Unravel(train::measure(
                plan.workload,
                *division,
                plan.duration,
            )?));
        }
        rounds.push(rates);
    }
    Ok(Comparison::of(plan, &rounds))
}

impl Rate {
    fn label(&self) -> String {
        match self {
            Self::Torch(rate) => format!("{TORCH} {}", rate.mode),
            Self::Unravel(rate) => {
                format!(
                    "{UNRAVEL} {} jobs x {} threads",
                    rate.jobs, rate.threads_per_job
                )
            }
        }
    }

    fn images_per_s(&self) -> f64 {
        match self {
            Self::Torch(rate) => rate.images_per_s,
            Self::Unravel(rate) => rate.images_per_s,
        }
    }

    fn images_per_cpu_s(&self) -> f64 {
        match self {
            Self::Torch(rate) => rate.images_per_cpu_s,
            Self::Unravel(rate) => rate.images_per_cpu_s,
        }
    }
}

impl std::fmt::Display for Measured {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (round, label) = (self.round, self.rate.label());
        let (rate, cpu_rate) = (self.rate.images_per_s(), self.rate.images_per_cpu_s());
        write!(
            f,
            "round {round}  {label:<28} {rate:>8.1} images/s  {cpu_rate:>8.1} images per CPU second"
        )
    }
}

#[cfg(test)]
mod tests {
    use unravel_sweep::Architecture;

    use super::*;
    use crate::workload::Target;

    #[test]
    fn a_python_that_cannot_be_started_is_named() {
        let plan = Plan {
            python: "/nowhere/python".into(),
            workload: Workload {
                architecture: Architecture::ConvSmall,
                target: Target::BetaVae,
                models: 1,
            },
            divisions: Vec::new(),
            threads: 1,
            duration: Duration::ZERO,
            rounds: 1,
        };
        let error = compare(&plan, &mut |_| ()).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("cannot run `/nowhere/python`")
        );
    }
}
