//! What the workers of a plan take of memory, and whether it is there.

use std::collections::BTreeSet;

use unravel_data::free_memory;
use unravel_orchestrator::device::DeviceClass;
use unravel_orchestrator::plan::Plan;
use unravel_worker::cost::{self, CudaMemory};

use crate::exit::Failure;
use crate::output;
use crate::study::Study;

/// What a worker takes at the most, over the cohorts of a plan, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerMemory {
    /// Of the host's memory.
    pub host: u64,
    /// Of a CUDA device's; 0 on a CPU.
    pub cuda: u64,
    /// What the images are of `host`: every worker holds its own.
    pub images: u64,
}

impl WorkerMemory {
    /// Of the cohorts of this plan, on devices of this class.
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

    /// Of the host's memory, by all workers together.
    pub fn of_all(&self, n_workers: usize) -> u64 {
        self.host.saturating_mul(n_workers as u64)
    }

    /// A sentence where so many workers need more of this machine's memory than is free.
    pub fn shortage(&self, n_workers: usize) -> Option<String> {
        let is_cuda = 0 < self.cuda;
        shortage(self.host, n_workers, is_cuda, free_memory::available()?)
    }

    /// A sentence where a task of Slurm's may need more memory than clusters grant unasked, and nothing of `args` asks for
    /// any.
    pub fn asked_of_slurm(&self, args: &[String]) -> Option<String> {
        const GRANTED: u64 = 1 << 30;
        let is_asked = args.iter().any(|arg| arg.starts_with("--mem"));
        if is_asked || self.host <= GRANTED {
            return None;
        }
        Some(format!(
            "a task may need {} of memory; `--slurm-arg=--mem={}M` asks for it with a tenth to spare",
            output::bytes(self.host),
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
        (0, _) => "not even one of them may fit".to_owned(),
        (n, true) => format!("use {n} of the devices, such as --device cuda:0"),
        (n, false) => format!("`--jobs {n}` fits"),
    };
    let workers = output::count(n_workers, "worker");
    Some(format!(
        "{workers} may need {} of memory, {} each, and {} are free; {remedy}",
        output::bytes(all),
        output::bytes(of_one),
        output::bytes(free)
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
            "4 workers may need 4.0 GiB of memory, 1.0 GiB each, and 4.0 GiB are free; `--jobs 3` fits"
        );
        let cramped = shortage(2 * GIB, 1, false, GIB).unwrap();
        assert!(cramped.contains("not even one"), "{cramped}");
        // `--jobs` is refused there.
        let on_cuda = shortage(GIB, 4, true, 2 * GIB).unwrap();
        assert!(on_cuda.contains("use 2 of the devices"), "{on_cuda}");
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
