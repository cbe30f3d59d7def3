//! From cohorts held back to arrays in the queue.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use unravel_store::order::Order;

use super::batch::Batch;
use super::task::Place;
use super::text::{self, Submission};
use super::{SlurmLauncher, commands};
use crate::launcher::{How, JobId};

/// A batch on the disk that Slurm does not have yet, as far as is known.
#[derive(Debug)]
pub(super) struct Unsubmitted {
    pub(super) batch: usize,
    pub(super) script: PathBuf,
    n_tasks: usize,
    /// When the last try failed. Slurm may have taken the batch all the same, so it is asked before the next.
    failed: Option<Instant>,
    first_failed: Option<Instant>,
    next_try: Instant,
    n_tries: u32,
}

/// Tasks of one array where Slurm allows more: a batch's folder stays handy.
const MAX_TASKS: usize = 1000;
const FIRST_WAIT: Duration = Duration::from_secs(2);
const MAX_WAIT: Duration = Duration::from_secs(120);
/// A controller that is down for longer needs a person, and so does a queue that is full for longer.
const PATIENCE: Duration = Duration::from_secs(24 * 3600);

impl SlurmLauncher {
    /// Writes down what was held back, in arrays that Slurm allows.
    pub(super) fn make_batches(&mut self) {
        self.held_back_since = None;
        let held_back = std::mem::take(&mut self.held_back);
        for part in held_back.chunks(self.max_array_size.clamp(1, MAX_TASKS)) {
            let orders: Vec<Order> = part
                .iter()
                .map(|(_, order)| self.order_for_a_node(order))
                .collect();
            let orders: Vec<&Order> = orders.iter().collect();
            let (settings, jobs) = (&self.settings, part.iter().map(|(job, _)| *job));
            let made = Batch::create(&settings.folder, &orders, |folder| {
                text::script(
                    &settings.worker,
                    &settings.work_dir,
                    folder,
                    settings.n_threads,
                )
            });
            match made {
                Ok(batch) => {
                    let script = batch.script();
                    let id = self.add_batch(batch);
                    for (job, index) in jobs.zip(0..) {
                        if let Some(task) = self.tasks.get_mut(&job) {
                            task.place = Place::InBatch { batch: id, index };
                        }
                    }
                    self.unsubmitted.push_back(Unsubmitted {
                        batch: id,
                        script,
                        n_tasks: part.len(),
                        failed: None,
                        first_failed: None,
                        next_try: Instant::now(),
                        n_tries: 0,
                    });
                }
                Err(error) => {
                    let jobs: Vec<JobId> = jobs.collect();
                    jobs.into_iter()
                        .for_each(|job| self.end(job, How::NotStarted(error.to_string())));
                }
            }
        }
    }

    pub(super) fn add_batch(&mut self, batch: Batch) -> usize {
        self.n_batches += 1;
        self.batches.insert(self.n_batches, batch);
        self.n_batches
    }

    /// The order as a task follows it: alone, and sparing of words, as they go through the disk.
    fn order_for_a_node(&self, order: &Order) -> Order {
        Order {
            supervised: false,
            threads: self.settings.n_threads,
            heartbeat_every_secs: order.heartbeat_every_secs.max(10.0),
            ..order.clone()
        }
    }

    /// Submits the next batch whose time has come.
    pub(super) fn submit(&mut self) {
        let now = Instant::now();
        let answered = self.lister.last_answered;
        let is_due = |waiting: &Unsubmitted| {
            let is_known_absent = waiting
                .failed
                .is_none_or(|failed| answered.is_some_and(|asked| failed < asked));
            waiting.next_try <= now && is_known_absent
        };
        let Some(position) = self.unsubmitted.iter().position(is_due) else {
            return;
        };
        let Some(mut waiting) = self.unsubmitted.remove(position) else {
            return;
        };
        match self.sbatch(&waiting) {
            Ok(array) => self.set_submitted(waiting.batch, array),
            Err((why, true))
                if waiting
                    .first_failed
                    .is_none_or(|first| first.elapsed() < PATIENCE) =>
            {
                if waiting.n_tries == 0 {
                    self.note(format!("Slurm takes no jobs now ({why}); trying again"));
                }
                waiting.failed = Some(Instant::now());
                waiting.first_failed.get_or_insert(now);
                waiting.next_try = now
                    + FIRST_WAIT
                        .saturating_mul(1 << waiting.n_tries.min(6))
                        .min(MAX_WAIT);
                waiting.n_tries += 1;
                self.unsubmitted.push_back(waiting);
                self.lister.ask_soon();
            }
            Err((why, _)) => {
                for job in self.jobs_of(waiting.batch) {
                    self.end(job, How::NotStarted(format!("sbatch: {why}")));
                }
            }
        }
    }

    /// The array's id, or why there is none and whether that passes.
    fn sbatch(&self, waiting: &Unsubmitted) -> Result<u64, (String, bool)> {
        let Some(batch) = self.batches.get(&waiting.batch) else {
            return Err(("its folder is gone".to_owned(), false));
        };
        let submission = Submission {
            name: &self.settings.name,
            n_tasks: waiting.n_tasks,
            n_threads: self.settings.n_threads,
            needs_gpu: self.settings.needs_gpu,
            logs: &batch.logs(),
            script: &waiting.script,
            extra: &self.settings.extra_args,
        };
        let answer = commands::run("sbatch", &submission.args())
            .map_err(|error| (error.to_string(), false))?;
        match text::read_submitted(&answer.stdout).filter(|_| answer.is_success) {
            Some(array) => Ok(array),
            None => Err((
                text::complaint(&answer.stderr),
                text::is_passing(&answer.stderr),
            )),
        }
    }

    /// Slurm has this batch as this array.
    pub(super) fn set_submitted(&mut self, batch: usize, array: u64) {
        for task in self.tasks.values_mut() {
            if let Place::InBatch { batch: of, index } = task.place
                && of == batch
            {
                task.name = Some(text::TaskName { array, index });
                task.submitted = Some(Instant::now());
                if task.is_cancelled {
                    self.to_cancel.push(format!("{array}_{index}"));
                }
            }
        }
        self.lister.ask_soon();
    }

    fn jobs_of(&self, batch: usize) -> Vec<JobId> {
        let of_batch = self.tasks.iter().filter(|(_, task)| task.is_in(batch));
        of_batch.map(|(&job, _)| job).collect()
    }
}
