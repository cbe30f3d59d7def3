//! Trains a cohort, saves checkpoints and training logs, and removes trials that diverge.

use std::sync::Arc;
use std::time::Instant;

use unravel_data::Dataset;
use unravel_model::BURN_VERSION;
use unravel_model::cohort::{Cohort, Snapshot, StepTerms};
use unravel_model::kernels::Kernels;
use unravel_score::ScoreRequest;
use unravel_store::protocol::Phase;
use unravel_store::{Checkpoint, Event, Model, Order, Status, Todo, TrialState, TrialWriter};
use unravel_sweep::Trial;

use crate::error::WorkerError;
use crate::evaluate::{Subject, evaluate};
use crate::reporter::Reporter;
use crate::train_log::TrainLogBuilder;

/// Weight of the latest measurement in the moving average of images per second.
const RATE_WEIGHT: f64 = 0.2;

/// A trial that this worker has locked.
pub struct Member {
    pub trial: Trial,
    pub lock: Arc<TrialWriter>,
    pub state: TrialState,
    pub missing: Todo,
}

/// How an order, or the training of a cohort, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing is left to do: each trial is done, has failed, or is locked by another process.
    Finished,
    /// The worker was told to stop, and saved its state.
    Stopped,
}

/// A cohort in training.
struct Training<'a, B: Kernels> {
    cohort: Cohort<B>,
    members: Vec<Member>,
    logs: Vec<TrainLogBuilder>,
    order: &'a Order,
    dataset: &'a Arc<Dataset>,
    device: &'a B::Device,
    device_name: &'a str,
    images_per_sec: Option<f64>,
    /// When the elapsed time was last added to the trials' states.
    last_state: Instant,
    last_saved: Instant,
}

/// Trains members that are all at the same step. Returns those that did not fail.
pub fn train<B: Kernels>(
    members: Vec<Member>,
    checkpoints: Vec<Option<Checkpoint>>,
    order: &Order,
    dataset: &Arc<Dataset>,
    device: &B::Device,
    device_name: &str,
    reporter: &mut Reporter<'_>,
) -> Result<(Vec<Member>, End), WorkerError> {
    reporter.phase(Phase::Training, None);
    let (cohort, logs) = prepare::<B>(&members, checkpoints, dataset, device)?;
    let now = Instant::now();
    let mut training = Training {
        cohort,
        members,
        logs,
        order,
        dataset,
        device,
        device_name,
        images_per_sec: None,
        last_state: now,
        last_saved: now,
    };
    let end = training.run(reporter)?;
    Ok((training.members, end))
}

/// Builds the cohort and its training logs from the checkpoints. Without a checkpoint for each member, it is at step 0.
fn prepare<B: Kernels>(
    members: &[Member],
    checkpoints: Vec<Option<Checkpoint>>,
    dataset: &Arc<Dataset>,
    device: &B::Device,
) -> Result<(Cohort<B>, Vec<TrainLogBuilder>), WorkerError> {
    let trials: Vec<Trial> = members.iter().map(|member| member.trial.clone()).collect();
    let steps = trials[0].training.steps;
    let checkpoints: Option<Vec<Checkpoint>> = checkpoints.into_iter().collect();
    let Some(mut checkpoints) = checkpoints else {
        let cohort = Cohort::new(trials, Arc::clone(dataset), device)?;
        let log = TrainLogBuilder::new(&cohort.term_names(), steps);
        let logs = vec![log; cohort.trials().len()];
        return Ok((cohort, logs));
    };
    let snapshots: Vec<Snapshot> = checkpoints
        .iter_mut()
        .map(|c| Snapshot {
            step: c.step,
            arrays: std::mem::take(&mut c.arrays),
        })
        .collect();
    let snapshots: Vec<&Snapshot> = snapshots.iter().collect();
    let cohort = Cohort::resume(trials, &snapshots, Arc::clone(dataset), device)?;
    let names = cohort.term_names();
    let empty = || TrainLogBuilder::new(&names, steps);
    let resume = |c| TrainLogBuilder::resume(c, &names, steps).unwrap_or_else(empty);
    let logs = checkpoints.iter().map(resume).collect();
    Ok((cohort, logs))
}

