//! What starts cohorts, as the command line asks: this machine, or the cluster that it belongs to.

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
use crate::say;
use crate::study::Study;

/// From asking workers to save and end to killing them: the whole is over within ten seconds.
const STOP_GRACE: Duration = Duration::from_secs(8);
/// What a worker says comes by way of a disk, which may be slow to show it.
const MAX_SILENCE_ON_A_CLUSTER: Duration = Duration::from_secs(1800);
/// Cohorts in Slurm's queue at once, unless the user says otherwise: as many as it usually takes of one user.
const USUAL_IN_QUEUE: usize = 1000;
const MAX_IN_QUEUE: usize = 10_000;
/// Models in a cohort on a GPU of a cluster, unless the user says otherwise.
const MODELS_ON_A_GPU: usize = 32;

/// What starts cohorts, and where they run.
pub struct Launch {
    /// What the workers compute on; never empty.
    pub devices: Vec<Device>,
    kind: Kind,
}

enum Kind {
    Local(LocalLauncher),
    Slurm(Box<SlurmLauncher>),
}

/// What the workers compute on, never empty; everything of the command line that can be checked before the sweep is.
///
/// With a sentence for the user where the choice may surprise.
pub fn devices(args: &RunArgs) -> Result<(Vec<Device>, Option<String>), Failure> {
    let (machine, launch) = (&args.machine, &args.launch);
    match launch.launcher {
        LauncherKind::Local if !launch.slurm_args.is_empty() || launch.slurm_cancel => Err(
            Failure::usage("--slurm-arg and --slurm-cancel go with --launcher slurm"),
        ),
        LauncherKind::Local => devices::resolve(machine),
        LauncherKind::Slurm => {
            check_args(&launch.slurm_args)?;
            if machine.jobs.is_some_and(|n| n == 0 || MAX_IN_QUEUE < n) {
                return Err(Failure::usage(format!(
                    "--jobs must lie between 1 and {MAX_IN_QUEUE} with --launcher slurm"
                )));
            }
            device_on_a_node(&machine.device, &launch.slurm_args).map(|device| (vec![device], None))
        }
    }
}

impl Launch {
    /// Ready to start workers on these devices.
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

    /// How many models train together. What fits on a node's GPU is not known here, so that on a cluster it is a number
    /// that fits on any.
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

    /// A place for each cohort that may be at work at a time.
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

    /// What to say of the memory that so many workers take: that this machine has too little, or what to ask Slurm for.
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

    /// How patient to be with workers, which here may be silent for `max_silence`.
    pub fn policy(&self, max_silence: Duration) -> Policy {
        match &self.kind {
            Kind::Local(_) => Policy {
                max_silence,
                stop_grace: STOP_GRACE,
                ..Policy::default()
            },
            // Slurm gives a task half a minute between asking and killing, and may be slow to answer.
            Kind::Slurm(_) => Policy {
                max_silence: max_silence.max(MAX_SILENCE_ON_A_CLUSTER),
                stop_grace: Duration::from_secs(120),
                kill_grace: Duration::from_secs(120),
                ..Policy::default()
            },
        }
    }

    /// What starts the cohorts.
    pub fn launcher(&mut self) -> &mut dyn Launcher {
        match &mut self.kind {
            Kind::Local(launcher) => launcher,
            Kind::Slurm(launcher) => launcher.as_mut(),
        }
    }

    /// Whether an interrupt leaves the jobs alone.
    pub fn leaves_jobs(&self, args: &RunArgs) -> bool {
        matches!(self.kind, Kind::Slurm(_)) && !args.launch.slurm_cancel
    }

    /// After an interrupt: how to come back to the jobs that are left, or to end them.
    pub fn how_to_come_back(&self) -> Option<String> {
        let Kind::Slurm(launcher) = &self.kind else {
            return None;
        };
        let n = launcher.n_left();
        let name = launcher.name();
        (0 < n).then(|| {
            let (jobs, go) = if n == 1 {
                ("job", "goes")
            } else {
                ("jobs", "go")
            };
            format!("{n} {jobs} {go} on in Slurm; `scancel --name={name}` ends what is there")
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
    let work_dir = std::env::current_dir()
        .map_err(|error| Failure::usage(format!("the working folder cannot be used: {error}")))?;
    // The name must be the same by whatever path the store is reached.
    let folder = store
        .path()
        .canonicalize()
        .unwrap_or_else(|_| store.path().to_owned());
    if folder.to_str().is_none() {
        return Err(Failure::usage(format!(
            "the path of the store `{}` is not UTF-8, and Slurm's answers are read as such: name another with --store",
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
        say::note(waiting)
    })?)
}

/// What a task computes on; this machine need not have it. Slurm shows a task its own GPU as the first.
fn device_on_a_node(request: &DeviceRequest, slurm_args: &[String]) -> Result<Device, Failure> {
    let device = match request {
        DeviceRequest::Cpu => Device::Cpu,
        DeviceRequest::Cuda => Device::Cuda(0),
        DeviceRequest::Auto if asks_for_gpu(slurm_args) => Device::Cuda(0),
        DeviceRequest::Auto => Device::Cpu,
        DeviceRequest::CudaAt(_) => {
            return Err(Failure::usage(
                "with --launcher slurm the cluster chooses the GPU: use --device cuda",
            ));
        }
    };
    match device {
        Device::Cuda(_) if !unravel_cuda::IS_BUILT_IN => Err(Failure::usage(format!(
            "no CUDA device can be used: {}",
            unravel_cuda::visible().err().unwrap_or_default()
        ))),
        device => Ok(device),
    }
}

/// This program by a path that means the same on every node.
fn program_on_a_node() -> Result<OsString, Failure> {
    let path = std::env::current_exe()
        .map_err(|error| Failure::usage(format!("cannot find this program's own file: {error}")))?;
    match path.is_file() {
        true => Ok(path.into()),
        false => Err(Failure::usage(format!(
            "this program's file `{}` was replaced since it was started: start it again",
            path.display()
        ))),
    }
}

/// This program, for workers to run. On Linux by way of the running process, so that a sweep that runs for days is not
/// disturbed when the file is built anew meanwhile.
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
