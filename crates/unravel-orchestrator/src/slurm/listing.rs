//! Asks Slurm about all tasks at once, in the background, and makes reports of the answers.

use std::collections::HashMap;
use std::ffi::OsString;
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::task::{Over, Verdict};
use super::text::{self, Listed, TaskName};
use super::{SlurmLauncher, commands};
use crate::launcher::{How, JobId, Report};

/// An answer, and when it was asked for.
pub(super) struct Listing {
    pub(super) asked: Instant,
    pub(super) lines: Vec<Listed>,
}

/// Asks from time to time.
pub(super) struct Lister {
    args: Vec<OsString>,
    interval: Duration,
    due: Instant,
    asked: Option<(Instant, Receiver<Result<Listing, String>>)>,
    /// When the last question was asked that was answered.
    pub(super) last_answered: Option<Instant>,
    n_failures: u32,
}

/// Longest wait while Slurm does not answer, in intervals.
const MAX_SLOWDOWN: u32 = 6;

impl Lister {
    pub(super) fn new(name: &str, interval: Duration) -> Self {
        Self {
            args: text::list_args(name),
            interval,
            due: Instant::now() + interval,
            asked: None,
            last_answered: None,
            n_failures: 0,
        }
    }

    /// Whether Slurm did not answer the last time.
    pub(super) fn is_silent(&self) -> bool {
        0 < self.n_failures
    }

    /// Asks again at once, as something has changed.
    pub(super) fn ask_soon(&mut self) {
        self.due = self
            .due
            .min(Instant::now() + self.interval.min(Duration::from_secs(1)));
    }

    /// An answer that has come, if any; asks where it is time to.
    fn take(&mut self) -> Option<Result<Listing, String>> {
        let now = Instant::now();
        let Some((_, receiver)) = &self.asked else {
            if self.due <= now {
                let args = self.args.clone();
                let (sender, receiver) = channel();
                // Where the machine gives no thread, the sender is gone, which is an answer too.
                let _ = thread::Builder::new()
                    .spawn(move || drop(sender.send(list(&args, &mut |_| {}))));
                self.asked = Some((now, receiver));
            }
            return None;
        };
        let answer = match receiver.try_recv() {
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Err("`squeue` could not be run".to_owned()),
            Ok(answer) => answer,
        };
        self.asked = None;
        match &answer {
            Ok(listing) => {
                self.n_failures = 0;
                self.last_answered = Some(listing.asked);
            }
            Err(_) => self.n_failures += 1,
        }
        self.due = now + self.interval * (1 + self.n_failures).min(MAX_SLOWDOWN);
        Some(answer)
    }
}

/// Asks now and waits for the answer.
pub(super) fn list(args: &[OsString], tell: &mut dyn FnMut(&str)) -> Result<Listing, String> {
    let asked = Instant::now();
    match commands::run_telling("squeue", args, tell) {
        Ok(answer) if answer.is_success => Ok(Listing {
            asked,
            lines: text::read_listing(&answer.stdout),
        }),
        Ok(answer) => Err(text::complaint(&answer.stderr)),
        Err(error) => Err(format!("squeue: {error}")),
    }
}

impl SlurmLauncher {
    /// Takes in an answer of Slurm's, where one has come.
    pub(super) fn take_listing(&mut self) {
        let listing = match self.lister.take() {
            None => return,
            Some(Err(why)) => {
                if !std::mem::replace(&mut self.is_outage_told, true) {
                    self.note(format!("Slurm does not answer ({why}); asking again"));
                }
                return;
            }
            Some(Ok(listing)) => listing,
        };
        if std::mem::take(&mut self.is_outage_told) {
            self.note("Slurm answers again".to_owned());
        }
        self.find_submitted(&listing.lines);
        // The last words of those that have ended meanwhile.
        self.events_due = Instant::now();
        self.read_events();
        let by_name: HashMap<TaskName, &Listed> =
            listing.lines.iter().map(|line| (line.task, line)).collect();
        let jobs: Vec<JobId> = self.tasks.keys().copied().collect();
        for job in jobs {
            self.judge(job, &listing, &by_name);
        }
    }

    fn judge(&mut self, job: JobId, listing: &Listing, by_name: &HashMap<TaskName, &Listed>) {
        let Some(task) = self.tasks.get_mut(&job) else {
            return;
        };
        let (Some(name), Some(submitted)) = (task.name, task.submitted) else {
            return;
        };
        if listing.asked <= submitted {
            return;
        }
        let line = by_name.get(&name);
        let is_held_back = line.is_some_and(|line| text::is_held_after_failed_launch(&line.reason));
        match task.judge(line.map(|line| &line.state), is_held_back) {
            Verdict::Alive { is_running } => {
                if is_running && !std::mem::replace(&mut task.is_told_as_started, true) {
                    self.tell(job, Report::Started);
                }
                if let Some(line) = line.filter(|line| text::may_wait_for_ever(&line.reason)) {
                    self.note_reason(&line.reason);
                }
            }
            Verdict::Release => {
                let args = ["release".to_owned(), name.to_string()].map(OsString::from);
                // Where that fails, it is tried again after the next listing.
                let _ = commands::run("scontrol", &args);
            }
            Verdict::Drop(over) => {
                self.to_cancel.push(name.to_string());
                self.end(job, how(over));
            }
            Verdict::Over(over) => self.end(job, how(over)),
        }
    }

    /// Says once that tasks wait for a reason that does not pass by itself.
    fn note_reason(&mut self, reason: &str) {
        if !self.told_reasons.iter().any(|told| told == reason) {
            self.told_reasons.push(reason.to_owned());
            self.note(format!(
                "Slurm lets tasks wait for a reason that may not pass by itself: {reason}; see `squeue --name {}`",
                self.settings.name
            ));
        }
    }

    /// Tasks whose submission broke off, but which Slurm has all the same.
    fn find_submitted(&mut self, lines: &[Listed]) {
        let mut found = Vec::new();
        self.unsubmitted.retain(
            |waiting| match lines.iter().find(|line| waiting.is_of(line)) {
                Some(line) => {
                    found.push((waiting.batch, waiting.tasks.clone(), line.task.array));
                    false
                }
                None => true,
            },
        );
        for (batch, tasks, array) in found {
            self.set_submitted(batch, &tasks, array);
        }
    }
}

fn how(over: Over) -> How {
    match over {
        Over::Finished => How::Exited(0),
        Over::Failed => How::Exited(4),
        Over::Broke(why) => How::Lost(why),
        Over::TakenAway(why) => How::TakenAway(why),
    }
}
