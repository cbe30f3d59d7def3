//! One task, as far as it is known.

use std::time::{Duration, Instant};

use unravel_store::protocol::Event;

use super::text::{State, TaskName};

/// Where a task is on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Not written down yet.
    HeldBack,
    /// Its order is in a batch, submitted or about to be.
    InBatch { batch: usize, index: u32 },
}

/// How its worker's last word reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastWord {
    Finished,
    Stopped,
    Failed,
}

/// Listings in a row without a task after which Slurm counts as having forgotten it.
const N_ABSENT: u32 = 2;
/// A worker says something at least every 20 seconds, save where a single score takes longer.
const SILENCE: Duration = Duration::from_secs(45);
/// Releases of a task that Slurm could not start, after which it is submitted anew.
const MAX_RELEASES: u32 = 3;

/// One task.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) place: Place,
    /// None before it was submitted.
    pub(super) name: Option<TaskName>,
    /// Listings begun before say nothing of it.
    pub(super) submitted: Option<Instant>,
    /// Cancelled by us.
    pub(super) is_cancelled: bool,
    pub(super) is_told_as_started: bool,
    last_word: Option<LastWord>,
    last_heard: Option<Instant>,
    n_absent: u32,
    n_releases: u32,
}

/// What to do about a task after a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It waits, or runs.
    Alive { is_running: bool },
    /// Slurm could not start it and holds it back: let it go.
    Release,
    /// It is in Slurm's way without a need: cancel it, it is over.
    Drop(Over),
    /// It is over.
    Over(Over),
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Its worker said that it was through.
    Finished,
    /// Its worker said that the order failed.
    Failed,
    /// It broke off by itself.
    Broke(String),
    /// It was taken off its node, or out of the queue.
    TakenAway(String),
}

impl Task {
    pub(super) fn new(place: Place) -> Self {
        Self {
            place,
            name: None,
            submitted: None,
            is_cancelled: false,
            is_told_as_started: false,
            last_word: None,
            last_heard: None,
            n_absent: 0,
            n_releases: 0,
        }
    }

    pub(super) fn is_in(&self, batch: usize) -> bool {
        matches!(self.place, Place::InBatch { batch: of, .. } if of == batch)
    }

    pub(super) fn is_submitted(&self) -> bool {
        self.name.is_some()
    }

    /// Whether its worker said that it was through.
    pub(super) fn is_finished(&self) -> bool {
        self.last_word == Some(LastWord::Finished)
    }

    /// Its worker said something.
    pub(super) fn hear(&mut self, event: &Event) {
        self.last_heard = Some(Instant::now());
        self.last_word = match event {
            Event::Finished => Some(LastWord::Finished),
            Event::Stopped => Some(LastWord::Stopped),
            Event::Failed { .. } => Some(LastWord::Failed),
            // Another copy of it, or another attempt, is at work.
            _ => None,
        };
    }

    /// Judges by its line in a listing, or by there being none.
    pub(super) fn judge(&mut self, state: Option<&State>, is_held_back: bool) -> Verdict {
        match state {
            None => self.n_absent += 1,
            Some(_) => self.n_absent = 0,
        }
        match state {
            Some(State::Running) => Verdict::Alive { is_running: true },
            Some(State::Waiting) if !is_held_back => Verdict::Alive { is_running: false },
            // Slurm may have lost its memory: the work may be done, or being done.
            Some(State::Waiting) if self.last_word.is_some() => Verdict::Drop(self.over("")),
            Some(State::Waiting) if self.talks() => Verdict::Alive { is_running: true },
            Some(State::Waiting) if self.n_releases < MAX_RELEASES => {
                self.n_releases += 1;
                Verdict::Release
            }
            Some(State::Waiting) => {
                let why = "Slurm could not start it on any node".to_owned();
                Verdict::Drop(Over::TakenAway(why))
            }
            Some(State::Ended(word)) => Verdict::Over(self.over(word)),
            Some(State::TakenAway(word)) => Verdict::Over(match self.over(word) {
                Over::Broke(why) => Over::TakenAway(why),
                other => other,
            }),
            None if !self.is_cancelled
                && (self.n_absent < N_ABSENT || (self.last_word.is_none() && self.talks())) =>
            {
                Verdict::Alive {
                    is_running: self.last_heard.is_some(),
                }
            }
            None => Verdict::Over(match self.over("") {
                Over::Broke(_) => Over::TakenAway("Slurm knows its job no longer".to_owned()),
                other => other,
            }),
        }
    }

