//! Training a cohort, with checkpoints, curves, and the trials that diverge taken out.

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
use crate::interval::Curves;
use crate::reporter::Reporter;

/// Weight of the newest measurement in the moving rate of images.
const RATE_WEIGHT: f64 = 0.2;

/// One trial on its way.
pub struct Member {
    pub trial: Trial,
    pub lock: Arc<TrialWriter>,
    pub state: TrialState,
    pub missing: Todo,
}

/// Whether a cohort came to its last step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trained {
    /// Yes; its trials are trained.
    Finished,
    /// It was asked to stop; everything so far is saved.
    Stopped,
}

/// A cohort in training.
struct Training<'a, B: Kernels> {
    cohort: Cohort<B>,
    members: Vec<Member>,
    curves: Vec<Curves>,
    order: &'a Order,
    dataset: &'a Arc<Dataset>,
    device: &'a B::Device,
    device_name: &'a str,
    images_per_sec: Option<f64>,
    /// Last time that the elapsed time was added to the trials' states.
    clock: Instant,
    last_saved: Instant,
}

/// Trains members that are all at the same step; returns those that did not fail.
pub fn train<B: Kernels>(
    members: Vec<Member>,
    checkpoints: Vec<Option<Checkpoint>>,
    order: &Order,
    dataset: &Arc<Dataset>,
    (device, device_name): (&B::Device, &str),
    reporter: &mut Reporter<'_>,
) -> Result<(Vec<Member>, Trained), WorkerError> {
    reporter.phase(Phase::Training, None);
    let (cohort, curves) = prepare::<B>(&members, checkpoints, dataset, device)?;
    let now = Instant::now();
    let mut training = Training {
        cohort,
        members,
        curves,
        order,
        dataset,
        device,
        device_name,
        images_per_sec: None,
        clock: now,
        last_saved: now,
    };
    let end = training.run(reporter)?;
    Ok((training.members, end))
}

