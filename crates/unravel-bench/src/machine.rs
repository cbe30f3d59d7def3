//! The machine of a measurement.

use serde::Serialize;

use crate::error::BenchError;

/// The machine, as part of every record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// `cpu`.
    pub device: &'static str,
    /// The widest instruction set that the kernels use, such as `avx512`.
    pub instruction_set: &'static str,
    /// The processor's name; empty if the system does not report it.
    pub processor: String,
    /// Number of logical cores that this process may use.
    pub cores: usize,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn here() -> Self {
        let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            device: "cpu",
            instruction_set: unravel_worker::device::instruction_set(),
            processor: model_name(&cpuinfo).unwrap_or_default().to_owned(),
            cores: n_cores(),
        }
    }
}

impl std::fmt::Display for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            device,
            instruction_set,
            processor,
            cores,
        } = self;
        write!(
            f,
            "{device} ({instruction_set}), {processor}, {cores} cores"
        )
    }
}

/// Number of logical cores that this process may use.
#[must_use]
pub fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs `work` on a pool of `threads` threads.
pub(crate) fn on_threads<R: Send>(
    threads: usize,
    work: impl FnOnce() -> R + Send,
) -> Result<R, BenchError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let pool = pool.map_err(|source| BenchError::Threads { threads, source })?;
    Ok(pool.install(work))
}

fn model_name(cpuinfo: &str) -> Option<&str> {
    let line = cpuinfo
        .lines()
        .find(|line| line.starts_with("model name"))?;
    line.split_once(':').map(|(_, name)| name.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_has_the_name_that_the_system_reports() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Other\n";
        assert_eq!(model_name(cpuinfo), Some("Some CPU @ 2 GHz"));
        assert_eq!(model_name("Hardware : board\n"), None);
    }
}
