//! More steps: a trial that goes on from the checkpoint of one that is the same but for having fewer.
//!
//! Everything random and every schedule is keyed by the step itself, and nothing by the last step. So the first steps of
//! both are the same training, and going on gives the same bits as training at once: weights, curves and scores.

use unravel_score::{Requests, ScoreRequest};
use unravel_store::{Checkpoint, Store, StoreError, TrialWriter, none_if_damaged};
use unravel_sweep::{Trial, TrialId};

use crate::interval::Curves;

/// Gives a trial of which there is no checkpoint that of the shorter trial `from`, with the scores that `from` took on its
/// way, and returns the step. Where that cannot be, the error says why, and the trial begins anew.
///
/// # Errors
/// What reading and writing may meet.
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
        return Ok(Err(format!("{from} has no checkpoint that can be read")));
    };
    let step = checkpoint.step;
    let Some(curves) = Curves::continued(&checkpoint, shorter_steps, trial.training.steps) else {
        return Ok(Err(format!(
            "the training curves of {from} have another form"
        )));
    };
    let is_before = |score: &&ScoreRequest| score.context.step <= step;
    let on_the_way: Vec<ScoreRequest> = requests.scores.iter().filter(is_before).cloned().collect();
    for scores in on_the_way.chunk_by(|a, b| a.metric == b.metric) {
        let file = none_if_damaged(shorter.scores(&scores[0].metric), &mut Vec::new())?;
        let contexts: Vec<_> = scores.iter().map(|score| score.context.clone()).collect();
        if let Some(file) = file {
            lock.add_scores(file.part(&contexts))?;
        }
    }
    let lacking = lock.lacking(&on_the_way)?;
    if let Some(first) = lacking
        .iter()
        .map(|s| s.context.step)
        .filter(|s| *s < step)
        .min()
    {
        return Ok(Err(format!(
            "{from} lacks scores that are wanted of step {first}"
        )));
    }
    lock.set_checkpoint(&Checkpoint {
        log_sums: curves.sums(),
        log: curves.log().clone(),
        ..checkpoint
    })?;
    lock.append_log(&format!("continues trial {from} from step {step}"))?;
    Ok(Ok(step))
}