/// The cohort at its checkpoints, or at the start.
fn prepare<B: Kernels>(
    members: &[Member],
    checkpoints: Vec<Option<Checkpoint>>,
    dataset: &Arc<Dataset>,
    device: &B::Device,
) -> Result<(Cohort<B>, Vec<Curves>), WorkerError> {
    let trials: Vec<Trial> = members.iter().map(|member| member.trial.clone()).collect();
    let steps = trials[0].training.steps;
    let checkpoints: Option<Vec<Checkpoint>> = checkpoints.into_iter().collect();
    let Some(mut checkpoints) = checkpoints else {
        let cohort = Cohort::new(trials, Arc::clone(dataset), device)?;
        let curves = Curves::new(&cohort.term_names(), steps);
        let curves = vec![curves; cohort.trials().len()];
        return Ok((cohort, curves));
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
    let fresh = || Curves::new(&names, steps);
    let resume = |c| Curves::resume(c, &names, steps).unwrap_or_else(fresh);
    let curves = checkpoints.iter().map(resume).collect();
    Ok((cohort, curves))
}

impl<B: Kernels> Training<'_, B> {
    fn run(&mut self, reporter: &mut Reporter<'_>) -> Result<Trained, WorkerError> {
        let steps = self.cohort.trials()[0].training.steps;
        self.set_states(Status::Training)?;
        self.log_beginning()?;
        while self.cohort.step() < steps {
            if reporter.is_stopping() {
                self.save(reporter)?;
                return Ok(Trained::Stopped);
            }
            self.score_on_the_way(reporter)?;
            if reporter.is_stopping() {
                continue;
            }
            if !self.members.is_empty() {
                self.step(reporter)?;
            }
            if self.members.is_empty() {
                return Ok(Trained::Finished);
            }
            reporter.progress(self.cohort.step(), steps, self.images_per_sec);
            let is_due =
                self.order.checkpoint_every_secs <= self.last_saved.elapsed().as_secs_f64();
            if is_due && self.cohort.step() < steps {
                self.save(reporter)?;
            }
        }
        self.finish(reporter)?;
        Ok(Trained::Finished)
    }

    /// Who trains from where, into the trials' logs.
    fn log_beginning(&self) -> Result<(), WorkerError> {
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

    /// One update, its terms into the curves, and out with what diverged.
    fn step(&mut self, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
        let began = Instant::now();
        let records = self.cohort.train(self.steps_at_a_time());
        let batch_size = self.cohort.trials()[0].training.batch_size;
        let images = records.len() * batch_size * self.members.len();
        let rate = images as f64 / began.elapsed().as_secs_f64().max(1e-9);
        let moved = |old: f64| old + RATE_WEIGHT * (rate - old);
        self.images_per_sec = Some(self.images_per_sec.map_or(rate, moved));
        let mut reasons = vec![None; self.members.len()];
        for record in &records {
            for (m, reason) in reasons.iter_mut().enumerate() {
                if reason.is_none() {
                    self.curves[m].push(record, m);
                    *reason = self.divergence(record, m);
                }
            }
        }
        self.take_out(&reasons, reporter)
    }

    /// As many updates as the device makes without a look, but none past a step that is to be scored.
    fn steps_at_a_time(&self) -> u64 {
        let step = self.cohort.step();
        let wanted = self
            .members
            .iter()
            .flat_map(|member| &member.missing.scores);
        let stops = wanted
            .map(|wanted| wanted.context.step)
            .filter(|stop| step < *stop);
        let last = self.cohort.trials()[0].training.steps;
        let next = stops.chain([last]).min().unwrap_or(last);
        B::STEPS_PER_READ.min(next - step)
    }

    /// The step and the term of a trial that is not a finite number, if there is one.
    fn divergence(&self, record: &StepTerms, m: usize) -> Option<String> {
        let terms = &record.values[m];
        // The loss, which comes first, is the sum of others: it is named where all of those are finite.
        let mut order = (1..terms.len()).chain([0]);
        let at = order.find(|at| !terms[*at].is_finite())?;
        let name = &self.cohort.term_names()[at];
        let value = terms[at];
        Some(format!(
            "diverged: {name} is {value} at step {}",
            record.step
        ))
    }

    /// The trials that have a reason fail with it; the others go on.
    fn take_out(
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
        let mut stays = reasons.iter().map(Option::is_none);
        self.members.retain(|_| stays.next().unwrap_or(true));
        let mut stays = reasons.iter().map(Option::is_none);
        self.curves.retain(|_| stays.next().unwrap_or(true));
        Ok(())
    }

    /// Scores that are wanted at just this step, before the last.
    fn score_on_the_way(&mut self, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
        let step = self.cohort.step();
        let mut reasons = vec![None; self.members.len()];
        for (m, reason) in reasons.iter_mut().enumerate() {
            let member = &self.members[m];
            let is_now = |wanted: &&ScoreRequest| wanted.context.step == step;
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
                    scores.retain(|wanted| wanted.context.step != step);
                }
                Ok(false) => return Ok(()),
                Err(error) if error.is_of_one_trial() => *reason = Some(error.to_string()),
                Err(error) => return Err(error),
            }
            reporter.phase(Phase::Training, None);
        }
        self.take_out(&reasons, reporter)
    }

    /// A checkpoint of every trial.
    fn save(&mut self, reporter: &mut Reporter<'_>) -> Result<(), WorkerError> {
        for (m, member) in self.members.iter().enumerate() {
            let snapshot = self.cohort.snapshot(m);
            member.lock.set_checkpoint(&Checkpoint {
                step: snapshot.step,
                arrays: snapshot.arrays,
                log_sums: self.curves[m].sums(),
                log: self.curves[m].log().clone(),
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

    /// The final weights of every trial.
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

    /// Where every trial stands, with the time since the last such note.
    fn set_states(&mut self, status: Status) -> Result<(), WorkerError> {
        let elapsed_secs = self.clock.elapsed().as_secs_f64();
        self.clock = Instant::now();
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

/// What trains here: `unravel 0.1.0 with Burn 0.21.0`.
fn program() -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("unravel {version} with Burn {BURN_VERSION}")
}

/// Writes down that a trial failed, and says so.
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
