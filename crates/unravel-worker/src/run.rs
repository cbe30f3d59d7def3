//! An order, from locks to done.

use std::sync::Arc;

use unravel_data::Dataset;
use unravel_model::kernels::Kernels;
use unravel_score::Requests;
use unravel_store::protocol::Phase;
use unravel_store::{Check, Event, Order, Status, Store, StoreError, TrialWriter, none_if_damaged};
use unravel_sweep::{Trial, TrialId};

use crate::continuation::adopt;
use crate::data;
use crate::error::WorkerError;
use crate::evaluate::{Subject, evaluate};
use crate::refresh::Refresher;
use crate::reporter::Reporter;
use crate::resumed::Resumed;
use crate::train::{Member, Trained, fail, train};

/// How an order ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every trial is done, failed, or in another process's hands.
    Finished,
    /// It was asked to stop; everything so far is saved.
    Stopped,
}

/// Works off an order on one device.
///
/// # Errors
/// Where the order as a whole cannot go on: the store, the data, the device. A trial that fails is no error.
pub fn run<B: Kernels>(
    order: &Order,
    device: &B::Device,
    device_name: &str,
    reporter: &mut Reporter<'_>,
) -> Result<End, WorkerError> {
    reporter.phase(Phase::Preparing, None);
    let store = Store::open(&order.store)?;
    let Some(first) = order.trials.first() else {
        return Ok(End::Finished);
    };
    let dataset = data::open(&first.data)?;
    let mut members = take(&store, order, &dataset, reporter)?;
    let locks = members
        .iter()
        .map(|member| Refresher::reference(&member.lock))
        .collect();
    let _refresher = Refresher::start(locks)?;
    let to_train: Vec<Member> = members
        .extract_if(.., |member| {
            member.missing.needs_training(member.trial.training.steps)
        })
        .collect();
    let resumed = Resumed::<B>::new(&dataset, device);
    for (_, group) in resumed.by_step(to_train, reporter)? {
        let (group, checkpoints) = group.into_iter().unzip();
        let device = (device, device_name);
        let (trained, end) = train::<B>(group, checkpoints, order, &dataset, device, reporter)?;
        if end == Trained::Stopped {
            return Ok(End::Stopped);
        }
        members.extend(trained);
    }
    for mut member in members {
        if !score_one::<B>(&mut member, &dataset, device, reporter)? {
            return Ok(End::Stopped);
        }
    }
    Ok(End::Finished)
}

/// Locks the trials that are to be worked on; says so of the others.
fn take(
    store: &Store,
    order: &Order,
    dataset: &Dataset,
    reporter: &mut Reporter<'_>,
) -> Result<Vec<Member>, WorkerError> {
    let grid = dataset.grid().name();
    let mut members = Vec::new();
    for trial in &order.trials {
        let folder = store.trial(&trial.id());
        let lock = match folder.create(trial) {
            Ok(lock) => lock,
            Err(StoreError::Held { trial: _, holder }) => {
                let holder = holder.to_string();
                reporter.send(&Event::TrialHeld {
                    id: trial.id(),
                    holder,
                });
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        for notice in lock.restore_records()? {
            reporter.log(notice);
        }
        let mut state = reporter.log_notices(lock.state()?);
        if state.status == Status::Failed && !order.retry_failed {
            let reason = state.reason.unwrap_or_else(|| "failed before".to_owned());
            reporter.send(&Event::TrialFailed {
                id: trial.id(),
                reason,
            });
            continue;
        }
        let requests = order.evaluation.requests(trial, &grid, order.keep_codes);
        if let Some(from) = order.continue_from.get(&trial.id()) {
            continue_from(store, &lock, trial, from, &requests, reporter)?;
        }
        let missing = lock.missing(&requests, Check::Thorough)?;
        missing
            .notices
            .iter()
            .for_each(|notice| reporter.log(notice.clone()));
        if missing.is_nothing() {
            reporter.send(&Event::TrialDone { id: trial.id() });
            continue;
        }
        state.attempts = state.attempts.saturating_add(1);
        members.push(Member {
            trial: trial.clone(),
            lock: Arc::new(lock),
            state,
            missing,
        });
    }
    Ok(members)
}

/// Takes over the checkpoint of a shorter trial, unless there is one by now, and says what came of it.
fn continue_from(
    store: &Store,
    lock: &TrialWriter,
    trial: &Trial,
    from: &TrialId,
    requests: &Requests,
    reporter: &mut Reporter<'_>,
) -> Result<(), WorkerError> {
    if lock.checkpoint()?.value.is_some() {
        return Ok(());
    }
    let id = trial.id();
    reporter.log(match adopt(store, lock, trial, from, requests)? {
        Ok(step) => format!(
            "trial {id} continues from step {step}, the checkpoint of the shorter trial {from}"
        ),
        Err(why) => format!("trial {id} starts from step 0: {why}"),
    });
    Ok(())
}

/// Takes what is missing of a trained trial; false if asked to stop.
fn score_one<B: Kernels>(
    member: &mut Member,
    dataset: &Arc<Dataset>,
    device: &B::Device,
    reporter: &mut Reporter<'_>,
) -> Result<bool, WorkerError> {
    if reporter.is_stopping() {
        return Ok(false);
    }
    let mut notices = Vec::new();
    let Some(model) = none_if_damaged(member.lock.model(), &mut notices)? else {
        fail(member, "the final weights cannot be read back", reporter)?;
        return Ok(true);
    };
    let subject = Subject::<B> {
        trial: &member.trial,
        lock: &member.lock,
        dataset,
        weights: &model.arrays,
        step: model.step,
        device,
    };
    // Before the scores, so that a trial is done with the last of them and whoever is killed leaves it to be opened
    // again.
    member.state.status = Status::Trained;
    member.state.step = model.step;
    member.state.steps = member.trial.training.steps;
    member.state.reason = None;
    member.lock.set_state(&member.state)?;
    match evaluate(&subject, &member.missing, reporter) {
        Ok(false) => return Ok(false),
        Ok(true) => {}
        Err(error) if error.is_of_one_trial() => {
            fail(member, &error.to_string(), reporter)?;
            return Ok(true);
        }
        Err(error) => return Err(error),
    }
    reporter.send(&Event::TrialDone {
        id: member.lock.id().clone(),
    });
    Ok(true)
}
