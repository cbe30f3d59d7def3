//! Curves that were changed, lost, or are being written again.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use unravel_score::Requests;
use unravel_sweep::{Objective, Trial};

use super::*;
use crate::{Array, Check, Checkpoint, Codes, Pictures, Status, Store, Todo, TrialState};

fn checkpoint(step: u64, factor: f64) -> Checkpoint {
    let mut log = TrainLog::new(["kl_nats", "kl_0"]);
    log.rows = (1..=step / 10)
        .map(|i| (i * 10, vec![factor * i as f64, 0.25]))
        .collect();
    let weight = Array::new([2], vec![step as f32, 0.5]);
    Checkpoint {
        step,
        arrays: BTreeMap::from([("weight".to_owned(), weight)]),
        log,
        ..Checkpoint::default()
    }
}

fn model() -> Model {
    let (step, arrays) = (30, checkpoint(30, 0.1).arrays);
    Model { step, arrays }
}

/// A trial that is done.
struct Done {
    _folder: tempfile::TempDir,
    lock: TrialWriter,
    csv: PathBuf,
    text: Vec<u8>,
}

impl Done {
    fn new(factor: f64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().join("runs")).unwrap();
        let lock = store
            .create(&Trial::new(Objective::beta_vae(0.1), 3))
            .unwrap();
        lock.set_checkpoint(&checkpoint(30, factor)).unwrap();
        lock.set_model(&model()).unwrap();
        lock.set_state(&TrialState {
            status: Status::Trained,
            step: 30,
            ..TrialState::default()
        })
        .unwrap();
        lock.set_pictures(&Pictures {
            image_shape: [1, 1, 1],
            ..Pictures::default()
        })
        .unwrap();
        lock.set_probe(&Codes::default()).unwrap();
        let csv = lock.file(TRAIN_LOG);
        let text = fs::read(&csv).unwrap();
        let done = Self {
            _folder: folder,
            lock,
            csv,
            text,
        };
        done.assert_done();
        done
    }

    fn missing(&self) -> Todo {
        self.lock
            .missing(&Requests::default(), Check::Thorough)
            .unwrap()
    }

    /// Nothing is missing, and nothing is to be said.
    fn assert_done(&self) {
        let missing = self.missing();
        assert!(missing.is_nothing(), "{missing:?}");
        assert_eq!(missing.notices, Vec::<String>::new());
    }

    fn flip(&self, index: usize) {
        let mut text = self.text.clone();
        text[index] ^= 1 << (index % 8);
        fs::write(&self.csv, text).unwrap();
    }

    fn model_bytes(&self) -> Vec<u8> {
        fs::read(self.lock.file(MODEL)).unwrap()
    }
}

#[test]
fn a_flipped_bit_in_any_byte_is_noticed_and_made_good() {
    let done = Done::new(0.1);
    let log = checkpoint(30, 0.1).log;
    for index in 0..done.text.len() {
        done.flip(index);
        let missing = done.missing();
        assert!(missing.records && !missing.model, "byte {index}");
        assert_eq!(missing.notices.len(), 1, "byte {index}");
        assert!(missing.notices[0].contains("train.csv` is damaged"));
        assert_eq!(done.lock.train_log().unwrap(), Some(log.clone()));
        assert_eq!(done.lock.restore_records().unwrap(), missing.notices);
        assert_eq!(fs::read(&done.csv).unwrap(), done.text);
        done.assert_done();
    }
}

#[test]
fn without_a_checkpoint_the_trial_stays_done_with_a_sentence() {
    let done = Done::new(0.1);
    done.lock.remove_checkpoints().unwrap();
    done.assert_done();
    for index in 0..done.text.len() {
        done.flip(index);
        let damaged = fs::read(&done.csv).unwrap();
        let missing = done.missing();
        assert!(missing.is_nothing(), "byte {index}");
        let error = done.lock.train_log().unwrap_err();
        assert!(error.is_damaged(), "byte {index}: {error}");
        assert_eq!(missing.notices, [error.to_string()]);
        assert_eq!(done.lock.restore_records().unwrap(), Vec::<String>::new());
        assert_eq!(fs::read(&done.csv).unwrap(), damaged);
    }
    let sentence = done.lock.train_log().unwrap_err().to_string();
    assert!(
        sentence.contains("train.csv") && sentence.contains("no checkpoint"),
        "{sentence}"
    );
    fs::remove_file(&done.csv).unwrap();
    done.assert_done();
    assert_eq!(done.lock.train_log().unwrap(), None);
}

#[test]
fn a_model_without_the_checksum_takes_the_curves_as_they_are() {
    let done = Done::new(0.1);
    let path = done.lock.file(MODEL);
    model().write(&path, done.lock.id(), None).unwrap();
    done.assert_done();
    let other = String::from_utf8(done.text.clone())
        .unwrap()
        .replace("0.25", "0.26");
    fs::write(&done.csv, other).unwrap();
    done.assert_done();
    let log = done.lock.train_log().unwrap().unwrap();
    assert_eq!(log.rows[0].1, [0.1, 0.26]);
    // What cannot be read as curves needs no checksum.
    fs::write(&done.csv, "half a li").unwrap();
    assert!(done.missing().records);
    done.lock.restore_records().unwrap();
    assert_eq!(fs::read(&done.csv).unwrap(), done.text);
}