    fn talks(&self) -> bool {
        self.last_heard
            .is_some_and(|heard| heard.elapsed() < SILENCE)
    }

    fn over(&self, word: &str) -> Over {
        match self.last_word {
            Some(LastWord::Finished) => Over::Finished,
            Some(LastWord::Failed) => Over::Failed,
            Some(LastWord::Stopped) => Over::TakenAway(
                "the worker was told to stop: a time limit, or another job's turn".to_owned(),
            ),
            None => {
                let name = self.name.map_or_else(String::new, |name| name.to_string());
                Over::Broke(format!("Slurm ended its job {name} as {word}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn task() -> Task {
        let mut task = Task::new(Place::InBatch { batch: 0, index: 3 });
        task.name = Some(TaskName { array: 6, index: 3 });
        task
    }

    fn ended(word: &str) -> State {
        State::Ended(word.to_owned())
    }

    #[test]
    fn the_workers_last_word_counts_for_more_than_slurms() {
        let mut done = task();
        done.hear(&Event::Finished);
        assert_eq!(
            done.judge(Some(&ended("FAILED")), false),
            Verdict::Over(Over::Finished)
        );
        let lost = State::TakenAway("NODE_FAIL".to_owned());
        assert_eq!(
            done.judge(Some(&lost), false),
            Verdict::Over(Over::Finished)
        );
        assert_eq!(
            done.judge(Some(&State::Waiting), true),
            Verdict::Drop(Over::Finished)
        );
        let mut silent = task();
        let Verdict::Over(Over::Broke(why)) = silent.judge(Some(&ended("COMPLETED")), false) else {
            panic!("nobody said that it was done");
        };
        assert_eq!(why, "Slurm ended its job 6_3 as COMPLETED");
        assert!(matches!(
            silent.judge(Some(&lost), false),
            Verdict::Over(Over::TakenAway(_))
        ));
    }

    #[test]
    fn a_worker_that_was_told_to_stop_was_taken_away() {
        let mut stopped = task();
        stopped.hear(&Event::Stopped);
        assert!(matches!(
            stopped.judge(Some(&ended("COMPLETED")), false),
            Verdict::Over(Over::TakenAway(_))
        ));
        stopped.hear(&Event::Heartbeat);
        assert_eq!(
            stopped.judge(Some(&State::Running), false),
            Verdict::Alive { is_running: true }
        );
    }

    #[test]
    fn a_task_that_slurm_forgot_is_alive_while_it_talks() {
        let mut forgotten = task();
        assert_eq!(
            forgotten.judge(None, false),
            Verdict::Alive { is_running: false }
        );
        assert!(matches!(
            forgotten.judge(None, false),
            Verdict::Over(Over::TakenAway(_))
        ));
        let mut talking = task();
        talking.hear(&Event::Heartbeat);
        for _ in 0..5 {
            assert_eq!(
                talking.judge(None, false),
                Verdict::Alive { is_running: true }
            );
        }
        talking.hear(&Event::Finished);
        assert_eq!(talking.judge(None, false), Verdict::Over(Over::Finished));
        let mut cancelled = task();
        cancelled.is_cancelled = true;
        assert!(matches!(
            cancelled.judge(None, false),
            Verdict::Over(Over::TakenAway(_))
        ));
    }

    #[test]
    fn a_task_that_could_not_be_launched_is_released_a_few_times() {
        let mut held = task();
        for _ in 0..MAX_RELEASES {
            assert_eq!(held.judge(Some(&State::Waiting), true), Verdict::Release);
        }
        assert!(matches!(
            held.judge(Some(&State::Waiting), true),
            Verdict::Drop(Over::TakenAway(_))
        ));
    }
}
