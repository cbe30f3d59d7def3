//! Estimates the memory of a plan's workers and compares it with the free memory.

use std::collections::BTreeSet;

use unravel_data::free_memory;
use unravel_orchestrator::device::DeviceClass;
use unravel_orchestrator::plan::Plan;
use unravel_worker::cost::{self, CudaMemory};

use crate::exit::Failure;
use crate::stdout;
use crate::study::Study;

/// The maximum memory of a worker over the cohorts of a plan, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerMemory {
    /// Host memory.
    pub host: u64,
    /// Memory of a CUDA device; 0 on a CPU.
    pub cuda: u64,
    /// The part of `host` for the images, of which every worker has a copy.
    pub images: u64,
}

impl WorkerMemory {
    /// For the cohorts of this plan, on devices of this class.
    pub fn of(study: &Study, plan: &Plan, class: DeviceClass) -> Result<Self, Failure> {
        let data = &study.data;
        let mut most = Self {
            images: data.held,
            ..Self::default()
        };
        let mut seen = BTreeSet::new();
        for cohort in &plan.cohorts {
            let (trial, n_models) = (&cohort.trials[0].trial, cohort.trials.len());
            if !seen.insert((trial.cohort_key(), n_models)) {
                continue;
            }
            let (host, cuda) = match class {
                DeviceClass::Cpu => (cost::memory_bytes(trial, data, n_models)?, 0),
                DeviceClass::Cuda => (
                    cost::host_memory_beside_cuda(trial, data),
                    CudaMemory::of(trial, data)?.total(n_models),
                ),
            };
            most.host = most.host.max(host);
            most.cuda = most.cuda.max(cuda);
        }
        Ok(most)
    }

    /// Host memory of all workers together.
    pub fn of_all(&self, n_workers: usize) -> u64 {
        self.host.saturating_mul(n_workers as u64)
    }

    /// A sentence if the workers need more memory than is free on this machine.
    pub fn shortage(&self, n_workers: usize) -> Option<String> {
        let is_cuda = 0 < self.cuda;
        shortage(self.host, n_workers, is_cuda, free_memory::available()?)
    }

    /// A sentence if a Slurm task may need more memory than clusters grant by default, and `args` do not request any.
    pub fn asked_of_slurm(&self, args: &[String]) -> Option<String> {
        const GRANTED: u64 = 1 << 30;
        let is_asked = args.iter().any(|arg| arg.starts_with("--mem"));
        if is_asked || self.host <= GRANTED {
            return None;
        }
        Some(format!(
            "a task may need {} of memory; `--slurm-arg=--mem={}M` requests this and 10 % more",
            stdout::bytes(self.host),
            (self.host + self.host / 10).div_ceil(1 << 20)
        ))
    }
}

fn shortage(of_one: u64, n_workers: usize, is_cuda: bool, free: u64) -> Option<String> {
    let all = of_one.saturating_mul(n_workers as u64);
    if all <= free || of_one == 0 {
        return None;
    }
    let remedy = match (free / of_one, is_cuda) {
        (0, _) => "even one of them may not fit".to_owned(),
        (n, true) => format!("use only {n} of the devices, such as --device cuda:0"),
        (n, false) => format!("use --jobs {n}"),
    };
    let workers = stdout::count(n_workers, "worker");
    Some(format!(
        "{workers} may need {} of memory ({} each), but only {} are free; {remedy}",
        stdout::bytes(all),
        stdout::bytes(of_one),
        stdout::bytes(free)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_many_workers_for_the_memory_are_said_with_the_number_that_fits() {
        const GIB: u64 = 1 << 30;
        assert_eq!(shortage(GIB, 4, false, 4 * GIB), None);
        let said = shortage(GIB, 4, false, 4 * GIB - 1).unwrap();
        assert_eq!(
            said,
            "4 workers may need 4.0 GiB of memory (1.0 GiB each), but only 4.0 GiB are free; use --jobs 3"
        );
        let cramped = shortage(2 * GIB, 1, false, GIB).unwrap();
        assert!(
            cramped.contains("even one of them may not fit"),
            "{cramped}"
        );
        // `--jobs` is refused there.
        let on_cuda = shortage(GIB, 4, true, 2 * GIB).unwrap();
        assert!(on_cuda.contains("use only 2 of the devices"), "{on_cuda}");
    }

    #[test]
    fn slurm_is_to_be_asked_for_much_memory_unless_it_is() {
        let memory = |host| WorkerMemory {
            host,
            ..WorkerMemory::default()
        };
        let ask = |host, arg: &str| memory(host).asked_of_slurm(&[arg.to_owned()]);
        let said = ask(2000 << 20, "--partition=gpu").unwrap();
        assert!(said.contains("`--slurm-arg=--mem=2200M`"), "{said}");
        for arg in ["--mem=4G", "--mem-per-cpu=2G"] {
            assert_eq!(ask(2000 << 20, arg), None, "{arg}");
        }
        assert_eq!(ask(200 << 20, "--partition=gpu"), None);
    }
}
