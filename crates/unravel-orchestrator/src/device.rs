//! Resolves `--device` and `--jobs` to devices and slots.
//!
//! A slot is a place for one worker. The caller finds the CUDA devices of the machine and passes their indices, or a
//! sentence that says why there are none.

use std::fmt;
use std::str::FromStr;

/// Maximum of `--jobs`.
pub const MAX_JOBS: usize = 1024;

/// One device that a worker can train on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Device {
    /// The CPU; several workers share it, each with its own threads.
    Cpu,
    /// The CUDA device of this index, counted among the visible ones.
    Cuda(usize),
}

impl Device {
    /// The class that the device belongs to.
    #[must_use]
    pub fn class(self) -> DeviceClass {
        match self {
            Self::Cpu => DeviceClass::Cpu,
            Self::Cuda(_) => DeviceClass::Cuda,
        }
    }
}

/// `cpu` or `cuda:0`: the form in which a worker's order names its device.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(index) => write!(f, "cuda:{index}"),
        }
    }
}

/// Classes of devices; they determine how many models train together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceClass {
    /// Runs many workers with one model each.
    Cpu,
    /// Runs one worker with many models.
    Cuda,
}

/// The value of `--device`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DeviceRequest {
    /// Every visible CUDA device, or the CPU if there is none.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// Every visible CUDA device.
    Cuda,
    /// The CUDA devices of these indices, in this order.
    CudaAt(Vec<usize>),
}

/// A request for devices that cannot be fulfilled; always a usage error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// The text is not a device.
    #[error("unknown device `{0}`: use auto, cpu, cuda, or cuda with indices such as cuda:0,2")]
    Unknown(String),
    /// An index after `cuda:` is not a number.
    #[error("`{index}` in `{text}` is not a device index: write for example cuda:0 or cuda:0,2")]
    BadIndex {
        /// The whole request.
        text: String,
        /// The part that is not a number.
        index: String,
    },
    /// One index is named twice.
    #[error("`{text}` names device {index} twice; name each device once")]
    Repeated {
        /// The whole request.
        text: String,
        /// The repeated index.
        index: usize,
    },
    /// The machine has no CUDA device, or the program was built without CUDA.
    #[error("no usable CUDA device: {0}")]
    NoCuda(String),
    /// An index that is not among the visible devices.
    #[error("CUDA device {index} is not visible here; {visible}")]
    NotVisible {
        /// The index asked for.
        index: usize,
        /// A clause that lists the visible devices.
        visible: String,
    },
    /// `--jobs` with an explicit CUDA request.
    #[error(
        "--jobs applies only to the CPU, because a CUDA device always has one worker; remove --jobs or use --device cpu"
    )]
    JobsOnCuda,
    /// `--jobs 0`, or far too many.
    #[error("--jobs must be from 1 to {MAX_JOBS}, but is {0}")]
    BadJobs(usize),
}

impl FromStr for DeviceRequest {
    type Err = DeviceError;

    fn from_str(text: &str) -> Result<Self, DeviceError> {
        match text {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda),
            _ => match text.strip_prefix("cuda:") {
                Some(indices) => parse_indices(text, indices).map(Self::CudaAt),
                None => Err(DeviceError::Unknown(text.to_owned())),
            },
        }
    }
}

fn parse_indices(text: &str, indices: &str) -> Result<Vec<usize>, DeviceError> {
    let mut parsed = Vec::new();
    for part in indices.split(',') {
        let index = part.parse().map_err(|_| DeviceError::BadIndex {
            text: text.to_owned(),
            index: part.to_owned(),
        })?;
        if parsed.contains(&index) {
            return Err(DeviceError::Repeated {
                text: text.to_owned(),
                index,
            });
        }
        parsed.push(index);
    }
    Ok(parsed)
}

/// The indices of the usable CUDA devices, or a clause that says why there are none.
pub type VisibleCuda = Result<Vec<usize>, String>;

