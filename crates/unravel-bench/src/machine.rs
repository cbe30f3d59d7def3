//! What is measured on.

use serde::Serialize;

/// The machine, as every record names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// `cpu`.
    pub device: &'static str,
    /// The widest instruction set that the kernels use, such as `avx512`.
    pub instruction_set: &'static str,
    /// The name that the processor gives itself; empty where the system does not tell.
    pub processor: String,
    /// Logical cores that this process may use.
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

/// Logical cores that this process may use.
#[must_use]
pub fn n_cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
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
    fn the_processor_is_named_as_the_system_names_it() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\nmodel name\t: Other\n";
        assert_eq!(model_name(cpuinfo), Some("Some CPU @ 2 GHz"));
        assert_eq!(model_name("Hardware : board\n"), None);
    }
}
