//! Runs the PyTorch script and reads its rates.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::error::BenchError;
use crate::workload::Workload;

/// Prefixes of environment variables that limit the instruction sets or the threads of PyTorch's libraries. They are
/// removed, so that PyTorch runs at its best.
const LIMITS: [&str; 7] = [
    "ATEN_CPU_CAPABILITY",
    "DNNL_",
    "KMP_",
    "MKL_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
];

/// Runs `command` of the script and returns its rates.
///
/// # Errors
/// Fails if Python cannot be started, or if the script fails or prints anything but rates.
pub fn run<T: DeserializeOwned>(
    python: &Path,
    command: &str,
    workload: Workload,
    duration: Duration,
    arguments: [&str; 2],
) -> Result<Vec<T>, BenchError> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("torch/torch_baseline.py");
    let mut process = Command::new(python);
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if LIMITS.iter().any(|prefix| text.starts_with(prefix)) {
            process.env_remove(&name);
        }
    }
    let output = process
        .arg(script)
        .arg(command)
        .args(["--arch", workload.architecture.name()])
        .args(["--objective", workload.target.name()])
        .args(["--batch", &workload.batch_size().to_string()])
        .args(arguments)
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
        let stderr = String::from_utf8_lossy(&output.stderr);
        let last = stderr.lines().last().unwrap_or("no message");
        return Err(no_timings(format!("{}; {last}", output.status)));
    }
    let stdout = String::from_utf8_lossy(&output.stdout);
    parse(&stdout).ok_or_else(|| no_timings(format!("it printed `{}`", stdout.trim_end())))
}

/// Reads the rates, one JSON object per line. Returns `None` if there are none or a line is not a rate.
pub fn parse<T: DeserializeOwned>(stdout: &str) -> Option<Vec<T>> {
    let rates = stdout.lines().map(|line| serde_json::from_str(line).ok());
    rates
        .collect::<Option<Vec<T>>>()
        .filter(|rates| !rates.is_empty())
}