impl DeviceRequest {
    /// The devices of the request on a machine with these CUDA devices; never empty.
    ///
    /// # Errors
    ///
    /// The request names CUDA where there is none, or an index that is not visible.
    pub fn resolve(&self, cuda: &VisibleCuda) -> Result<Vec<Device>, DeviceError> {
        let visible = match cuda {
            Ok(indices) if indices.is_empty() => Err("none is visible".to_owned()),
            Ok(indices) => Ok(indices),
            Err(reason) => Err(reason.clone()),
        };
        match (self, visible) {
            (Self::Cpu, _) | (Self::Auto, Err(_)) => Ok(vec![Device::Cpu]),
            (Self::Auto | Self::Cuda, Ok(indices)) => {
                Ok(indices.iter().copied().map(Device::Cuda).collect())
            }
            (Self::Cuda | Self::CudaAt(_), Err(reason)) => Err(DeviceError::NoCuda(reason)),
            (Self::CudaAt(wanted), Ok(indices)) => {
                if let Some(&index) = wanted.iter().find(|index| !indices.contains(index)) {
                    let visible = visible_clause(indices);
                    return Err(DeviceError::NotVisible { index, visible });
                }
                Ok(wanted.iter().copied().map(Device::Cuda).collect())
            }
        }
    }

    /// Checks `--jobs` against the request, before any work is planned.
    ///
    /// # Errors
    ///
    /// Zero or more than [`MAX_JOBS`] workers, or `--jobs` beside an explicit CUDA request. Beside `auto` it
    /// counts only where `auto` means the CPU.
    pub fn check_jobs(&self, jobs: Option<usize>) -> Result<(), DeviceError> {
        match (self, jobs) {
            (_, None) => Ok(()),
            (Self::Cuda | Self::CudaAt(_), Some(_)) => Err(DeviceError::JobsOnCuda),
            (_, Some(n)) if n == 0 || MAX_JOBS < n => Err(DeviceError::BadJobs(n)),
            (_, Some(_)) => Ok(()),
        }
    }
}

fn visible_clause(indices: &[usize]) -> String {
    let names: Vec<String> = indices.iter().map(usize::to_string).collect();
    match names.as_slice() {
        [only] => format!("only {only} is"),
        _ => format!("visible are {}", names.join(", ")),
    }
}

/// A place for one worker at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Position among the slots, from 0.
    pub index: usize,
    /// The device the worker uses.
    pub device: Device,
    /// CPU threads the worker may use, at least 1.
    pub n_threads: usize,
}

