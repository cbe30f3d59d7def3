//! Continues a trial from the checkpoint of the same trial with fewer steps.
//!
//! Random draws and schedules depend on the step, never on the number of steps. The first steps of both trials are
//! therefore identical, and continuing gives the same bits as training without interruption: weights, training log and
//! scores.

use unravel_score::{Requests, ScoreRequest};
use unravel_store::{Checkpoint, Store, StoreError, TrialWriter, none_if_damaged};
use unravel_sweep::{Trial, TrialId};

use crate::train_log::TrainLogBuilder;

/// Copies the checkpoint of the shorter trial `from` to a trial without a checkpoint, with the scores that `from` has
/// for steps up to the checkpoint. Returns the checkpoint's step.
///
/// The inner error gives the reason if `from` cannot be continued; the trial then starts at step 0.
///
/// # Errors
/// Fails if the store cannot be read or written.
pub fn adopt(
    store: &Store,
    lock: &TrialWriter,
    trial: &Trial,
    from: &TrialId,
    requests: &Requests,
) -> Result<Result<u64, String>, StoreError> {
    let shorter = store.trial(from);
    let is_shorter = none_if_damaged(shorter.is_shorter(trial), &mut Vec::new())?;
    let Some(shorter_steps) = is_shorter else {
        return Ok(Err(format!(
            "{from} is not the same trial with fewer steps"
        )));
    };
    let Some(checkpoint) = shorter.checkpoint()?.value else {
        return Ok(Err(format!("{from} has no readable checkpoint")));
    };
    let step = checkpoint.step;
    let Some(log) = TrainLogBuilder::from_shorter(&checkpoint, shorter_steps, trial.training.steps)
    else {
        return Ok(Err(format!(
            "the checkpoint of {from} lacks sums of the training log"
        )));
    };
    let is_before = |score: &&ScoreRequest| score.context.step <= step;
    let earlier: Vec<ScoreRequest> = requests.scores.iter().filter(is_before).cloned().collect();
    for scores in earlier.chunk_by(|a, b| a.metric == b.metric) {
        let file = none_if_damaged(shorter.scores(&scores[0].metric), &mut Vec::new())?;
        let contexts: Vec<_> = scores.iter().map(|score| score.context.clone()).collect();
        if let Some(file) = file {
            lock.add_scores(file.part(&contexts))?;
        }
    }
    let lacking = lock.lacking(&earlier)?;
    if let Some(first) = lacking
        .iter()
        .map(|s| s.context.step)
        .filter(|s| *s < step)
        .min()
    {
        return Ok(Err(format!(
            "{from} lacks requested scores of step {first}"
        )));
    }
    lock.set_checkpoint(&Checkpoint {
        log_sums: log.sums(),
        log: log.log().clone(),
        ..checkpoint
    })?;
    lock.append_log(&format!("continues trial {from} from step {step}"))?;
    Ok(Ok(step))
}
