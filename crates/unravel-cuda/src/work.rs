//! The worker on a CUDA device.

use std::sync::Arc;
use std::time::Duration;

use burn::backend::Cuda;
use burn::backend::cuda::CudaDevice;
use unravel_data::Dataset;
use unravel_model::arrays::Arrays;
use unravel_model::trained::Encoding;
use unravel_store::Order;
use unravel_sweep::Trial;
use unravel_worker::reporter::Reporter;
use unravel_worker::{End, WorkerError};

use crate::guard::guarded;
use crate::trained::{self, FirstSteps, Pace};
use crate::{CudaGpu, shown};

/// The devices that the driver shows (it heeds `CUDA_VISIBLE_DEVICES`).
///
/// # Errors
/// A clause that says why there are none.
pub fn visible() -> Result<Vec<CudaGpu>, String> {
    shown()
}

/// What somebody should know who built with CUDA and did not ask for a device, where there is none.
pub fn missed() -> Option<String> {
    let reason = visible().err()?;
    Some(format!("training on the CPU: {reason}"))
}

/// Works off an order on the CUDA device of this index.
///
/// # Errors
/// Where there is no such device, where it gives up, and as [`unravel_worker::run`].
pub fn run(order: &Order, index: usize, reporter: &mut Reporter<'_>) -> Result<End, WorkerError> {
    let no_device = |reason| WorkerError::Device { reason };
    let gpus = visible().map_err(no_device)?;
    let gpu = gpus
        .iter()
        .find(|gpu| gpu.index == index)
        .ok_or_else(|| no_device(format!("CUDA device {index} is not visible here")))?;
    let (device, name) = (CudaDevice::new(index), format!("cuda ({})", gpu.name));
    guarded(|| unravel_worker::run::<Cuda>(order, &device, &name, reporter))
}

/// [`trained::first_steps`] on the CUDA device of this index.
///
/// # Errors
/// Where the device gives up, and as there.
pub fn first_steps(
    trial: &Trial,
    dataset: &Arc<Dataset>,
    index: usize,
    steps: u64,
) -> Result<FirstSteps, WorkerError> {
    let device = CudaDevice::new(index);
    guarded(|| {
        Ok(trained::first_steps::<Cuda>(
            trial, dataset, &device, steps,
        )?)
    })
}

/// [`trained::codes`] on the CUDA device of this index.
///
/// # Errors
/// Where the device gives up, and as there.
pub fn codes(
    trial: &Trial,
    dataset: &Dataset,
    weights: &Arrays,
    index: usize,
) -> Result<Encoding, WorkerError> {
    let device = CudaDevice::new(index);
    guarded(|| Ok(trained::codes::<Cuda>(trial, dataset, weights, &device)?))
}

/// [`trained::pace`] on the CUDA device of this index.
///
/// # Errors
/// Where the device gives up, and as there.
pub fn pace(
    trials: Vec<Trial>,
    dataset: &Arc<Dataset>,
    index: usize,
    at_least: Duration,
) -> Result<Pace, WorkerError> {
    let device = CudaDevice::new(index);
    guarded(|| Ok(trained::pace::<Cuda>(trials, dataset, &device, at_least)?))
}