/// The slots on `devices`: one for each CUDA device, `jobs` for the CPU.
///
/// The cores are divided evenly, with at least one thread per slot. Without `jobs`, a CPU gets one slot per core, but
/// at most one per cohort, so that a single trial can use all cores.
#[must_use]
pub fn slots(
    devices: &[Device],
    n_cores: usize,
    jobs: Option<usize>,
    n_cohorts: usize,
) -> Vec<Slot> {
    let n_cpu_slots = jobs.unwrap_or(n_cores).min(n_cohorts).max(1);
    let placed: Vec<Device> = devices
        .iter()
        .flat_map(|&device| {
            let n_slots = match device.class() {
                DeviceClass::Cpu => n_cpu_slots,
                DeviceClass::Cuda => 1,
            };
            std::iter::repeat_n(device, n_slots)
        })
        .collect();
    let n_slots = placed.len();
    placed
        .into_iter()
        .enumerate()
        .map(|(index, device)| {
            let extra = usize::from(index < n_cores % n_slots);
            let n_threads = (n_cores / n_slots + extra).max(1);
            Slot {
                index,
                device,
                n_threads,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DeviceRequest, DeviceError> {
        text.parse()
    }

    fn none() -> VisibleCuda {
        Err("this build has no CUDA support".to_owned())
    }

    #[test]
    fn the_four_forms_are_read() {
        assert_eq!(parse("auto"), Ok(DeviceRequest::Auto));
        assert_eq!(parse("cpu"), Ok(DeviceRequest::Cpu));
        assert_eq!(parse("cuda"), Ok(DeviceRequest::Cuda));
        assert_eq!(parse("cuda:0,2"), Ok(DeviceRequest::CudaAt(vec![0, 2])));
    }

    #[test]
    fn bad_forms_say_what_is_wrong() {
        for (text, sentence) in [
            (
                "gpu",
                "unknown device `gpu`: use auto, cpu, cuda, or cuda with indices such as cuda:0,2",
            ),
            (
                "cuda:",
                "`` in `cuda:` is not a device index: write for example cuda:0 or cuda:0,2",
            ),
            (
                "cuda:0,x",
                "`x` in `cuda:0,x` is not a device index: write for example cuda:0 or cuda:0,2",
            ),
            (
                "cuda:1,1",
                "`cuda:1,1` names device 1 twice; name each device once",
            ),
        ] {
            assert_eq!(parse(text).unwrap_err().to_string(), sentence);
        }
    }

    #[test]
    fn auto_takes_cuda_where_there_is_one_and_else_the_cpu() {
        let auto = DeviceRequest::Auto;
        assert_eq!(
            auto.resolve(&Ok(vec![0, 1])),
            Ok(vec![Device::Cuda(0), Device::Cuda(1)])
        );
        assert_eq!(auto.resolve(&Ok(vec![])), Ok(vec![Device::Cpu]));
        assert_eq!(auto.resolve(&none()), Ok(vec![Device::Cpu]));
        assert_eq!(
            DeviceRequest::Cpu.resolve(&Ok(vec![0])),
            Ok(vec![Device::Cpu])
        );
    }

    #[test]
    fn cuda_that_is_not_there_is_refused_with_the_reason() {
        let refused =
            |request: DeviceRequest, cuda| request.resolve(&cuda).unwrap_err().to_string();
        assert_eq!(
            refused(DeviceRequest::Cuda, none()),
            "no usable CUDA device: this build has no CUDA support"
        );
        assert_eq!(
            refused(DeviceRequest::Cuda, Ok(vec![])),
            "no usable CUDA device: none is visible"
        );
        assert_eq!(
            refused(DeviceRequest::CudaAt(vec![0, 3]), Ok(vec![0, 1])),
            "CUDA device 3 is not visible here; visible are 0, 1"
        );
        assert_eq!(
            refused(DeviceRequest::CudaAt(vec![3]), Ok(vec![0])),
            "CUDA device 3 is not visible here; only 0 is"
        );
    }

    #[test]
    fn jobs_are_checked_against_the_request() {
        assert_eq!(DeviceRequest::Cpu.check_jobs(Some(2)), Ok(()));
        assert_eq!(DeviceRequest::Auto.check_jobs(Some(2)), Ok(()));
        assert_eq!(
            DeviceRequest::Cpu.check_jobs(Some(0)),
            Err(DeviceError::BadJobs(0))
        );
        assert_eq!(
            DeviceRequest::Cpu.check_jobs(Some(9999)),
            Err(DeviceError::BadJobs(9999))
        );
        assert_eq!(
            DeviceRequest::Cuda.check_jobs(Some(2)),
            Err(DeviceError::JobsOnCuda)
        );
    }

    #[test]
    fn cores_are_divided_and_none_is_lost() {
        let threads = |n_cores, jobs, n_cohorts| -> Vec<usize> {
            let slots = slots(&[Device::Cpu], n_cores, jobs, n_cohorts);
            slots.iter().map(|slot| slot.n_threads).collect()
        };
        assert_eq!(threads(16, Some(3), 100), [6, 5, 5]);
        assert_eq!(threads(2, None, 100), [1, 1]);
        assert_eq!(
            threads(8, None, 1),
            [8],
            "one cohort gets the whole machine"
        );
        assert_eq!(
            threads(2, Some(4), 100),
            [1, 1, 1, 1],
            "at least one thread each"
        );
        assert_eq!(threads(2, None, 0), [2]);
    }

    #[test]
    fn a_cuda_device_has_one_slot() {
        let slots = slots(&[Device::Cuda(0), Device::Cuda(2)], 16, None, 1);
        let named: Vec<String> = slots.iter().map(|slot| slot.device.to_string()).collect();
        assert_eq!(named, ["cuda:0", "cuda:2"]);
        assert!(slots.iter().all(|slot| slot.n_threads == 8));
    }
}
