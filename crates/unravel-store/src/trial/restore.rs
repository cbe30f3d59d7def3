//! What can be made again of a trial's records, and what has to go.

use crate::disk::atomic;
use crate::error::{StoreError, none_if_damaged};
use crate::trial::writer::TrialWriter;

impl TrialWriter {
    /// Makes `state.json` and `train.csv` again, where they were lost or damaged, if the model or a checkpoint says what was
    /// in them; of a state, the number of attempts and the time are lost.
    /// [`TrialFolder::create`](crate::TrialFolder::create) does the same for `trial.toml`. A damaged checkpoint of a trained
    /// trial is removed.
    ///
    /// Returns a sentence for each damaged file that was met, from the taking of the lock on, but for curves that nothing
    /// can make again: of those [`TrialFolder::missing`](crate::TrialFolder::missing) tells.
    ///
    /// # Errors
    /// What any reading and writing may meet.
    pub fn restore_records(&self) -> Result<Vec<String>, StoreError> {
        let mut notices = self.notices.clone();
        if self.lacks_state(&mut Vec::new())? {
            let state = self.state()?;
            notices.extend(state.notices);
            self.set_state(&state.value)?;
        }
        if self.lacks_train_log()?
            && let Some(log) = none_if_damaged(self.train_log(), &mut notices)?
        {
            self.set_train_log(&log)?;
        }
        notices.extend(self.restore_curves()?);
        notices.extend(self.remove_damaged_checkpoints()?);
        Ok(notices)
    }

    /// Removes the damaged checkpoints of a trained trial; returns the sentences about them. One before a damaged one goes
    /// too, since it would look like a training that was begun again.
    fn remove_damaged_checkpoints(&self) -> Result<Vec<String>, StoreError> {
        let damaged = self.damaged_checkpoints()?;
        if damaged.is_empty() {
            return Ok(Vec::new());
        }
        let is_begun_again = self.is_retraining()?;
        for (name, _) in &damaged {
            atomic::remove(&self.file_to_write(name)?)?;
        }
        if !is_begun_again {
            self.remove_previous_checkpoint()?;
        }
        Ok(damaged.into_iter().map(|(_, notice)| notice).collect())
    }
}
