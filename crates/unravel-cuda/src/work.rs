//! The worker on a CUDA device.

use burn::backend::Cuda;
use burn::backend::cuda::CudaDevice;
use unravel_store::Order;
use unravel_worker::reporter::Reporter;
use unravel_worker::{End, WorkerError};

use crate::driver::visible;

/// Works off an order on the CUDA device of this index.
///
/// # Errors
/// Where there is no such device, and as [`unravel_worker::run`].
pub fn run(order: &Order, index: usize, reporter: &mut Reporter<'_>) -> Result<End, WorkerError> {
    let no_device = |reason| WorkerError::Device { reason };
    let gpus = visible().map_err(no_device)?;
    let gpu = gpus
        .iter()
        .find(|gpu| gpu.index == index)
        .ok_or_else(|| no_device(format!("CUDA device {index} is not visible here")))?;
    let device = CudaDevice::new(index);
    unravel_worker::run::<Cuda>(order, &device, &format!("cuda ({})", gpu.name), reporter)
}
