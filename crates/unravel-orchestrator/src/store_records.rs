//! The trials of a store, for the supervisor and the planner.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use unravel_score::Requests;
use unravel_store::{
    Check, OtherLengths, Status, Store, StoreError, Todo, TrialFolder, TrialState, none_if_damaged,
};
use unravel_sweep::{Trial, TrialId};

use crate::records::{PlannedTrial, Records};
use unravel_store::{Continuation, Reached, TrialProgress};

/// Reasons why a trial starts from step 0 although the store has a trial that differs only in its number of steps.
const HAS_MORE_STEPS: &str = "some trials start from step 0 although the store has a version with more steps: training \
                              cannot go back to an earlier step";
const HAS_NO_CHECKPOINT: &str = "some trials start from step 0 although the store has a version with fewer steps: that \
                                 version has no checkpoint any more";
const LACKS_SCORES: &str = "some trials start from step 0 although the store has a version with fewer steps: that version \
                            does not have the scores at an earlier step that `at` requests";

/// Appended to the sentence on a damaged file of a trial.
pub const RECREATES: &str = "; `unravel run` recreates it";

/// The sentence with [`RECREATES`], if it has no remedy.
fn with_remedy(sentence: String) -> String {
    let has_remedy = sentence.contains(';') || !sentence.contains("is damaged");
    match has_remedy {
        true => sentence,
        false => sentence + RECREATES,
    }
}

/// The trials of a store.
pub struct StoreRecords<'a> {
    store: &'a Store,
    requests: &'a (dyn Fn(&Trial) -> Requests + Sync),
    check: Check,
    /// Trials whose files were verified completely.
    whole: Mutex<BTreeSet<TrialId>>,
    notices: Mutex<BTreeSet<String>>,
    /// Loaded when the first trial without files is looked up.
    other_lengths: OnceLock<OtherLengths>,
}

/// Minimum number of trials per thread; with fewer, starting the thread costs more than it saves.
const MIN_TRIALS_PER_THREAD: usize = 64;
/// Maximum number of threads that read trials at the same time.
const MAX_THREADS: usize = 16;

impl<'a> StoreRecords<'a> {
    /// Records of `store`. `requests` returns the scores and files of a finished trial; the workers use the same.
    #[must_use]
    pub fn new(store: &'a Store, requests: &'a (dyn Fn(&Trial) -> Requests + Sync)) -> Self {
        Self {
            store,
            requests,
            check: Check::Quick,
            whole: Mutex::default(),
            notices: Mutex::default(),
            other_lengths: OnceLock::new(),
        }
    }

    /// Verifies the checksums of every trial that seems done, once. For a run, which recreates damaged files.
    #[must_use]
    pub fn thorough(self) -> Self {
        Self {
            check: Check::Thorough,
            ..self
        }
    }

    /// One sentence for each damaged or unreadable file that was found since the last call; sorted, without
    /// repetitions.
    pub fn take_notices(&self) -> Vec<String> {
        std::mem::take(&mut *self.locked_notices())
            .into_iter()
            .collect()
    }

    fn notice(&self, sentences: impl IntoIterator<Item = String>) {
        let mut sentences = sentences.into_iter().peekable();
        if sentences.peek().is_some() {
            self.locked_notices().extend(sentences);
        }
    }

