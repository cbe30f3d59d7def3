//! Medians and ratios of the rounds.

use serde::Serialize;

use super::{Plan, Rate, TORCH, UNRAVEL};
use crate::machine::Machine;
use crate::timing::{median, tenths};

/// Medians and ratios of the rounds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// `vs-torch`.
    pub bench: &'static str,
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// The architecture.
    pub arch: &'static str,
    /// The objective's family.
    pub objective: &'static str,
    /// Number of models of one worker's cohort. PyTorch trains one model per process.
    pub models: usize,
    /// PyTorch's version.
    pub torch: String,
    /// Number of rounds.
    pub rounds: usize,
    /// Medians, PyTorch's modes first.
    pub medians: Vec<Median>,
    /// The best median of PyTorch, images per second.
    pub torch_images_per_s: f64,
    /// The best median of unravel, images per second.
    pub unravel_images_per_s: f64,
    /// Ratio of unravel's best to PyTorch's best.
    pub ratio: f64,
    /// The same ratio for images per CPU second, which other programs affect less.
    pub cpu_ratio: f64,
    /// The ratio of each round, in order.
    pub round_ratios: Vec<f64>,
}

/// The median rate of one mode of PyTorch or one division of unravel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Median {
    /// `torch default`, `unravel 2 jobs x 1 threads`, ….
    pub way: String,
    /// Images per second.
    pub images_per_s: f64,
    /// Images per second of CPU time.
    pub images_per_cpu_s: f64,
}

impl Comparison {
    /// Summarises the rounds, of which there is at least one.
    pub(super) fn of(plan: &Plan, rounds: &[Vec<Rate>]) -> Comparison {
        let all: Vec<&Rate> = rounds.iter().flatten().collect();
        let labels: Vec<String> = rounds[0].iter().map(Rate::label).collect();
        let medians: Vec<Median> = labels
            .into_iter()
            .map(|label| Median::of(label, &all))
            .collect();
        let ratio_of = |rate: fn(&Median) -> f64| {
            let best = |program| of_program(&medians, program).map(rate).fold(0.0, f64::max);
            best(UNRAVEL) / best(TORCH)
        };
        let best = |program| {
            of_program(&medians, program)
                .map(|m| m.images_per_s)
                .fold(0.0, f64::max)
        };
        let round_ratio = |rates: &Vec<Rate>| {
            let best = |program: &str| {
                let of_program = rates
                    .iter()
                    .filter(|rate| rate.label().starts_with(program));
                of_program.map(Rate::images_per_s).fold(0.0, f64::max)
            };
            hundredths(best(UNRAVEL) / best(TORCH))
        };
        let version = all.iter().find_map(|rate| match rate {
            Rate::Torch(rate) => Some(rate.torch.clone()),
            Rate::Unravel(_) => None,
        });
        Comparison {
            bench: "vs-torch",
            machine: Machine::here(),
            arch: plan.workload.architecture.name(),
            objective: plan.workload.target.name(),
            models: plan.workload.models,
            torch: version.unwrap_or_default(),
            rounds: rounds.len(),
            torch_images_per_s: best(TORCH),
            unravel_images_per_s: best(UNRAVEL),
            ratio: hundredths(ratio_of(|median| median.images_per_s)),
            cpu_ratio: hundredths(ratio_of(|median| median.images_per_cpu_s)),
            round_ratios: rounds.iter().map(round_ratio).collect(),
            medians,
        }
    }
}

fn of_program<'a>(medians: &'a [Median], program: &str) -> impl Iterator<Item = &'a Median> {
    medians
        .iter()
        .filter(move |median| median.way.starts_with(program))
}

impl Median {
    fn of(way: String, rates: &[&Rate]) -> Self {
        let median_of = |what: fn(&Rate) -> f64| {
            let of_way = rates.iter().filter(|rate| rate.label() == way);
            tenths(median(
                &mut of_way.map(|rate| what(rate)).collect::<Vec<f64>>(),
            ))
        };
        Self {
            images_per_s: median_of(Rate::images_per_s),
            images_per_cpu_s: median_of(Rate::images_per_cpu_s),
            way,
        }
    }
}

fn hundredths(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

impl std::fmt::Display for Comparison {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for Median {
            way,
            images_per_s,
            images_per_cpu_s,
        } in &self.medians
        {
            writeln!(
                f,
                "median   {way:<28} {images_per_s:>8.1} images/s  {images_per_cpu_s:>8.1} images per CPU second"
            )?;
        }
        write!(
            f,
            "{} {}: {:.2} times PyTorch {} at its best (round by round {:?}); by CPU time {:.2} times",
            self.arch, self.objective, self.ratio, self.torch, self.round_ratios, self.cpu_ratio
        )
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use unravel_sweep::Architecture;

    use super::*;
    use crate::train::TrainRate;
    use crate::versus::TorchRate;
    use crate::workload::{Target, Workload};

    fn torch(mode: &str, images_per_s: f64) -> Rate {
        Rate::Torch(TorchRate {
            mode: mode.to_owned(),
            torch: "2".to_owned(),
            images_per_s,
            images_per_cpu_s: 400.0,
        })
    }

    fn unravel(jobs: usize, images_per_s: f64) -> Rate {
        Rate::Unravel(TrainRate {
            bench: "train",
            machine: Machine::here(),
            arch: "conv-4x4",
            objective: "beta-vae",
            models: 1,
            jobs,
            threads: 2,
            threads_per_job: 2 / jobs,
            batch_size: 64,
            elapsed_secs: 1.0,
            images_per_s,
            images_per_cpu_s: 1000.0,
        })
    }

    #[test]
    fn the_ratio_is_of_the_best_medians() {
        let plan = Plan {
            python: "python3".into(),
            workload: Workload {
                architecture: Architecture::Conv4x4,
                target: Target::BetaVae,
                models: 1,
            },
            divisions: Vec::new(),
            threads: 2,
            duration: Duration::ZERO,
            rounds: 3,
        };
        let round = |a, b, c, d| {
            vec![
                torch("default", a),
                torch("process_per_core", b),
                unravel(2, c),
                unravel(1, d),
            ]
        };
        let rounds = [
            round(500.0, 800.0, 1600.0, 1000.0),
            round(500.0, 1000.0, 1500.0, 1000.0),
            round(900.0, 800.0, 1800.0, 1000.0),
        ];
        let comparison = Comparison::of(&plan, &rounds);
        assert_eq!(comparison.torch_images_per_s, 800.0);
        assert_eq!(comparison.unravel_images_per_s, 1600.0);
        assert_eq!(comparison.ratio, 2.0);
        assert_eq!(comparison.cpu_ratio, 2.5);
        assert_eq!(comparison.round_ratios, [2.0, 1.5, 2.0]);
        assert_eq!(comparison.medians.len(), 4);
    }
}
