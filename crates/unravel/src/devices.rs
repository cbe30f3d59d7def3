//! Selects the devices of a run, and the number of models that train together on them.

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use unravel_orchestrator::cohort_sizes::{CohortSizes, TrialKind};
use unravel_orchestrator::device::{Device, DeviceClass, DeviceRequest};
use unravel_worker::cost::CudaMemory;

use crate::cli::Machine;
use crate::exit::{Exit, Failure};
use crate::study::Study;

/// The devices of the command line. Also returns a sentence if `auto` selects the CPU although there is a GPU.
pub fn resolve(machine: &Machine) -> Result<(Vec<Device>, Option<String>), Failure> {
    machine.device.check_jobs(machine.jobs)?;
    let gpus = match machine.device {
        DeviceRequest::Cpu => Ok(Vec::new()),
        _ => unravel_cuda::visible(),
    };
    let indices = gpus.map(|gpus| gpus.into_iter().map(|gpu| gpu.index).collect());
    let devices = machine.device.resolve(&indices)?;
    let is_fallback = machine.device == DeviceRequest::Auto && devices == [Device::Cpu];
    let note = is_fallback.then(unravel_cuda::missed).flatten();
    Ok((devices, note))
}

/// The cache of compiled GPU kernels: `unravel` in the user's cache folder, or a folder of this user in the temporary
/// folder if the user has no cache folder.
pub fn kernel_folder() -> PathBuf {
    let folder = |name: &str| env::var_os(name).map(PathBuf::from);
    let caches = folder("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let caches = caches.or_else(|| Some(folder("HOME")?.join(".cache")));
    match caches {
        Some(caches) => caches.join("unravel"),
        None => {
            let user = rustix::process::getuid().as_raw();
            env::temp_dir().join(format!("unravel-{user}"))
        }
    }
}

/// The number of models that train together: the given one, or by default one on a CPU, where parallel workers use the
/// cores, and on CUDA devices as many as fit into the smallest free memory of a device.
pub fn cohort_sizes(
    machine: &Machine,
    devices: &[Device],
    study: &Study,
) -> Result<CohortSizes, Failure> {
    let cuda: Vec<usize> = devices
        .iter()
        .filter_map(|device| match device {
            Device::Cuda(index) => Some(*index),
            Device::Cpu => None,
        })
        .collect();
    if machine.cohort.is_some() || cuda.is_empty() {
        return Ok(CohortSizes::all(machine.cohort.unwrap_or(1)));
    }
    let free = cuda.iter().map(|index| unravel_cuda::free_bytes(*index));
    let free = free
        .collect::<Result<Vec<u64>, String>>()
        .map_err(|reason| {
            Failure::new(
                Exit::Usage,
                format!("no usable CUDA device: {reason}; if only its free memory is unknown, set --cohort M"),
            )
        })?;
    let free = free.into_iter().min().unwrap_or(0);
    let mut kinds: BTreeMap<String, TrialKind> = BTreeMap::new();
    for trial in &study.trials {
        let cohort_key = trial.cohort_key();
        if let Some(kind) = kinds.get_mut(&cohort_key) {
            kind.n_trials += 1;
            continue;
        }
        let kind = TrialKind {
            cohort_key: cohort_key.clone(),
            n_trials: 1,
            n_fit: CudaMemory::of(trial, &study.data)?.models_within(free),
        };
        kinds.insert(cohort_key, kind);
    }
    Ok(CohortSizes::filling(kinds.into_values(), cuda.len()))
}

/// Whether all devices are of this class.
pub fn are(devices: &[Device], class: DeviceClass) -> bool {
    devices.iter().all(|device| device.class() == class)
}