    fn locked_notices(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn look(&self, planned: &PlannedTrial) -> Result<TrialProgress, StoreError> {
        let folder = self.store.trial(&planned.id);
        if !folder.is_present() {
            self.notice_obstacle(&folder);
            return Ok(TrialProgress {
                continuation: self.continuation(&planned.trial)?,
                ..TrialProgress::not_started()
            });
        }
        // Before the files: a lock that is free now may have been held by the one who has just finished them.
        let holding = folder.holder()?;
        let is_locked = holding.is_some();
        self.notice(holding.and_then(|holding| holding.warning(&planned.id)));
        let missing = self.missing(&folder, &(self.requests)(&planned.trial), is_locked)?;
        let is_done = missing.is_nothing();
        let needs_training = missing.needs_training(planned.trial.training.steps);
        let first_step = missing.first_step();
        self.notice(missing.notices.into_iter().map(with_remedy));
        if is_done {
            return Ok(TrialProgress::at(Reached::Scored));
        }
        self.notice_obstacle(&folder);
        let state = folder.state()?;
        self.notice(state.notices.into_iter().map(with_remedy));
        let state = state.value;
        let steps = planned.trial.training.steps;
        let mut progress = TrialProgress::of_state(&state);
        progress.is_locked = is_locked;
        progress.reached = match needs_training {
            // Scores that were added for an earlier step are taken of weights that have to be trained again.
            true if first_step.is_some_and(|step| step < state.step) => Reached::Step(0),
            // A state that says more was written by somebody else.
            true => Reached::Step(state.step.min(steps)),
            false => Reached::Trained,
        };
        if progress.reached == Reached::Step(0) && state.step == 0 {
            progress.continuation = self.continuation(&planned.trial)?;
        }
        Ok(progress)
    }

    /// Names what is in the place of a trial's folder. A run moves it aside, and its worker says so.
    fn notice_obstacle(&self, folder: &TrialFolder) {
        if self.check == Check::Quick {
            self.notice(folder.obstacle());
        }
    }

    /// The missing parts of a trial. The files of a running trial change, so they are verified only when it seems done.
    fn missing(
        &self,
        folder: &TrialFolder,
        requests: &Requests,
        is_locked: bool,
    ) -> Result<Todo, StoreError> {
        let whole = || self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if self.check == Check::Quick || whole().contains(folder.id()) {
            return folder.missing(requests, Check::Quick);
        }
        if is_locked {
            let missing = folder.missing(requests, Check::Quick)?;
            if !missing.is_nothing() {
                return Ok(missing);
            }
        }
        let missing = folder.missing(requests, Check::Thorough)?;
        if missing.is_nothing() {
            whole().insert(folder.id().clone());
        }
        Ok(missing)
    }

    /// The latest checkpoint of the trials that are equal except for fewer steps. Random numbers and schedules depend
    /// only on the step, so continuing from there gives the same result as training from step 0.
    fn continuation(&self, trial: &Trial) -> Result<Option<Continuation>, StoreError> {
        if self.other_lengths.get().is_none() {
            let _ = self.other_lengths.set(self.store.other_lengths()?);
        }
        let other_lengths = self.other_lengths.get().map(|found| found.of(trial));
        let mut best: Option<Continuation> = None;
        let mut why_not = None;
        for id in other_lengths.unwrap_or_default() {
            let folder = self.store.trial(&id);
            let shorter = none_if_damaged(folder.is_shorter(trial), &mut Vec::new())?;
            let Some(steps) = shorter else {
                why_not.get_or_insert(HAS_MORE_STEPS);
                continue;
            };
            let step = folder.checkpoint_step()?;
            match step.filter(|step| (1..=steps).contains(step)) {
                None => why_not = Some(HAS_NO_CHECKPOINT),
                Some(step) if self.needs_earlier(trial, &folder, step)? => {
                    why_not = Some(LACKS_SCORES);
                }
                Some(step) => {
                    if best.as_ref().is_none_or(|best| best.step < step) {
                        best = Some(Continuation { from: id, step });
                    }
                }
            }
        }
        if best.is_none() {
            self.notice(why_not.map(str::to_owned));
        }
        Ok(best)
    }

    /// Whether scores at a step before `step` are requested that this other trial does not have.
    fn needs_earlier(
        &self,
        trial: &Trial,
        other: &TrialFolder,
        step: u64,
    ) -> Result<bool, StoreError> {
        let mut wanted = (self.requests)(trial).scores;
        wanted.retain(|score| score.context.step < step);
        Ok(!other.lacking(&wanted)?.is_empty())
    }

    fn write_failure(&self, planned: &PlannedTrial, reason: &str) -> Result<(), StoreError> {
        let lock = self.store.create(&planned.trial)?;
        let state = self.store.trial(&planned.id).state()?.value;
        lock.set_state(&TrialState {
            status: Status::Failed,
            steps: planned.trial.training.steps,
            reason: Some(reason.to_owned()),
            ..state
        })?;
        lock.append_log(&format!("failed: {reason}"))
    }
}

impl Records for StoreRecords<'_> {
    /// A trial that cannot be read counts as not started; its worker will report the same error.
    fn progress(&self, planned: &PlannedTrial) -> TrialProgress {
        self.look(planned).unwrap_or_else(|error| {
            self.notice([error.to_string()]);
            TrialProgress::not_started()
        })
    }

