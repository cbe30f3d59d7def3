//! Chooses the launcher of the cohorts: processes on this machine, or Slurm.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use unravel_orchestrator::cohort_sizes::CohortSizes;
use unravel_orchestrator::device::{Device, DeviceRequest, Slot, slots};
use unravel_orchestrator::launcher::Launcher;
use unravel_orchestrator::local::{LocalLauncher, WorkerCommand};
use unravel_orchestrator::policy::Policy;
use unravel_orchestrator::slurm::{
    SlurmError, SlurmLauncher, SlurmSettings, asks_for_gpu, check_args, job_name,
};
use unravel_store::Store;

use crate::cli::{LauncherKind, RunArgs};
use crate::devices;
use crate::exit::{Exit, Failure};
use crate::memory::WorkerMemory;
use crate::stderr;
use crate::study::Study;

/// Time between asking workers to stop and killing them, so that a run stops within ten seconds.
const STOP_GRACE: Duration = Duration::from_secs(8);
/// Events of workers on a cluster arrive through a shared disk, which can be slow.
const MAX_SILENCE_ON_A_CLUSTER: Duration = Duration::from_secs(1800);
/// Default number of cohorts in Slurm's queue: a usual limit per user.
const USUAL_IN_QUEUE: usize = 1000;
const MAX_IN_QUEUE: usize = 10_000;
/// Default number of models in a cohort on a GPU of a cluster.
const MODELS_ON_A_GPU: usize = 32;

/// The launcher and its devices.
pub struct Launch {
    /// The devices of the workers; never empty.
    pub devices: Vec<Device>,
    kind: Kind,
}

enum Kind {
    Local(LocalLauncher),
    Slurm(Box<SlurmLauncher>),
}

/// Checks the options of device and launcher. Returns the devices, at least one, and a sentence if the choice may
/// surprise the user.
pub fn devices(args: &RunArgs) -> Result<(Vec<Device>, Option<String>), Failure> {
    let (machine, launch) = (&args.machine, &args.launch);
    match launch.launcher {
        LauncherKind::Local if !launch.slurm_args.is_empty() || launch.slurm_cancel => Err(
            Failure::usage("--slurm-arg and --slurm-cancel require --launcher slurm"),
        ),
        LauncherKind::Local => devices::resolve(machine),
        LauncherKind::Slurm => {
            check_args(&launch.slurm_args)?;
            if machine.jobs.is_some_and(|n| n == 0 || MAX_IN_QUEUE < n) {
                return Err(Failure::usage(format!(
                    "--jobs must be from 1 to {MAX_IN_QUEUE} with --launcher slurm"
                )));
            }
            device_on_a_node(&machine.device, &launch.slurm_args).map(|device| (vec![device], None))
        }
    }
}

impl Launch {
    /// A launcher for these devices.
    pub fn new(
        args: &RunArgs,
        devices: Vec<Device>,
        sweep: &str,
        store: &Store,
    ) -> Result<Self, Failure> {
        let kind = match args.launch.launcher {
            LauncherKind::Local => Kind::Local(LocalLauncher::new(WorkerCommand {
                program: own_program()?,
                args: vec!["worker".into()],
            })),
            LauncherKind::Slurm => Kind::Slurm(Box::new(on_slurm(args, devices[0], sweep, store)?)),
        };
        Ok(Self { devices, kind })
    }

    /// The number of models that train together. The GPU memory of a cluster's nodes is unknown here, so on a cluster
    /// this is a number that fits on any GPU.
    pub fn cohort_sizes(&self, args: &RunArgs, study: &Study) -> Result<CohortSizes, Failure> {
        let usual = match (&self.kind, self.devices[0]) {
            (Kind::Local(_), _) => {
                return devices::cohort_sizes(&args.machine, &self.devices, study);
            }
            (Kind::Slurm(_), Device::Cpu) => 1,
            (Kind::Slurm(_), Device::Cuda(_)) => MODELS_ON_A_GPU,
        };
        Ok(CohortSizes::all(args.machine.cohort.unwrap_or(usual)))
    }

    /// One slot for each cohort that can run at the same time.
    pub fn slots(&self, jobs: Option<usize>, n_cohorts: usize) -> Vec<Slot> {
        match &self.kind {
            Kind::Local(_) => {
                let n_cores = std::thread::available_parallelism().map_or(1, usize::from);
                slots(&self.devices, n_cores, jobs, n_cohorts)
            }
            Kind::Slurm(_) => (0..jobs.unwrap_or(USUAL_IN_QUEUE).min(n_cohorts).max(1))
                .map(|index| Slot {
                    index,
                    device: self.devices[0],
                    n_threads: 1,
                })
                .collect(),
        }
    }

    /// A sentence on the memory of the workers: that this machine has too little, or what to request from Slurm.
    pub fn memory_note(
        &self,
        args: &RunArgs,
        memory: &WorkerMemory,
        n_workers: usize,
    ) -> Option<String> {
        match &self.kind {
            Kind::Local(_) => memory.shortage(n_workers),
            Kind::Slurm(_) => memory.asked_of_slurm(&args.launch.slurm_args),
        }
    }

