//! From cohorts held back to arrays in the queue.

use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use unravel_store::protocol::Order;

use super::SlurmLauncher;
use super::batch::Batch;
use super::commands::{self, Answer};
use super::refused::{Refused, read_answer};
use super::task::Place;
use super::text::{self, Limit, Listed, Submission};
use crate::launcher::{How, JobId};

/// Tasks of a batch on the disk that Slurm does not have yet, as far as is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unsubmitted {
    pub(super) batch: usize,
    pub(super) script: PathBuf,
    /// Their indices; not empty.
    pub(super) tasks: Range<u32>,
    /// There was no room for them the last time.
    pub(super) is_beyond_limit: bool,
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

/// Tries of a batch of which `sbatch` does not say whether it was taken.
const MAX_UNCLEAR: u32 = 3;

/// A batch that `sbatch` is at.
pub(super) struct Submitting {
    waiting: Unsubmitted,
    began: Instant,
    is_told: bool,
    answer: Receiver<io::Result<Answer>>,
}

impl Unsubmitted {
    fn new(batch: usize, script: PathBuf, tasks: Range<u32>) -> Self {
        Self {
            batch,
            script,
            tasks,
            is_beyond_limit: false,
            failed: None,
            first_failed: None,
            next_try: Instant::now(),
            n_tries: 0,
        }
    }

    /// Whether a line of a listing is one of these tasks.
    pub(super) fn is_of(&self, line: &Listed) -> bool {
        line.script == self.script && self.tasks.contains(&line.task.index)
    }

    /// Both halves, to be tried at once; none of a single task.
    fn halves(&self) -> Option<[Self; 2]> {
        let Range { start, end } = self.tasks;
        let middle = start + (end - start) / 2;
        (start < middle).then(|| {
            [start..middle, middle..end].map(|tasks| Self {
                tasks,
                next_try: Instant::now(),
                n_tries: 0,
                ..self.clone()
            })
        })
    }

