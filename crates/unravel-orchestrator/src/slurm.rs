//! Runs workers as tasks of Slurm job arrays.
//!
//! Cohorts that are started together are submitted as one array. Their orders and events are files on the disk of the
//! store (see [`batch`]). Tasks continue after this process ends; another run of the same sweep finds them by their
//! name and follows them again.
//!
//! The store, not Slurm, decides which trials are done. Slurm's states only say when to check: after a node failure,
//! two copies of a task may run at the same time, and after a crash of the controller, its states are wrong. So a task
//! has ended when Slurm reports its end or does not know it any more *and* it has written no events for some time. A
//! task that still runs holds the locks of its trials.

mod adopt;
mod batch;
mod commands;
mod listing;
mod refused;
mod submit;
mod task;
mod text;

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use unravel_store::protocol::{Event, Order};
use unravel_sweep::TrialId;

use crate::device::Slot;
use crate::launcher::{Adopted, Ending, How, JobId, Launcher, Report};
use batch::Batch;
use listing::Lister;
use submit::{Submitting, Unsubmitted};
use task::{Place, Task};

pub use adopt::{SlurmError, check_args, job_name};
pub use text::asks_for_gpu;

/// How tasks are submitted and observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlurmSettings {
    /// The name of all jobs of this sweep in this store; see [`job_name`].
    pub name: String,
    /// The folder of orders and events, on a disk that all nodes share; absolute.
    pub folder: PathBuf,
    /// The worker's command line without the options for its order, with paths as seen from the nodes.
    pub worker: Vec<OsString>,
    /// The working folder of the workers, so that relative paths have the same meaning as here.
    pub work_dir: PathBuf,
    /// The user's own arguments to `sbatch`.
    pub extra_args: Vec<String>,
    /// Whether tasks request a GPU, unless the user's arguments do.
    pub needs_gpu: bool,
    /// Threads of a worker, unless the user's arguments set the number.
    pub n_threads: usize,
    /// Whether stopping a task cancels it. Otherwise the task continues and is not observed any more.
    pub cancels: bool,
    /// Interval between two queries to Slurm.
    pub poll_interval: Duration,
}

/// Cohorts that are started within this time are submitted as one array.
const GATHER: Duration = Duration::from_millis(300);
/// Interval between two reads of the event files; longer with many tasks.
const EVENTS_INTERVAL: Duration = Duration::from_millis(500);
const EVENTS_INTERVAL_PER_TASK: Duration = Duration::from_millis(5);
/// Maximum number of tasks in one `scancel`.
const CANCEL_AT_ONCE: usize = 500;

/// Starts cohorts as tasks of job arrays.
///
/// Dropping the launcher does not affect the tasks.
pub struct SlurmLauncher {
    settings: SlurmSettings,
    max_array_size: usize,
    held_back: Vec<(JobId, Order)>,
    held_back_since: Option<Instant>,
    unsubmitted: VecDeque<Unsubmitted>,
    submitting: Option<Submitting>,
    batches: BTreeMap<usize, Batch>,
    n_batches: usize,
    tasks: BTreeMap<JobId, Task>,
    lister: Lister,
    events_due: Instant,
    to_cancel: Vec<String>,
    reports: Vec<(JobId, Report)>,
    /// Slurm did not answer the last time, and that was told.
    is_outage_told: bool,
    told_reasons: Vec<String>,
    n_left: usize,
}

impl SlurmLauncher {
    /// How many tasks were left in Slurm's hands when the run was interrupted.
    #[must_use]
    pub fn n_left(&self) -> usize {
        self.n_left
    }

