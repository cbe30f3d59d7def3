//! The beginning: is there a Slurm, what does it allow, and what does it have of ours already?

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::batch::{self, Batch};
use super::listing::{Lister, list};
use super::task::{Place, Task};
use super::text::{self, State};
use super::{SlurmLauncher, SlurmSettings, commands};
use crate::launcher::{Adopted, JobId, Report};

/// Why the cluster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SlurmError {
    /// Slurm's commands are not there.
    #[error(
        "--launcher slurm requires Slurm's command `{command}`, which is not on the PATH of this machine; run this on a login \
         node of the cluster, or use --launcher local"
    )]
    Missing {
        /// The command.
        command: &'static str,
    },
    /// Slurm does not answer, and without knowing what it has, everything would be submitted twice.
    #[error(
        "Slurm does not answer ({why}); check with `squeue` that this machine belongs to a working Slurm cluster, or use \
         --launcher local"
    )]
    Silent {
        /// What the command said.
        why: String,
    },
    /// Slurm would take no job with these arguments.
    #[error("Slurm rejects these jobs ({why}); check the --slurm-arg options")]
    Refused {
        /// What `sbatch` said.
        why: String,
    },
    /// An argument that the launcher sets itself.
    #[error("`--slurm-arg={arg}` is not allowed because unravel sets {option} itself; remove it")]
    Reserved {
        /// The argument.
        arg: String,
        /// The option.
        option: &'static str,
    },
    /// An argument that is no option.
    #[error(
        "`--slurm-arg={arg}` is not an option of sbatch; write each option as one argument, such as \
         --slurm-arg=--partition=gpu"
    )]
    NoOption {
        /// The argument.
        arg: String,
    },
}

/// Slurm's ways of being busy pass within this many tries.
const N_TRIES: u32 = 3;
/// Size of arrays where Slurm does not say: its own default.
const DEFAULT_MAX_ARRAY_SIZE: usize = 1001;
/// What is left of batches that went wrong is kept for people to look at.
const KEPT: Duration = Duration::from_secs(7 * 24 * 3600);
/// Longest part of a sweep's name in the name of its jobs.
const MAX_NAME_CHARS: usize = 32;

/// The name of the jobs of one sweep in one store: the same for every run of it, and no one else's.
#[must_use]
pub fn job_name(sweep: &str, store: &Path) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let plain: String = sweep
        .chars()
        .map(|c| if is_plain(c) { c } else { '-' })
        .take(MAX_NAME_CHARS)
        .collect();
    let mut hash = Fnv::default();
    hash.write(sweep.as_bytes());
    hash.write(&[0]);
    hash.write(store.as_os_str().as_encoded_bytes());
    format!("unravel-{plain}-{:08x}", hash.0 >> 32)
}

/// FNV-1a of 64 bits: the same in every version of this program, which the standard library's hash is not.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// Checks the user's own arguments to `sbatch`.
///
/// # Errors
/// [`SlurmError::Reserved`], [`SlurmError::NoOption`].
pub fn check_args(args: &[String]) -> Result<(), SlurmError> {
    for arg in args {
        if let Some(option) = text::reserved(arg) {
            let arg = arg.clone();
            return Err(SlurmError::Reserved { arg, option });
        }
        // A value on its own would be taken for the script.
        if !arg.starts_with('-') || arg.len() < 2 {
            return Err(SlurmError::NoOption { arg: arg.clone() });
        }
    }
    Ok(())
}