    /// Uses several threads, because most of the time is spent waiting for the disk.
    fn progress_of_all(&self, trials: &[PlannedTrial]) -> Vec<TrialProgress> {
        let n_cores = thread::available_parallelism().map_or(1, usize::from);
        let n_threads = n_cores
            .min(MAX_THREADS)
            .min(trials.len() / MIN_TRIALS_PER_THREAD)
            .max(1);
        let look = |part: &[PlannedTrial]| {
            part.iter()
                .map(|trial| self.progress(trial))
                .collect::<Vec<_>>()
        };
        if n_threads == 1 {
            return look(trials);
        }
        thread::scope(|scope| {
            let parts = trials.chunks(trials.len().div_ceil(n_threads));
            let threads: Vec<_> = parts
                .map(|part| {
                    let thread = thread::Builder::new().spawn_scoped(scope, move || look(part));
                    // Where the machine gives no thread, this one looks.
                    thread.map_err(|_| look(part))
                })
                .collect();
            let progress = threads.into_iter().flat_map(|thread| match thread {
                Ok(thread) => match thread.join() {
                    Ok(progress) => progress,
                    Err(panic) => std::panic::resume_unwind(panic),
                },
                Err(progress) => progress,
            });
            progress.collect()
        })
    }

    fn holder(&self, planned: &PlannedTrial) -> Option<String> {
        let holding = self.store.trial(&planned.id).holder().ok()??;
        Some(holding.to_string())
    }

