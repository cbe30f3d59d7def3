//! Whether `train.csv` is what was written. It is plain text, for anyone's tools, so its checksum stands in the model
//! file, which is written after it and makes the trial trained.

#[cfg(test)]
mod tests;

use crate::disk::atomic;
use crate::error::{StoreError, none_if_damaged};
use crate::files::checkpoint::Model;
use crate::files::layout::{MODEL, TRAIN_LOG};
use crate::files::train_log::TrainLog;
use crate::trial::folder::TrialFolder;
use crate::trial::writer::TrialWriter;

const MAX_BYTES: u64 = 64 << 20;
const CHANGED: &str = "it is not what it was when the model was written";

/// What a close look at `train.csv` says of it.
pub(crate) enum Curves {
    /// It is as it was written, it is not there, or a training that goes on writes it anew.
    Right,
    /// A checkpoint has what it should be. A sentence, unless it is only that a killed process had not written the last
    /// rows yet.
    Restorable {
        log: TrainLog,
        notice: Option<String>,
    },
    /// It is what the last checkpoint says, and the model file is of a training before that.
    Newer,
    /// It is damaged and nothing has its curves: not worth a training.
    Lost { notice: String },
}

/// Whether there is a checksum to go by.
enum Seal {
    Fits,
    None,
}

impl TrialFolder {
    /// `train.csv`: the training curves; when it is lost or damaged, those in the last checkpoint. Of the model file,
    /// which has its checksum, the header is read, and all of it only where that does not fit.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the checkpoint has none either, [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub fn train_log(&self) -> Result<Option<TrainLog>, StoreError> {
        let own = self.own_train_log();
        match &own {
            Ok(None) => {}
            Err(error) if error.is_damaged() => {}
            _ => return own,
        }
        match self.saved_train_log()? {
            Some(log) => Ok(Some(log)),
            None => own.map_err(|error| self.lost(error)),
        }
    }

    /// The curves in the last whole checkpoint; none in one of an earlier step than the model, which has the first part
    /// of them only, unless a training that was begun again has come so far.
    pub(crate) fn saved_train_log(&self) -> Result<Option<TrainLog>, StoreError> {
        let Some(checkpoint) = self.checkpoint()?.value else {
            return Ok(None);
        };
        let model = Model::read_step(&self.file(MODEL), self.id());
        let trained = none_if_damaged(model, &mut Vec::new())?;
        let is_behind = trained.is_some_and(|trained| checkpoint.step < trained);
        let is_of_this_training = !is_behind || self.is_retraining()?;
        Ok(is_of_this_training.then_some(checkpoint.log))
    }

    /// Looks at every byte of `train.csv`.
    ///
    /// # Errors
    /// [`StoreError::Io`], [`StoreError::NewerFormat`].
    pub(crate) fn curves(&self) -> Result<Curves, StoreError> {
        let found = match self.own_text() {
            // Reading the numbers takes ten times as long, and what fits its checksum can be read.
            Ok(Some((_, Seal::Fits))) => return Ok(Curves::Right),
            Ok(Some((text, Seal::None))) => TrainLog::from_csv(&self.file(TRAIN_LOG), &text).err(),
            Ok(None) => None,
            Err(error) => Some(error),
        };
        let error = match found {
            None => return Ok(Curves::Right),
            Some(error) if error.is_damaged() => error,
            Some(error) => return Err(error),
        };
        let model = Model::read_step(&self.file(MODEL), self.id());
        let is_trained = none_if_damaged(model, &mut Vec::new())?.is_some();
        if !is_trained || self.is_retraining()? {
            return Ok(Curves::Right);
        }
        let Some(log) = self.saved_train_log()? else {
            let notice = self.lost(error).to_string();
            return Ok(Curves::Lost { notice });
        };
        let saved = log.to_csv(&self.file(TRAIN_LOG))?;
        let text = none_if_damaged(self.text(), &mut Vec::new())?.unwrap_or_default();
        if text == saved {
            return Ok(Curves::Newer);
        }
        let is_only_behind = text.ends_with(b"\n") && saved.starts_with(&text);
        Ok(Curves::Restorable {
            log,
            notice: (!is_only_behind).then(|| error.to_string()),
        })
    }

    /// The checksum of `train.csv` as it is now, for the model file; none where there is no such file.
    ///
    /// # Errors
    /// [`StoreError::Io`].
    pub(crate) fn curves_hash(&self) -> Result<Option<String>, StoreError> {
        let text = none_if_damaged(self.text(), &mut Vec::new())?;
        Ok(text.map(|text| hash(&text)))
    }

    fn own_train_log(&self) -> Result<Option<TrainLog>, StoreError> {
        match self.own_text()? {
            Some((text, _)) => TrainLog::from_csv(&self.file(TRAIN_LOG), &text).map(Some),
            None => Ok(None),
        }
    }

    /// `train.csv` itself, held against the checksum in the model file where there is one.
    fn own_text(&self) -> Result<Option<(Vec<u8>, Seal)>, StoreError> {
        // Before the text, so that one that is written meanwhile is not held against the checksum of a later one.
        let expected = Model::read_curves_hash(&self.file(MODEL), self.id());
        let expected = none_if_damaged(expected, &mut Vec::new())?.flatten();
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        let seal = match expected {
            Some(expected) if expected == hash(&text) => Seal::Fits,
            Some(_) if self.is_model_whole()? => {
                return Err(StoreError::damaged(&self.file(TRAIN_LOG), CHANGED));
            }
            _ => Seal::None,
        };
        Ok(Some((text, seal)))
    }

    /// Whether what does not fit is not the checksum, which is in a header that was not verified.
    fn is_model_whole(&self) -> Result<bool, StoreError> {
        let model = Model::verify(&self.file(MODEL), self.id());
        Ok(none_if_damaged(model, &mut Vec::new())?.is_some())
    }

    fn text(&self) -> Result<Option<Vec<u8>>, StoreError> {
        atomic::read(&self.file(TRAIN_LOG), MAX_BYTES)
    }

    /// The same damage, with what to do about it where the trial is trained.
    fn lost(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Damaged { path, what } if self.file(MODEL).exists() => {
                let what = format!(
                    "{what}, and no checkpoint has its curves any more, so reports do not have them; delete the file to \
                     end this note, or delete the trial's folder to train it again"
                );
                StoreError::Damaged { path, what }
            }
            other => other,
        }
    }
}

impl TrialWriter {
    /// Makes `train.csv` and its checksum fit again, where that can be; returns the sentences about it.
    pub(crate) fn restore_curves(&self) -> Result<Vec<String>, StoreError> {
        let mut notices = Vec::new();
        match self.curves()? {
            Curves::Right | Curves::Lost { .. } => {}
            Curves::Restorable { log, notice } => {
                self.set_train_log(&log)?;
                notices.extend(notice);
            }
            // The same weights, with the checksum of the curves that are there now.
            Curves::Newer => {
                if let Some(model) = none_if_damaged(self.model(), &mut notices)? {
                    self.set_model(&model)?;
                }
            }
        }
        Ok(notices)
    }
}

fn hash(text: &[u8]) -> String {
    blake3::hash(text).to_hex().to_string()
}