#[test]
fn the_same_curves_give_the_same_model_file() {
    let (first, second, other) = (Done::new(0.1), Done::new(0.1), Done::new(0.2));
    assert_eq!(first.model_bytes(), second.model_bytes());
    assert_ne!(first.model_bytes(), other.model_bytes());
    assert_eq!(first.lock.model().unwrap(), other.lock.model().unwrap());
    // Written once more, as by a run that goes on from the last checkpoint.
    second.lock.set_checkpoint(&checkpoint(30, 0.1)).unwrap();
    second.lock.set_model(&model()).unwrap();
    assert_eq!(first.model_bytes(), second.model_bytes());
}

#[test]
fn a_bit_of_the_model_file_is_not_held_against_the_curves() {
    let done = Done::new(0.1);
    done.lock.remove_checkpoints().unwrap();
    let whole = done.model_bytes();
    for index in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[index] ^= 1 << (index % 8);
        fs::write(done.lock.file(MODEL), bytes).unwrap();
        match done.lock.train_log() {
            Ok(log) => assert!(log.is_some(), "byte {index}"),
            Err(error) => assert!(
                matches!(error, StoreError::NewerFormat { .. }),
                "byte {index}: {error}"
            ),
        }
    }
}

#[test]
fn a_training_begun_again_writes_its_curves_undisturbed() {
    let done = Done::new(0.1);
    for step in [10, 20] {
        done.lock.set_checkpoint(&checkpoint(step, 0.1)).unwrap();
        let missing = done.missing();
        assert!(missing.model && missing.notices.is_empty(), "{missing:?}");
        let log = done.lock.train_log().unwrap().unwrap();
        assert_eq!(log, checkpoint(step, 0.1).log);
        assert_eq!(done.lock.restore_records().unwrap(), Vec::<String>::new());
        assert_eq!(done.lock.train_log().unwrap(), Some(log));
    }
    // Killed between the last checkpoint and its curves: they are not damaged, they are to be written.
    let behind = fs::read(&done.csv).unwrap();
    done.lock.set_checkpoint(&checkpoint(30, 0.1)).unwrap();
    fs::write(&done.csv, behind).unwrap();
    let missing = done.missing();
    assert!(missing.records && missing.notices.is_empty(), "{missing:?}");
    assert_eq!(done.lock.restore_records().unwrap(), Vec::<String>::new());
    assert_eq!(fs::read(&done.csv).unwrap(), done.text);
    done.assert_done();
}

#[test]
fn curves_that_another_device_made_again_are_taken_with_the_next_look() {
    let done = Done::new(0.1);
    let other = checkpoint(30, 0.2);
    // Killed before it wrote the model too.
    done.lock.set_checkpoint(&other).unwrap();
    let missing = done.missing();
    assert!(missing.records && !missing.model && missing.notices.is_empty());
    assert_eq!(done.lock.train_log().unwrap(), Some(other.log.clone()));
    assert_eq!(done.lock.restore_records().unwrap(), Vec::<String>::new());
    done.assert_done();
    done.lock.remove_checkpoints().unwrap();
    done.assert_done();
    assert_eq!(done.lock.train_log().unwrap(), Some(other.log));
    assert_eq!(done.lock.model().unwrap(), Some(model()));
}

#[test]
fn a_checkpoint_of_an_earlier_step_does_not_stand_in_for_all_of_the_curves() {
    let done = Done::new(0.1);
    done.lock.set_checkpoint(&checkpoint(20, 0.1)).unwrap();
    done.lock.set_checkpoint(&checkpoint(30, 0.1)).unwrap();
    let path = done.lock.file("checkpoint.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let missing = done.missing();
    assert!(missing.checkpoint && !missing.model && !missing.records);
    assert_eq!(missing.notices.len(), 1);
    done.flip(done.text.len() - 2);
    let damaged = fs::read(&done.csv).unwrap();
    let missing = done.missing();
    assert!(!missing.model && !missing.records && missing.notices.len() == 2);
    assert!(done.lock.train_log().unwrap_err().is_damaged());
    let notices = done.lock.restore_records().unwrap();
    assert_eq!(notices, missing.notices[1..]);
    assert!(notices[0].contains("checkpoint.safetensors` is damaged"));
    assert!(!path.exists());
    assert_eq!(fs::read(&done.csv).unwrap(), damaged);
    let missing = done.missing();
    assert!(missing.is_nothing() && missing.notices.len() == 1);
    // What its sentence says helps.
    fs::remove_file(&done.csv).unwrap();
    done.assert_done();
    assert_eq!(done.lock.restore_records().unwrap(), Vec::<String>::new());
    assert!(!done.csv.exists());
}