    /// The next try, some time after one that failed `now`.
    fn again(mut self, now: Instant) -> Self {
        let doublings = self.n_tries.min(6);
        self.first_failed.get_or_insert(now);
        self.next_try = now + FIRST_WAIT.saturating_mul(1 << doublings).min(MAX_WAIT);
        self.n_tries += 1;
        self
    }
}

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
                    let n_tasks = u32::try_from(part.len()).unwrap_or(u32::MAX);
                    let waiting = Unsubmitted::new(id, script, 0..n_tasks);
                    self.unsubmitted.push_back(waiting);
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

    /// Submits the next batch whose time has come. `sbatch` is waited for in the background, as it may hang.
    pub(super) fn submit(&mut self) {
        match self.submitting.take() {
            Some(submitting) => self.look_at_submission(submitting),
            None => self.begin_submission(),
        }
    }

    fn look_at_submission(&mut self, mut submitting: Submitting) {
        match submitting.answer.try_recv() {
            Ok(answer) => self.take_answer(submitting.waiting, answer),
            // The machine gives no thread.
            Err(TryRecvError::Disconnected) => {
                let error = io::Error::other("no thread could be started to wait for it");
                self.take_answer(submitting.waiting, Err(error));
            }
            Err(TryRecvError::Empty) => {
                if commands::SLOW < submitting.began.elapsed()
                    && !std::mem::replace(&mut submitting.is_told, true)
                {
                    self.note(commands::waiting_for("sbatch"));
                }
                self.submitting = Some(submitting);
            }
        }
    }

    /// Whether `sbatch` is at the batch of this task, so that Slurm may have it soon.
    pub(super) fn is_submitting(&self, place: Place) -> bool {
        let Place::InBatch { batch, index } = place else {
            return false;
        };
        let waiting = self
            .submitting
            .as_ref()
            .map(|submitting| &submitting.waiting);
        waiting.is_some_and(|waiting| waiting.batch == batch && waiting.tasks.contains(&index))
    }

    fn begin_submission(&mut self) {
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
        let Some(waiting) = self.unsubmitted.remove(position) else {
            return;
        };
        let Some(args) = self.submission(&waiting) else {
            self.not_started(&waiting, "the folder of the jobs is gone");
            return;
        };
        let (sender, answer) = channel();
        let ask = move || drop(sender.send(commands::run("sbatch", &args)));
        // Where the machine gives no thread, the sender is gone, which is an answer too.
        let _ = thread::Builder::new().spawn(ask);
        self.submitting = Some(Submitting {
            waiting,
            began: now,
            is_told: false,
            answer,
        });
    }

    fn take_answer(&mut self, waiting: Unsubmitted, answer: io::Result<Answer>) {
        let is_patient = waiting
            .first_failed
            .is_none_or(|first| first.elapsed() < PATIENCE);
        match read_answer(answer) {
            Ok(array) => self.set_submitted(waiting.batch, &waiting.tasks, array),
            Err(Refused::Limit(limit, why)) => self.beyond_limit(waiting, &limit, &why),
            Err(Refused::ForNow(why)) if is_patient => {
                let note = format!("Slurm takes no jobs now ({why}); trying again");
                self.try_again(waiting, note);
            }
            Err(Refused::Unclear(why)) if waiting.n_tries + 1 < MAX_UNCLEAR => {
                let note = format!(
                    "`sbatch` does not say whether Slurm took the jobs ({why}); asking Slurm for them, then trying again"
                );
                self.try_again(waiting, note);
            }
            Err(Refused::ForNow(why) | Refused::Unclear(why) | Refused::ForGood(why)) => {
                self.not_started(&waiting, &why);
            }
        }
    }

    /// Tries again after a while, where Slurm does not have the batch by then. `note` is said once.
    fn try_again(&mut self, mut waiting: Unsubmitted, note: String) {
        if waiting.n_tries == 0 {
            self.note(note);
        }
        let now = Instant::now();
        waiting.failed = Some(now);
        self.unsubmitted.push_back(waiting.again(now));
        self.lister.ask_soon();
    }

    /// Tries fewer tasks at once, and a single one for which there is no room when there may be.
    fn beyond_limit(&mut self, mut waiting: Unsubmitted, limit: &Limit, why: &str) {
        if !limit.is_sure {
            waiting.failed = Some(Instant::now());
            self.lister.ask_soon();
        }
        if let Some([first, second]) = waiting.halves() {
            self.unsubmitted.push_front(second);
            self.unsubmitted.push_front(first);
            return;
        }
        let n_submitted = self.tasks.values().filter(|t| t.is_submitted()).count();
        // As long as tasks of ours are in the queue, there will be room when they end.
        waiting.first_failed.take_if(|_| 0 < n_submitted);
        let is_patient = waiting
            .first_failed
            .is_none_or(|first| first.elapsed() < PATIENCE);
        if !limit.passes || !is_patient {
            self.not_started(&waiting, why);
            return;
        }
        let said = limit.to_string();
        if !self.told_reasons.contains(&said) {
            self.note(format!(
                "Slurm takes no more jobs now, by {said}: {n_submitted} are in its queue, and the others are submitted \
                 when some of those end"
            ));
            self.told_reasons.push(said);
        }
        let now = Instant::now();
        let again = waiting.again(now);
        let next_try = again.next_try;
        self.unsubmitted.push_front(Unsubmitted {
            is_beyond_limit: true,
            ..again
        });
        // What comes after it would not be taken either.
        for other in &mut self.unsubmitted {
            other.next_try = other.next_try.max(next_try);
        }
    }

    /// There may be room for what was beyond a limit.
    pub(super) fn try_beyond_limit(&mut self) {
        if !self
            .unsubmitted
            .iter()
            .any(|waiting| waiting.is_beyond_limit)
        {
            return;
        }
        for waiting in &mut self.unsubmitted {
            waiting.is_beyond_limit = false;
            waiting.n_tries = 0;
            waiting.next_try = Instant::now();
        }
    }

    fn not_started(&mut self, waiting: &Unsubmitted, why: &str) {
        for job in self.jobs_of(waiting.batch, &waiting.tasks) {
            self.end(job, How::NotStarted(format!("sbatch: {why}")));
        }
    }

    /// The arguments of `sbatch`; none where nobody follows the batch any more.
    fn submission(&self, waiting: &Unsubmitted) -> Option<Vec<OsString>> {
        let batch = self.batches.get(&waiting.batch)?;
        let submission = Submission {
            name: &self.settings.name,
            tasks: waiting.tasks.clone(),
            n_threads: self.settings.n_threads,
            needs_gpu: self.settings.needs_gpu,
            logs: &batch.logs(),
            script: &waiting.script,
            extra: &self.settings.extra_args,
        };
        Some(submission.args())
    }

    /// Slurm has these tasks of a batch as this array.
    pub(super) fn set_submitted(&mut self, batch: usize, tasks: &Range<u32>, array: u64) {
        for task in self.tasks.values_mut() {
            if let Place::InBatch { batch: of, index } = task.place
                && of == batch
                && tasks.contains(&index)
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

    fn jobs_of(&self, batch: usize, tasks: &Range<u32>) -> Vec<JobId> {
        let is_of = |place: Place| match place {
            Place::InBatch { batch: of, index } => of == batch && tasks.contains(&index),
            Place::HeldBack => false,
        };
        let of_batch = self.tasks.iter().filter(|(_, task)| is_of(task.place));
        of_batch.map(|(&job, _)| job).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slurm::text::{State, TaskName};

    fn waiting(tasks: Range<u32>) -> Unsubmitted {
        Unsubmitted::new(1, "/s/job.sh".into(), tasks)
    }

    #[test]
    fn what_is_beyond_a_limit_is_halved_down_to_single_tasks() {
        let tasks =
            |waiting: &Unsubmitted| waiting.halves().map(|both| both.map(|half| half.tasks));
        assert_eq!(tasks(&waiting(0..20)), Some([0..10, 10..20]));
        assert_eq!(tasks(&waiting(5..8)), Some([5..6, 6..8]));
        assert_eq!(tasks(&waiting(7..8)), None);
    }

    #[test]
    fn a_line_belongs_to_the_part_of_a_batch_that_has_its_index() {
        let line = |script: &str, index| Listed {
            task: TaskName { array: 9, index },
            state: State::Waiting,
            reason: String::new(),
            script: script.into(),
        };
        assert!(waiting(4..8).is_of(&line("/s/job.sh", 4)));
        assert!(!waiting(4..8).is_of(&line("/s/job.sh", 3)));
        assert!(!waiting(4..8).is_of(&line("/t/job.sh", 4)));
    }
}