impl SlurmLauncher {
    /// Connects to the cluster that this machine belongs to. `tell` gets a sentence about each command that is slow.
    ///
    /// # Errors
    /// Where there is none, it does not answer, or an argument cannot be passed on.
    pub fn connect(
        settings: SlurmSettings,
        tell: &mut dyn FnMut(&str),
    ) -> Result<Self, SlurmError> {
        check_args(&settings.extra_args)?;
        for command in ["sbatch", "squeue", "scancel", "scontrol"] {
            let answer = commands::run_telling(command, &["--version".into()], tell);
            if answer.is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
                return Err(SlurmError::Missing { command });
            }
        }
        let trial = commands::run_telling("sbatch", &text::test_args(&settings.extra_args), tell);
        if let Ok(answer) = trial
            && !answer.is_success
            && text::is_lasting(&answer.stderr)
        {
            let why = text::complaint(&answer.stderr);
            return Err(SlurmError::Refused { why });
        }
        let args = ["show", "config"].map(OsString::from);
        let max_array_size = commands::run_telling("scontrol", &args, tell)
            .ok()
            .and_then(|answer| text::read_max_array_size(&answer.stdout));
        let lister = Lister::new(&settings.name, settings.poll_interval);
        let launcher = Self {
            settings,
            max_array_size: max_array_size.unwrap_or(DEFAULT_MAX_ARRAY_SIZE),
            held_back: Vec::new(),
            held_back_since: None,
            unsubmitted: VecDeque::new(),
            submitting: None,
            batches: BTreeMap::new(),
            n_batches: 0,
            tasks: BTreeMap::new(),
            lister,
            events_due: Instant::now(),
            to_cancel: Vec::new(),
            reports: Vec::new(),
            is_outage_told: false,
            told_reasons: Vec::new(),
            n_left: 0,
        };
        launcher.with_known_tasks(tell)
    }

    /// Takes in what an earlier run has submitted and Slurm still has.
    fn with_known_tasks(mut self, tell: &mut dyn FnMut(&str)) -> Result<Self, SlurmError> {
        let args = text::list_args(&self.settings.name);
        let mut listing = list(&args, tell);
        for _ in 1..N_TRIES {
            if listing.is_err() {
                thread::sleep(Duration::from_secs(2));
                listing = list(&args, tell);
            }
        }
        let listing = listing.map_err(|why| SlurmError::Silent { why })?;
        let mut by_folder = BTreeMap::new();
        for line in listing.lines.iter().filter(|line| !line.state.is_over()) {
            let Some(batch) = Batch::of_script(&self.settings.folder, &line.script) else {
                continue;
            };
            let folder = batch.folder().to_owned();
            let id = *by_folder
                .entry(folder)
                .or_insert_with(|| self.add_batch(batch));
            let place = Place::InBatch {
                batch: id,
                index: line.task.index,
            };
            let mut task = Task::new(place);
            task.name = Some(line.task);
            task.submitted = Some(listing.asked);
            task.is_told_as_started = line.state == State::Running;
            // Numbered for good by `adopt_tasks`.
            let number = u64::try_from(self.tasks.len()).unwrap_or(u64::MAX);
            self.tasks.insert(JobId(number), task);
        }
        batch::remove_old(&self.settings.folder, KEPT, |folder| {
            by_folder.contains_key(folder)
        });
        Ok(self)
    }

    /// Numbers the tasks found at the beginning from `first` on, and says which trials they are at.
    pub(super) fn adopt_tasks(&mut self, first: JobId) -> Vec<Adopted> {
        let found = std::mem::take(&mut self.tasks);
        let mut adopted = Vec::new();
        for task in found.into_values() {
            let Place::InBatch { batch, index } = task.place else {
                continue;
            };
            // An order that cannot be read is one that no task can follow.
            let order = self
                .batches
                .get(&batch)
                .and_then(|batch| batch.order(index).ok());
            let Some(order) = order else {
                continue;
            };
            let job = JobId(first.0 + adopted.len() as u64);
            if task.is_told_as_started {
                self.tell(job, Report::Started);
            }
            self.tasks.insert(job, task);
            let trials = Self::ids(&order);
            adopted.push(Adopted { job, trials });
        }
        adopted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_belongs_to_one_sweep_in_one_store() {
        let name = job_name("β and γ, 100%", Path::new("/data/runs"));
        assert!(name.starts_with("unravel---and----100--"), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        assert_eq!(name, job_name("β and γ, 100%", Path::new("/data/runs")));
        assert_ne!(name, job_name("β and γ, 100%", Path::new("/data/runs2")));
        assert_ne!(name, job_name("β and γ, 1000", Path::new("/data/runs")));
        assert_eq!(job_name("tiny", Path::new("/r")), "unravel-tiny-82d1d73f");
    }

    #[test]
    fn arguments_are_options_and_none_of_ours() {
        let check = |arg: &str| check_args(&[arg.to_owned()]).map_err(|error| error.to_string());
        assert_eq!(check("--partition=gpu"), Ok(()));
        assert!(check("--array=1-3").unwrap_err().contains("--array"));
        assert!(
            check("gpu")
                .unwrap_err()
                .contains("--slurm-arg=--partition=gpu")
        );
    }
}