    fn mark_failed(&self, planned: &PlannedTrial, reason: &str) {
        if let Err(error) = self.write_failure(planned, reason) {
            self.notice([error.to_string()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use unravel_score::{ScoreContext, ScoreRequest};
    use unravel_store::{Array, Arrays, Checkpoint, Codes, Model, Pictures};

    use super::*;
    use crate::testing::trial;

    fn planned() -> PlannedTrial {
        PlannedTrial::new(trial(0))
    }

    fn with_store(check: impl Fn(&Store, &StoreRecords<'_>)) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs")).unwrap();
        let wanted = |_: &Trial| Requests::default();
        check(&store, &StoreRecords::new(&store, &wanted));
    }

    #[test]
    fn a_trial_comes_further_file_by_file() {
        with_store(|store, records| {
            assert_eq!(records.progress(&planned()), TrialProgress::not_started());

            let lock = store.create(&planned().trial).unwrap();
            let state = TrialState {
                status: Status::Training,
                step: 40,
                ..TrialState::default()
            };
            lock.set_state(&state).unwrap();
            let at_40 = TrialProgress::at(Reached::Step(40));
            assert_eq!(
                records.progress(&planned()),
                TrialProgress {
                    is_locked: true,
                    ..at_40.clone()
                }
            );
            drop(lock);
            assert_eq!(records.progress(&planned()), at_40);

            let lock = store.create(&planned().trial).unwrap();
            lock.set_model(&Model {
                step: 100,
                arrays: Arrays::new(),
            })
            .unwrap();
            drop(lock);
            assert_eq!(
                records.progress(&planned()),
                TrialProgress::at(Reached::Trained)
            );
            assert_eq!(records.take_notices(), Vec::<String>::new());
        });
    }

    #[test]
    fn scores_added_for_an_earlier_step_need_the_training_again() {
        let score_at = |step| ScoreRequest {
            metric: "mig".into(),
            context: ScoreContext {
                variant: "exact".into(),
                representation: "mean".into(),
                grid: "2x2".to_owned(),
                step,
            },
            seeds: Vec::new(),
            revision: 0,
        };
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs")).unwrap();
        let steps = planned().trial.training.steps;
        let lock = store.create(&planned().trial).unwrap();
        let reach = |step| {
            let state = TrialState {
                step,
                ..TrialState::default()
            };
            lock.set_state(&state).unwrap();
        };
        let progress = |at: &[u64]| {
            let wanted = |_: &Trial| Requests {
                scores: at.iter().copied().map(score_at).collect(),
                codes: false,
            };
            StoreRecords::new(&store, &wanted)
                .progress(&planned())
                .reached
        };
        reach(40);
        assert_eq!(progress(&[40, steps]), Reached::Step(40));
        assert_eq!(progress(&[30, steps]), Reached::Step(0));
        reach(steps);
        let arrays = Arrays::new();
        lock.set_model(&Model {
            step: steps,
            arrays,
        })
        .unwrap();
        assert_eq!(progress(&[steps]), Reached::Trained);
        assert_eq!(progress(&[30, steps]), Reached::Step(0));
    }

    #[test]
    fn many_trials_are_looked_at_in_their_order() {
        with_store(|store, records| {
            let trials: Vec<PlannedTrial> = (0..200)
                .map(|seed| PlannedTrial::new(trial(seed)))
                .collect();
            for planned in trials.iter().step_by(7) {
                let lock = store.create(&planned.trial).unwrap();
                let step = planned.trial.seed;
                lock.set_state(&TrialState {
                    step,
                    ..TrialState::default()
                })
                .unwrap();
            }
            let one_by_one: Vec<TrialProgress> = trials
                .iter()
                .map(|planned| records.progress(planned))
                .collect();
            assert_eq!(records.progress_of_all(&trials), one_by_one);
            assert_eq!(one_by_one[14].reached, Reached::Step(14));
        });
    }

    #[test]
    fn a_failure_is_written_with_its_reason_and_keeps_the_step() {
        with_store(|store, records| {
            let lock = store.create(&planned().trial).unwrap();
            let state = TrialState {
                status: Status::Training,
                step: 40,
                ..TrialState::default()
            };
            lock.set_state(&state).unwrap();
            drop(lock);
            records.mark_failed(&planned(), "the worker exited with status 3");
            let failure = Some("the worker exited with status 3".to_owned());
            let expected = TrialProgress {
                failure,
                ..TrialProgress::at(Reached::Step(40))
            };
            assert_eq!(records.progress(&planned()), expected);
        });
    }

    #[test]
    fn a_trial_without_a_folder_can_fail_too() {
        with_store(|_, records| {
            records.mark_failed(&planned(), "the worker did not start");
            assert!(records.progress(&planned()).failure.is_some());
        });
    }

    #[test]
    fn another_runs_trial_is_not_written_to() {
        with_store(|store, records| {
            let lock = store.create(&planned().trial).unwrap();
            records.mark_failed(&planned(), "not ours to say");
            drop(lock);
            assert_eq!(records.progress(&planned()).failure, None);
            assert_eq!(records.take_notices().len(), 1);
        });
    }

    #[test]
    fn a_flipped_bit_is_noticed_by_who_looks_thoroughly() {
        with_store(|store, records| {
            let lock = store.create(&planned().trial).unwrap();
            lock.set_state(&TrialState::default()).unwrap();
            let (step, arrays) = (100, Arrays::new());
            lock.set_model(&Model { step, arrays }).unwrap();
            lock.set_probe(&Codes::default()).unwrap();
            let image_shape = [1, 1, 1];
            let pictures = Pictures {
                image_shape,
                ..Pictures::default()
            };
            lock.set_pictures(&pictures).unwrap();
            drop(lock);
            assert_eq!(
                records.progress(&planned()),
                TrialProgress::at(Reached::Scored)
            );
            let path = store.trial(&planned().id).path().join("probe.npz");
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[100] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(
                records.progress(&planned()),
                TrialProgress::at(Reached::Scored)
            );
            let wanted = |_: &Trial| Requests::default();
            let thorough = StoreRecords::new(store, &wanted).thorough();
            assert_eq!(
                thorough.progress(&planned()),
                TrialProgress::at(Reached::Trained)
            );
            assert!(thorough.take_notices()[0].contains("probe.npz"));
        });
    }

    /// A trial that is done, with a checkpoint at its last step.
    fn done(store: &Store) {
        let lock = store.create(&planned().trial).unwrap();
        let (step, arrays) = (100, Arrays::new());
        lock.set_checkpoint(&Checkpoint {
            step,
            arrays: Arrays::from([("weight".to_owned(), Array::new([1], vec![0.5]))]),
            ..Checkpoint::default()
        })
        .unwrap();
        lock.set_state(&TrialState::default()).unwrap();
        lock.set_model(&Model { step, arrays }).unwrap();
        lock.set_probe(&Codes::default()).unwrap();
        let image_shape = [1, 1, 1];
        lock.set_pictures(&Pictures {
            image_shape,
            ..Pictures::default()
        })
        .unwrap();
    }

    #[test]
    fn any_damage_to_the_checkpoint_or_the_trial_of_a_done_one_is_noticed_and_mended() {
        let wanted = |_: &Trial| Requests::default();
        for name in ["trial.toml", "checkpoint.safetensors"] {
            with_store(|store, _| {
                done(store);
                let folder = store.trial(&planned().id);
                let path = folder.path().join(name);
                let whole = std::fs::read(&path).unwrap();
                let records = StoreRecords::new(store, &wanted).thorough();
                let mut damaged = vec![Vec::new(), whole[..whole.len() / 2].to_vec()];
                for at in (0..8).map(|eighth| eighth * whole.len() / 8) {
                    let mut bytes = whole.clone();
                    bytes[at] ^= 0x80;
                    damaged.push(bytes);
                }
                for bytes in damaged {
                    std::fs::write(&path, bytes).unwrap();
                    assert_eq!(
                        records.progress(&planned()),
                        TrialProgress::at(Reached::Trained)
                    );
                    let notices = records.take_notices();
                    assert_eq!(notices.len(), 1, "{notices:?}");
                    assert!(notices[0].contains(name), "{notices:?}");
                    let lock = store.create(&planned().trial).unwrap();
                    let notices = lock.restore_records().unwrap();
                    assert!(notices[0].contains(name), "{notices:?}");
                    drop(lock);
                    match name {
                        "trial.toml" => assert_eq!(std::fs::read(&path).unwrap(), whole),
                        _ => assert!(!path.exists() && notices[0].contains("starts from step 0")),
                    }
                    let fresh = StoreRecords::new(store, &wanted).thorough();
                    assert_eq!(
                        fresh.progress(&planned()),
                        TrialProgress::at(Reached::Scored)
                    );
                    assert_eq!(fresh.take_notices(), Vec::<String>::new());
                }
            });
        }
    }

    #[test]
    fn a_damaged_checkpoint_of_a_done_trial_does_not_train_it_again() {
        with_store(|store, records| {
            done(store);
            let path = store
                .trial(&planned().id)
                .path()
                .join("checkpoint.safetensors");
            let mut bytes = std::fs::read(&path).unwrap();
            let step = b"\"step\":\"100\"";
            let at = bytes.windows(step.len()).position(|window| window == step);
            bytes[at.unwrap() + 8] = b'0';
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(
                records.progress(&planned()),
                TrialProgress::at(Reached::Scored)
            );
        });
    }

    #[test]
    fn a_lock_whose_time_lies_ahead_is_told_of_with_its_holder() {
        with_store(|store, records| {
            drop(store.create(&planned().trial).unwrap());
            let path = store.trial(&planned().id).path().join("lock");
            std::fs::write(&path, r#"{"pid":7,"host":"node-2","boot":"another"}"#).unwrap();
            let at = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
            let file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_modified(at).unwrap();
            assert!(records.progress(&planned()).is_locked);
            let notices = records.take_notices();
            assert!(notices[0].contains("process 7 on node-2"), "{notices:?}");
            assert!(file.metadata().unwrap().modified().unwrap() < at);
            let holder = records.holder(&planned()).unwrap();
            assert!(
                holder.starts_with("process 7 on node-2, last heard of"),
                "{holder}"
            );
        });
    }

    #[test]
    fn a_state_beyond_the_last_step_is_not_believed() {
        with_store(|store, records| {
            let lock = store.create(&planned().trial).unwrap();
            lock.set_state(&TrialState {
                step: u64::MAX,
                ..TrialState::default()
            })
            .unwrap();
            drop(lock);
            let steps = planned().trial.training.steps;
            assert_eq!(
                records.progress(&planned()),
                TrialProgress::at(Reached::Step(steps))
            );
        });
    }

    #[test]
    fn a_damaged_state_is_noticed() {
        with_store(|store, records| {
            drop(store.create(&planned().trial).unwrap());
            let path = store.trial(&planned().id).path().join("state.json");
            std::fs::write(path, "{").unwrap();
            assert_eq!(records.progress(&planned()), TrialProgress::not_started());
            assert_eq!(records.take_notices().len(), 1);
        });
    }
}