    /// The time limits of workers; on this machine they may be silent for `max_silence`.
    pub fn policy(&self, max_silence: Duration) -> Policy {
        match &self.kind {
            Kind::Local(_) => Policy {
                max_silence,
                stop_grace: STOP_GRACE,
                ..Policy::default()
            },
            // Slurm kills a task half a minute after asking it to stop, and may be slow to answer.
            Kind::Slurm(_) => Policy {
                max_silence: max_silence.max(MAX_SILENCE_ON_A_CLUSTER),
                stop_grace: Duration::from_secs(120),
                kill_grace: Duration::from_secs(120),
                ..Policy::default()
            },
        }
    }

    /// The launcher.
    pub fn launcher(&mut self) -> &mut dyn Launcher {
        match &mut self.kind {
            Kind::Local(launcher) => launcher,
            Kind::Slurm(launcher) => launcher.as_mut(),
        }
    }

    /// Whether the jobs continue after an interrupt.
    pub fn leaves_jobs(&self, args: &RunArgs) -> bool {
        matches!(self.kind, Kind::Slurm(_)) && !args.launch.slurm_cancel
    }

    /// After an interrupt: which jobs continue, and how to cancel them.
    pub fn how_to_come_back(&self) -> Option<String> {
        let Kind::Slurm(launcher) = &self.kind else {
            return None;
        };
        let n = launcher.n_left();
        let name = launcher.name();
        (0 < n).then(|| {
            let jobs = if n == 1 {
                "job continues"
            } else {
                "jobs continue"
            };
            format!("{n} {jobs} in Slurm; `scancel --name={name}` cancels them")
        })
    }
}

fn on_slurm(
    args: &RunArgs,
    device: Device,
    sweep: &str,
    store: &Store,
) -> Result<SlurmLauncher, Failure> {
    let launch = &args.launch;
    let work_dir = std::env::current_dir().map_err(|error| {
        Failure::usage(format!(
            "cannot use the working folder: {error}; change to a folder that exists"
        ))
    })?;
    // The name must not depend on the path through which the store is reached.
    let folder = store
        .path()
        .canonicalize()
        .unwrap_or_else(|_| store.path().to_owned());
    if folder.to_str().is_none() {
        return Err(Failure::usage(format!(
            "the path of the store `{}` is not UTF-8, which --launcher slurm requires; choose another store with --store",
            folder.display()
        )));
    }
    let name = job_name(sweep, &folder);
    let settings = SlurmSettings {
        folder: folder.join(".slurm").join(&name),
        name,
        worker: vec![program_on_a_node()?, "worker".into()],
        work_dir,
        extra_args: launch.slurm_args.clone(),
        needs_gpu: matches!(device, Device::Cuda(_)),
        n_threads: 1,
        cancels: launch.slurm_cancel,
        poll_interval: Duration::from_secs_f64(launch.slurm_poll),
    };
    Ok(SlurmLauncher::connect(settings, &mut |waiting| {
        stderr::note(waiting)
    })?)
}

/// The device of a Slurm task, which this machine may not have. Slurm shows a task its own GPU as number 0.
fn device_on_a_node(request: &DeviceRequest, slurm_args: &[String]) -> Result<Device, Failure> {
    let device = match request {
        DeviceRequest::Cpu => Device::Cpu,
        DeviceRequest::Cuda => Device::Cuda(0),
        DeviceRequest::Auto if asks_for_gpu(slurm_args) => Device::Cuda(0),
        DeviceRequest::Auto => Device::Cpu,
        DeviceRequest::CudaAt(_) => {
            return Err(Failure::usage(
                "with --launcher slurm, the cluster chooses the GPU; use --device cuda",
            ));
        }
    };
    match device {
        Device::Cuda(_) if !unravel_cuda::IS_BUILT_IN => Err(Failure::usage(format!(
            "no usable CUDA device: {}",
            unravel_cuda::visible().err().unwrap_or_default()
        ))),
        device => Ok(device),
    }
}

/// The path of this program, which must be the same on every node.
fn program_on_a_node() -> Result<OsString, Failure> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::usage(format!("cannot find this program's own file: {error}")))?;
    match path.is_file() {
        true => Ok(path.into()),
        false => Err(Failure::usage(format!(
            "the program file `{}` was replaced since this process started; run the same command again",
            path.display()
        ))),
    }
}

/// The path of this program for workers. On Linux, the link to the running process, so that rebuilding the program does
/// not disturb a run.
fn own_program() -> Result<PathBuf, Failure> {
    let running = Path::new("/proc/self/exe");
    if running.exists() {
        return Ok(running.to_owned());
    }
    std::env::current_exe()
        .map_err(|error| Failure::usage(format!("cannot find this program's own file: {error}")))
}

impl From<SlurmError> for Failure {
    fn from(error: SlurmError) -> Self {
        Self::new(Exit::Usage, error)
    }
}
