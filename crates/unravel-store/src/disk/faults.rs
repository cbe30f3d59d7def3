//! Points at which a write can go wrong. Outside of tests they do nothing.

#[cfg(not(test))]
use std::io;

#[cfg(test)]
pub(crate) use injected::{cleans_up, point};

/// Comes before every operation that changes the disk.
#[cfg(not(test))]
pub(crate) fn point() -> io::Result<()> {
    Ok(())
}

/// Whether a write that failed removes its temporary file. A process that dies does not.
#[cfg(not(test))]
pub(crate) fn cleans_up() -> bool {
    true
}

/// Faults of a test's own thread.
#[cfg(test)]
mod injected {
    use std::cell::{Cell, RefCell};
    use std::io;

    /// What happens at a point and at every one after it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Fault {
        /// The disk is full, and stays so.
        Full,
        /// The process dies: nothing that comes after happens, no tidying up either.
        Death,
    }

    /// What somebody else does at a point.
    type Interference = Box<dyn FnOnce()>;

    thread_local! {
        /// An interference to come, and how many points come before it.
        static INTERFERENCE: RefCell<Option<(usize, Interference)>> = const { RefCell::new(None) };
        /// The fault to come, and how many points come before it.
        static PLAN: Cell<Option<(Fault, usize)>> = const { Cell::new(None) };
        static HAS_COME: Cell<bool> = const { Cell::new(false) };
    }

    pub(crate) fn point() -> io::Result<()> {
        interfere();
        let Some((fault, n_before)) = PLAN.get() else {
            return Ok(());
        };
        if let Some(n_before) = n_before.checked_sub(1) {
            PLAN.set(Some((fault, n_before)));
            return Ok(());
        }
        HAS_COME.set(true);
        Err(match fault {
            Fault::Full => io::ErrorKind::StorageFull.into(),
            Fault::Death => io::Error::other("dead"),
        })
    }

    fn interfere() {
        let due = INTERFERENCE.with_borrow_mut(|planned| match planned {
            Some((0, _)) => planned.take(),
            Some((n_before, _)) => {
                *n_before -= 1;
                None
            }
            None => None,
        });
        if let Some((_, interference)) = due {
            interference();
        }
    }

    /// Does `work`, and `interference` just before its `n`-th point (from 0); whether that point was reached.
    pub(super) fn with_interference(
        n: usize,
        interference: impl FnOnce() + 'static,
        work: impl FnOnce(),
    ) -> bool {
        INTERFERENCE.set(Some((n, Box::new(interference))));
        work();
        INTERFERENCE.take().is_none()
    }

    pub(crate) fn cleans_up() -> bool {
        !(HAS_COME.get() && PLAN.get() == Some((Fault::Death, 0)))
    }

    /// Does `work` with a fault from the `n`-th point on (from 0); whether that point was reached.
    pub(super) fn with_fault(fault: Fault, n: usize, work: impl FnOnce()) -> bool {
        PLAN.set(Some((fault, n)));
        work();
        PLAN.set(None);
        HAS_COME.take()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;

    use unravel_score::{Requests, ScoreContext, ScoreRecord, ScoreRequest};
    use unravel_sweep::{Objective, Trial};

    use super::injected::{Fault, with_fault, with_interference};
    use crate::{
        Array, Check, Checkpoint, Codes, Model, Pictures, ScoreFile, Status, Store, StoreError,
        TrainLog, TrialState, TrialWriter,
    };

    fn trial() -> Trial {
        Trial::new(Objective::beta_vae(4.0), 0)
    }

    fn checkpoint(step: u64) -> Checkpoint {
        let mut log = TrainLog::new(["kl_nats"]);
        log.rows = (1..=step).map(|step| (step, vec![0.5])).collect();
        let weight = Array::new([2], vec![step as f32, 0.5]);
        Checkpoint {
            step,
            arrays: BTreeMap::from([("weight".to_owned(), weight)]),
            log,
            ..Checkpoint::default()
        }
    }

    fn model() -> Model {
        let (step, arrays) = (20, checkpoint(20).arrays);
        Model { step, arrays }
    }

    fn context() -> ScoreContext {
        ScoreContext {
            variant: "study".into(),
            representation: "mean".into(),
            grid: "2x2".to_owned(),
            step: 20,
        }
    }

    fn scores(seeds: impl Iterator<Item = u64>) -> ScoreFile {
        let values = seeds.map(|seed| (seed, 0.25));
        let mut file = ScoreFile::new("mig");
        file.scores
            .push(ScoreRecord::sampled("mig", "mig", &context(), values));
        file
    }

    fn state(status: Status, step: u64) -> TrialState {
        TrialState {
            status,
            step,
            steps: 20,
            ..TrialState::default()
        }
    }

    /// A trial at step 10, with one seed of its scores from elsewhere.
    fn before(lock: &TrialWriter) -> Result<(), StoreError> {
        lock.set_checkpoint(&checkpoint(10))?;
        lock.set_state(&state(Status::Training, 10))?;
        lock.add_scores(scores(0..1)).map(|_| ())
    }

    /// The rest of its life: every kind of write that there is.
    fn life(store: &Store) -> Result<(), StoreError> {
        let lock = store.create(&trial())?;
        lock.set_checkpoint(&checkpoint(20))?;
        lock.set_state(&state(Status::Training, 20))?;
        lock.set_model(&model())?;
        lock.remove_previous_checkpoint()?;
        lock.set_state(&state(Status::Trained, 20))?;
        lock.add_scores(scores(1..3))?;
        lock.set_pictures(&Pictures {
            image_shape: [1, 1, 1],
            ..Pictures::default()
        })?;
        lock.set_probe(&Codes::default())
    }

    /// Everything there is of the trial is whole, and none of it older than before.
    fn check_whole(lock: &TrialWriter, context_of_test: &str) {
        let found = lock.checkpoint().unwrap();
        assert_eq!(found.notices, Vec::<String>::new(), "{context_of_test}");
        let checkpoint_found = found.value.expect("the checkpoint is not lost");
        assert!([10, 20].contains(&checkpoint_found.step));
        assert_eq!(checkpoint_found, checkpoint(checkpoint_found.step));
        assert!(lock.state().unwrap().notices.is_empty());
        let model_found = lock.model().unwrap();
        assert!(model_found.is_none_or(|found| found == model()));
        let scores_found = lock.scores("mig").unwrap().expect("scores are not lost");
        assert!([scores(0..1), scores(0..3)].contains(&scores_found));
        let wanted = Requests {
            scores: vec![ScoreRequest {
                metric: "mig".into(),
                context: context(),
                seeds: vec![0, 1, 2],
                revision: 0,
            }],
            codes: false,
        };
        let missing = lock.missing(&wanted, Check::Thorough).unwrap();
        assert_eq!(missing.notices, Vec::<String>::new(), "{context_of_test}");
        for folder in [lock.path().to_owned(), lock.path().join("scores")] {
            for entry in fs::read_dir(folder).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(!name.ends_with(".tmp"), "{context_of_test} leaves {name}");
            }
        }
    }

    /// Returns how many points there are in a life.
    fn check_every_point(fault: Fault) -> usize {
        for n in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path().join("runs")).unwrap();
            before(&store.create(&trial()).unwrap()).unwrap();
            let mut result = Ok(());
            let was_reached = with_fault(fault, n, || result = life(&store));
            let context = format!("{fault:?} at point {n}");
            match (&result, fault) {
                (Err(error), Fault::Full) => assert!(error.is_full(), "{context}: {error}"),
                (Err(_), Fault::Death) => {}
                (Ok(()), _) => assert!(!was_reached, "{context} went unnoticed"),
            }
            check_whole(&store.create(&trial()).unwrap(), &context);
            // There is room again, or another process: what was left undone is done.
            life(&store).unwrap();
            let lock = store.create(&trial()).unwrap();
            check_whole(&lock, &context);
            assert_eq!(lock.model().unwrap(), Some(model()));
            assert_eq!(lock.scores("mig").unwrap(), Some(scores(0..3)));
            if !was_reached {
                return n;
            }
        }
        unreachable!()
    }

    /// A trained trial that is trained once more, for a score on the way that was lost.
    fn life_again(store: &Store) -> Result<(), StoreError> {
        let lock = store.create(&trial())?;
        lock.set_checkpoint(&checkpoint(10))?;
        lock.set_checkpoint(&checkpoint(20))?;
        lock.set_model(&model())?;
        lock.remove_previous_checkpoint()
    }

    #[test]
    fn a_training_begun_again_never_makes_its_curves_look_damaged() {
        for n in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path().join("runs")).unwrap();
            before(&store.create(&trial()).unwrap()).unwrap();
            life(&store).unwrap();
            let model_file = store.trial(&trial().id()).path().join("model.safetensors");
            let model_bytes = fs::read(&model_file).unwrap();
            let was_reached = with_fault(Fault::Death, n, || drop(life_again(&store)));
            let context = format!("death at point {n}");
            let lock = store.create(&trial()).unwrap();
            check_whole(&lock, &context);
            assert_eq!(lock.restore_records().unwrap(), Vec::<String>::new());
            check_whole(&lock, &context);
            let log = lock.train_log().unwrap().unwrap();
            let saved = lock.checkpoint().unwrap().value.unwrap();
            // Between a checkpoint and its curves, those of the first training are still there.
            let known = [saved.log, checkpoint(20).log];
            assert!(known.contains(&log), "{context}");
            drop(lock);
            life_again(&store).unwrap();
            check_whole(&store.create(&trial()).unwrap(), &context);
            assert_eq!(fs::read(&model_file).unwrap(), model_bytes, "{context}");
            if !was_reached {
                assert!(10 < n);
                return;
            }
        }
    }

    #[test]
    fn a_folder_that_is_removed_at_any_moment_before_it_is_locked_is_made_again() {
        let id = trial().id();
        for n in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path().join("runs")).unwrap();
            let other = store.clone();
            // As `TrialWriter::remove` does, by somebody who had the lock before.
            let remove = move || {
                let folder = other.trial(&trial().id());
                if folder.is_present() && folder.holder().unwrap().is_none() {
                    let trash = other.path().join(".trash");
                    fs::rename(folder.path(), &trash).unwrap();
                    fs::remove_dir_all(trash).unwrap();
                }
            };
            let mut created = None;
            let work = || created = Some(store.create(&trial()));
            let was_reached = with_interference(n, remove, work);
            let lock = created
                .unwrap()
                .unwrap_or_else(|error| panic!("point {n}: {error}"));
            life(&store).unwrap_err();
            assert_eq!(lock.trial().unwrap(), Some(trial()), "point {n}");
            lock.set_model(&model()).unwrap();
            assert!(store.trial(&id).is_present());
            if !was_reached {
                assert!(8 < n, "only {n} points");
                return;
            }
        }
    }

    #[test]
    fn a_trial_that_is_removed_while_its_lock_is_taken_is_no_trial() {
        for n in 0.. {
            let folder = tempfile::tempdir().unwrap();
            let store = Store::open(folder.path().join("runs")).unwrap();
            drop(store.create(&trial()).unwrap());
            let path = store.trial(&trial().id()).path().to_owned();
            let mut taken = None;
            let work = || taken = Some(store.trial(&trial().id()).lock());
            let was_reached = with_interference(n, move || fs::remove_dir_all(path).unwrap(), work);
            match taken.unwrap() {
                Err(StoreError::NoTrial { .. }) => assert!(was_reached),
                Err(error) => panic!("point {n}: {error}"),
                // Locked before it was removed.
                Ok(_) => assert!(0 < n),
            }
            if !was_reached {
                return;
            }
        }
    }

    #[test]
    fn a_disk_that_is_full_at_any_write_costs_nothing_that_was_there() {
        assert!(30 < check_every_point(Fault::Full));
    }

    #[test]
    fn a_process_that_dies_at_any_write_leaves_the_old_or_the_new() {
        assert!(30 < check_every_point(Fault::Death));
    }
}
