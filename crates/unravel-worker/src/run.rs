//! Executes an order: locks its trials, trains them, computes their scores.

use std::sync::Arc;

use unravel_data::Dataset;
use unravel_model::kernels::Kernels;
use unravel_score::Requests;
use unravel_store::protocol::Phase;
use unravel_store::{Check, Event, Order, Status, Store, StoreError, TrialWriter, none_if_damaged};
use unravel_sweep::{Trial, TrialId};

use crate::checkpoints::CheckpointLoader;
use crate::continuation::adopt;
use crate::data;
use crate::error::WorkerError;
use crate::evaluate::{Subject, evaluate};
use crate::refresh::Refresher;
use crate::reporter::Reporter;
use crate::train::{End, Member, fail, train};

/// Executes an order on one device.
///
/// # Errors
/// Fails if the order as a whole cannot continue, because of the store, the data or the device. A trial that fails is
/// not an error.
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
    let mut members = lock_members(&store, order, &dataset, reporter)?;
    let locks = members
        .iter()
        .map(|member| Arc::downgrade(&member.lock))
        .collect();
    let _refresher = Refresher::start(locks)?;
    let to_train: Vec<Member> = members
        .extract_if(.., |member| {
            member.missing.needs_training(member.trial.training.steps)
        })
        .collect();
    let checkpoints = CheckpointLoader::<B>::new(&dataset, device);
    for (_, group) in checkpoints.group_by_step(to_train, reporter)? {
        let (group, checkpoints) = group.into_iter().unzip();
        let (trained, end) = train::<B>(
            group,
            checkpoints,
            order,
            &dataset,
            device,
            device_name,
            reporter,
        )?;
        if end == End::Stopped {
            return Ok(End::Stopped);
        }
        members.extend(trained);
    }
    for mut member in members {
        if !evaluate_member::<B>(&mut member, &dataset, device, reporter)? {
            return Ok(End::Stopped);
        }
    }
    Ok(End::Finished)
}

/// Locks the trials that have something missing. Sends an event for each of the others.
fn lock_members(
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

/// Copies the checkpoint of the shorter trial `from` if the trial has none, and logs the result.
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

/// Computes what a trained trial lacks. Returns false if the worker is to stop.
fn evaluate_member<B: Kernels>(
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
        fail(member, "the final weights cannot be read", reporter)?;
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
    // The state is written before the scores: the last score completes the trial, and a killed worker leaves it
    // incomplete.
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