impl<B: Kernels> Training<'_, B> {
    fn run(&mut self, reporter: &mut Reporter<'_>) -> Result<End, WorkerError> {
        let steps = self.cohort.trials()[0].training.steps;
        self.set_states(Status::Training)?;
        self.log_start()?;
        while self.cohort.step() < steps {
            if reporter.is_stopping() {
                self.save(reporter)?;
                return Ok(End::Stopped);
            }
            self.score_current_step(reporter)?;
            if reporter.is_stopping() {
                continue;
            }
            if !self.members.is_empty() {
                self.step(reporter)?;
            }
            if self.members.is_empty() {
                return Ok(End::Finished);
            }
            reporter.progress(self.cohort.step(), steps, self.images_per_sec);
            let since_saved = self.last_saved.elapsed().as_secs_f64();
            let is_due = since_saved >= self.order.checkpoint_every_secs;
            if is_due && self.cohort.step() < steps {
                self.save(reporter)?;
            }
        }
        self.finish(reporter)?;
        Ok(End::Finished)
    }

    /// Appends the attempt, its first step, the device and the process to the trials' logs.
    fn log_start(&self) -> Result<(), WorkerError> {
        let step = self.cohort.step();
        let process = std::process::id();
        for member in &self.members {
            let attempt = member.state.attempts;
            let line = format!(
                "attempt {attempt}: trains from step {step} on {}, process {process}",
                self.device_name
            );
            member.lock.append_log(&line)?;
        }
        Ok(())
    }

    /// Makes a few updates, logs their terms, and removes the trials that diverged.
    fn step(&mut self, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
        let began = Instant::now();
        let records = self.cohort.train(self.n_steps());
        let batch_size = self.cohort.trials()[0].training.batch_size;
        let images = records.len() * batch_size * self.members.len();
        let rate = images as f64 / began.elapsed().as_secs_f64().max(1e-9);
        let moved = |old: f64| old + RATE_WEIGHT * (rate - old);
        self.images_per_sec = Some(self.images_per_sec.map_or(rate, moved));
        let mut reasons = vec![None; self.members.len()];
        for record in &records {
            for (m, reason) in reasons.iter_mut().enumerate() {
                if reason.is_none() {
                    self.logs[m].push(record, m);
                    *reason = self.divergence(record, m);
                }
            }
        }
        self.remove_failed(&reasons, reporter)
    }

    /// The number of updates until the terms are read next. It does not pass a step that is to be scored.
    fn n_steps(&self) -> u64 {
        let step = self.cohort.step();
        let requests = self
            .members
            .iter()
            .flat_map(|member| &member.missing.scores);
        let stops = requests
            .map(|request| request.context.step)
            .filter(|stop| *stop > step);
        let last = self.cohort.trials()[0].training.steps;
        let next = stops.chain([last]).min().unwrap_or(last);
        B::STEPS_PER_READ.min(next - step)
    }

    /// Returns a message with the step and the term if a term of trial `m` is not finite.
    fn divergence(&self, record: &StepTerms, m: usize) -> Option<String> {
        let terms = &record.values[m];
        // The loss is the first term and the sum of others. It is reported only if all others are finite.
        let mut order = (1..terms.len()).chain([0]);
        let at = order.find(|at| !terms[*at].is_finite())?;
        let name = &self.cohort.term_names()[at];
        let value = terms[at];
        Some(format!(
            "diverged: {name} is {value} at step {}",
            record.step
        ))
    }

    /// Marks the trials that have a reason as failed and removes them. The others continue.
    fn remove_failed(
        &mut self,
        reasons: &[Option<String>],
        reporter: &mut Reporter<'_>,
    ) -> Result<(), WorkerError> {
        if reasons.iter().all(Option::is_none) {
            return Ok(());
        }
        for (member, reason) in self.members.iter_mut().zip(reasons) {
            if let Some(reason) = reason {
                fail(member, reason, reporter)?;
            }
        }
        let kept: Vec<usize> = (0..reasons.len())
            .filter(|m| reasons[*m].is_none())
            .collect();
        if !kept.is_empty() {
            self.cohort.keep(&kept);
        }
        let mut is_kept = reasons.iter().map(Option::is_none);
        self.members.retain(|_| is_kept.next().unwrap_or(true));
        let mut is_kept = reasons.iter().map(Option::is_none);
        self.logs.retain(|_| is_kept.next().unwrap_or(true));
        Ok(())
    }

    /// Computes the scores that are requested for the current step, which is before the last one.
    fn score_current_step(&mut self, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
        let step = self.cohort.step();
        let mut reasons = vec![None; self.members.len()];
        for (m, reason) in reasons.iter_mut().enumerate() {
            let member = &self.members[m];
            let is_now = |request: &&ScoreRequest| request.context.step == step;
            let scores: Vec<_> = member
                .missing
                .scores
                .iter()
                .filter(is_now)
                .cloned()
                .collect();
            if scores.is_empty() {
                continue;
            }
            let missing = Todo {
                scores,
                ..Todo::default()
            };
            let subject = Subject::<B> {
                trial: &member.trial,
                lock: &member.lock,
                dataset: self.dataset,
                weights: &self.cohort.weights(m),
                step,
                device: self.device,
            };
            match evaluate(&subject, &missing, reporter) {
                Ok(true) => {
                    let scores = &mut self.members[m].missing.scores;
                    scores.retain(|request| request.context.step != step);
                }
                Ok(false) => return Ok(()),
                Err(error) if error.is_of_one_trial() => *reason = Some(error.to_string()),
                Err(error) => return Err(error),
            }
            reporter.phase(Phase::Training, None);
        }
        self.remove_failed(&reasons, reporter)
    }

    /// Saves a checkpoint of every trial.
    fn save(&mut self, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
        for (m, member) in self.members.iter().enumerate() {
            let snapshot = self.cohort.snapshot(m);
            member.lock.set_checkpoint(&Checkpoint {
                step: snapshot.step,
                arrays: snapshot.arrays,
                log_sums: self.logs[m].sums(),
                log: self.logs[m].log().clone(),
            })?;
            reporter.alive();
        }
        self.set_states(Status::Training)?;
        self.last_saved = Instant::now();
        reporter.send(&Event::Saved {
            step: self.cohort.step(),
        });
        Ok(())
    }

    /// Saves the final weights of every trial.
    fn finish(&mut self, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
        self.save(reporter)?;
        for (m, member) in self.members.iter_mut().enumerate() {
            let arrays = self.cohort.weights(m);
            member.lock.set_model(&Model {
                step: self.cohort.step(),
                arrays,
            })?;
            member.lock.remove_previous_checkpoint()?;
            member.missing.model = false;
            reporter.alive();
        }
        self.set_states(Status::Trained)
    }

    /// Writes every trial's state, with the time since the previous call added to its elapsed time.
    fn set_states(&mut self, status: Status) -> Result<(), WorkerError> {
        let elapsed_secs = self.last_state.elapsed().as_secs_f64();
        self.last_state = Instant::now();
        for member in &mut self.members {
            let state = &mut member.state;
            state.status = status;
            state.step = self.cohort.step();
            state.steps = member.trial.training.steps;
            state.elapsed_secs += elapsed_secs;
            state.device = Some(self.device_name.to_owned());
            state.program = Some(program());
            state.reason = None;
            member.lock.set_state(state)?;
        }
        Ok(())
    }
}

/// The program and its version, such as `unravel 0.1.0 with Burn 0.21.0`.
fn program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("unravel {version} with Burn {BURN_VERSION}")
}

/// Records that a trial failed, and sends the event.
pub fn fail(
    member: &mut Member,
    reason: &str,
    reporter: &mut Reporter<'_>,
) -> Result<(), WorkerError> {
    member.state.status = Status::Failed;
    member.state.reason = Some(reason.to_owned());
    member.lock.set_state(&member.state)?;
    member.lock.append_log(reason)?;
    let id = member.lock.id().clone();
    reporter.send(&Event::TrialFailed {
        id,
        reason: reason.to_owned(),
    });
    Ok(())
}