    /// The name by which Slurm knows the jobs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.settings.name
    }

    fn tell(&mut self, job: JobId, report: Report) {
        self.reports.push((job, report));
    }

    /// A sentence for people, by way of some task, as no launcher speaks for itself.
    fn note(&mut self, message: String) {
        if let Some(&job) = self.tasks.keys().next_back() {
            self.tell(job, Report::Event(Event::Log { message }));
        }
    }

    /// A task is over, or at least no longer followed.
    fn end(&mut self, job: JobId, how: How) {
        let Some(task) = self.tasks.remove(&job) else {
            return;
        };
        if task.is_submitted() {
            self.try_beyond_limit();
        }
        let mut last_lines = Vec::new();
        if let Place::InBatch { batch, index } = task.place {
            let is_well = task.is_finished() || matches!(how, How::NotStarted(_));
            if let Some(batch) = self.batches.get_mut(&batch)
                && !is_well
            {
                last_lines = batch.last_lines(index);
                batch.has_failed = true;
            }
            self.let_go_of_batch(batch);
        }
        self.tell(job, Report::Ended(Ending { how, last_lines }));
    }

    /// Forgets a batch that has no task any more; its files go where every task went well, and else stay for a
    /// while.
    fn let_go_of_batch(&mut self, batch: usize) {
        let is_needed = self.tasks.values().any(|task| task.is_in(batch))
            || self
                .unsubmitted
                .iter()
                .any(|waiting| waiting.batch == batch);
        if !is_needed
            && let Some(batch) = self.batches.remove(&batch)
            && !batch.has_failed
        {
            batch.remove();
        }
    }

    /// Passes on what the tasks have said.
    fn read_events(&mut self) {
        if Instant::now() < self.events_due {
            return;
        }
        let mut n_running = 0;
        let mut heard = Vec::new();
        for (&id, batch) in &mut self.batches {
            n_running += 1;
            // What cannot be read now may be by the next time.
            heard.extend(
                batch
                    .new_events()
                    .unwrap_or_default()
                    .into_iter()
                    .map(|(index, event)| (id, index, event)),
            );
        }
        n_running += u32::try_from(self.tasks.len()).unwrap_or(u32::MAX);
        self.events_due = Instant::now()
            + EVENTS_INTERVAL.max(EVENTS_INTERVAL_PER_TASK.saturating_mul(n_running));
        if heard.is_empty() {
            return;
        }
        let by_place: BTreeMap<(usize, u32), JobId> = self
            .tasks
            .iter()
            .filter_map(|(&job, task)| match task.place {
                Place::InBatch { batch, index } => Some(((batch, index), job)),
                Place::HeldBack => None,
            })
            .collect();
        for (batch, index, event) in heard {
            let Some(&job) = by_place.get(&(batch, index)) else {
                continue;
            };
            if let Some(task) = self.tasks.get_mut(&job) {
                task.hear(&event);
            }
            self.tell(job, Report::Event(event));
        }
    }

    /// Cancels what is to be cancelled, many at once. What fails is tried again with the next.
    fn cancel(&mut self) {
        if self.to_cancel.is_empty() || self.lister.is_silent() {
            return;
        }
        let n = self.to_cancel.len().min(CANCEL_AT_ONCE);
        let names: Vec<OsString> = self.to_cancel[..n].iter().map(OsString::from).collect();
        let is_done = commands::run("scancel", &names)
            .is_ok_and(|answer| answer.is_success || !text::is_passing(&answer.stderr));
        if is_done {
            self.to_cancel.drain(..n);
            self.lister.ask_soon();
        }
    }
}

impl Launcher for SlurmLauncher {
    fn adopt(&mut self, first: JobId) -> Vec<Adopted> {
        self.adopt_tasks(first)
    }

    fn start(&mut self, job: JobId, _slot: &Slot, order: &Order) {
        self.tasks.insert(job, Task::new(Place::HeldBack));
        self.held_back.push((job, order.clone()));
        self.held_back_since.get_or_insert_with(Instant::now);
    }

    fn poll(&mut self, timeout: Duration) -> Vec<(JobId, Report)> {
        let until = Instant::now() + timeout;
        loop {
            if self
                .held_back_since
                .is_some_and(|since| GATHER <= since.elapsed())
            {
                self.make_batches();
            }
            self.submit();
            self.read_events();
            self.take_listing();
            self.cancel();
            let now = Instant::now();
            if !self.reports.is_empty() || until <= now {
                return std::mem::take(&mut self.reports);
            }
            thread::sleep((until - now).min(Duration::from_millis(20)));
        }
    }

    fn stop(&mut self, job: JobId) {
        if self.settings.cancels {
            self.kill(job);
        } else if let Some(task) = self.tasks.get(&job) {
            self.n_left += usize::from(task.is_submitted() || self.is_submitting(task.place));
            self.leave(job);
        }
    }

    fn kill(&mut self, job: JobId) {
        let Some(task) = self.tasks.get_mut(&job) else {
            return;
        };
        task.is_cancelled = true;
        let (name, place) = (task.name, task.place);
        match name {
            Some(name) => self.to_cancel.push(name.to_string()),
            // It is cancelled once it has a name.
            None if self.is_submitting(place) => {}
            None => self.leave(job),
        }
    }
}

impl SlurmLauncher {
    /// Follows a task no longer. One that was never submitted never will be; the files of one that was stay.
    fn leave(&mut self, job: JobId) {
        let Some(task) = self.tasks.remove(&job) else {
            return;
        };
        self.held_back.retain(|(held_back, _)| *held_back != job);
        if let Place::InBatch { batch, .. } = task.place
            && !self.tasks.values().any(|other| other.is_in(batch))
        {
            self.unsubmitted.retain(|waiting| waiting.batch != batch);
            self.batches.remove(&batch);
        }
        let how = match task.is_submitted() {
            true => How::Lost("it was left in Slurm's hands".to_owned()),
            false => How::NotStarted("the run was interrupted".to_owned()),
        };
        let last_lines = Vec::new();
        self.tell(job, Report::Ended(Ending { how, last_lines }));
    }

    /// The trials of an order, by id.
    fn ids(order: &Order) -> Vec<TrialId> {
        order.trials.iter().map(unravel_sweep::Trial::id).collect()
    }
}

#[cfg(test)]
mod tests;
