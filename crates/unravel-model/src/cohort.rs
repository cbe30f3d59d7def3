//! Trains a cohort, trials that differ only in seed and loss weights, as one tensor program.

mod random_draws;
mod resident;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use burn::tensor::Tensor;
use unravel_data::Dataset;
use unravel_sweep::Trial;

use random_draws::RandomDraws;
pub use resident::resident_bytes;

use crate::arrays::Arrays;
use crate::draws::Draws;
use crate::error::ModelError;
use crate::kernels::differentiable::Tracked;
use crate::kernels::{AdamStep, Kernels};
use crate::network::{Leaves, Vae, host};
use crate::objective::{self, AfterUpdate, CohortObjective, Setup, StepContext};
use crate::placement::Placement;
use crate::random::Purpose;

/// Models in training, with the state for the next step.
pub struct Cohort<B: Kernels> {
    trials: Vec<Trial>,
    step: u64,
    vae: Vae<B>,
    objective: Box<dyn CohortObjective<B>>,
    draws: Box<dyn Draws<B>>,
}

/// The random draws of a cohort, with their dataset's size and placement.
struct BatchSource<B: Kernels> {
    draws: Box<dyn Draws<B>>,
    /// Number of images of the dataset.
    n_points: usize,
    placement: Placement<B>,
}

/// The results of one forward pass.
struct Forward<B: Kernels> {
    /// The minimised loss, `[M]`.
    loss: Tracked<B, 1>,
    /// Loss, reconstruction loss, KL and the objective's own terms, `[M]` each.
    terms: Vec<Tensor<B, 1>>,
    /// `[M, latents]`.
    kl_per_code: Tensor<B, 2>,
    /// `[M, N, latents]`.
    z: Tensor<B, 3>,
}

/// The terms of one step, on the host.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTerms {
    /// Number of updates, including this one.
    pub step: u64,
    /// For each trial, one value per column of [`Cohort::term_names`].
    pub values: Vec<Vec<f32>>,
}

/// The state of one trial between two steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// Number of updates.
    pub step: u64,
    /// Weights and optimiser state.
    pub arrays: Arrays,
}

impl<B: Kernels> Cohort<B> {
    /// A cohort at step 0.
    ///
    /// # Errors
    /// Fails if there are no trials, if they cannot share a cohort, if the architecture does not accept the images, or
    /// if the objective requires more images than the dataset has.
    pub fn new(
        trials: Vec<Trial>,
        dataset: Arc<Dataset>,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        let first = check_one_cohort(&trials)?;
        let placement = Placement::single(device);
        let seeds: Vec<u64> = trials.iter().map(|trial| trial.seed).collect();
        let vae = Vae::init(&first.model, dataset.shape(), &seeds, &placement)?;
        Self::assemble(
            trials,
            0,
            vae,
            None,
            random_draws(&first, seeds, dataset, placement),
        )
    }

    /// A cohort that continues from snapshots of the same step, one per trial.
    ///
    /// # Errors
    /// As [`Self::new`]. Also fails if a snapshot does not fit the trial or the steps differ.
    pub fn resume(
        trials: Vec<Trial>,
        snapshots: &[&Snapshot],
        dataset: Arc<Dataset>,
        device: &B::Device,
    ) -> Result<Self, ModelError> {
        let first = check_one_cohort(&trials)?;
        let step = snapshots.first().map_or(0, |snapshot| snapshot.step);
        if let Some(other) = snapshots.iter().find(|snapshot| snapshot.step != step) {
            return Err(ModelError::MixedSteps {
                first: step,
                other: other.step,
            });
        }
        let placement = Placement::single(device);
        let saved: Vec<&Arrays> = snapshots.iter().map(|snapshot| &snapshot.arrays).collect();
        let vae = Vae::restore(&first.model, dataset.shape(), &saved, &placement)?;
        let seeds = trials.iter().map(|trial| trial.seed).collect();
        let draws = random_draws(&first, seeds, dataset, placement);
        Self::assemble(trials, step, vae, Some(&saved), draws)
    }

    /// Builds the objective and assembles the cohort.
    fn assemble(
        trials: Vec<Trial>,
        step: u64,
        vae: Vae<B>,
        saved: Option<&[&Arrays]>,
        source: BatchSource<B>,
    ) -> Result<Self, ModelError> {
        let objective = objective::build(&Setup {
            trials: &trials,
            saved,
            n_points: source.n_points,
            placement: &source.placement,
        })?;
        Ok(Self {
            trials,
            step,
            vae,
            objective,
            draws: source.draws,
        })
    }

    /// The trials, in the order of every result.
    pub fn trials(&self) -> &[Trial] {
        &self.trials
    }

    /// Number of updates so far.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// Names of a step's terms. Losses and KL are in nats per image, means over the batch.
    pub fn term_names(&self) -> Vec<String> {
        let shared = ["loss", "reconstruction_nats", "kl_nats"];
        let own = self.objective.term_names();
        let after_update = self.objective.term_names_after_update();
        let codes = (0..self.vae.latents()).map(|code| format!("kl_{code}"));
        shared
            .into_iter()
            .chain(own)
            .chain(after_update)
            .map(str::to_owned)
            .chain(codes)
            .collect()
    }

    /// Makes `n` updates and returns the terms of each.
    ///
    /// The terms are read from the device once, after the last update, so that the device does not wait for the host.
    /// Terms may be infinite or NaN; the caller checks them.
    pub fn train(&mut self, n: u64) -> Vec<StepTerms> {
        let (models, first) = (self.trials.len(), self.step);
        let steps: Vec<Tensor<B, 2>> = (0..n).map(|_| self.train_step()).collect();
        let Some(columns) = steps.first().map(|terms| terms.dims()[1]) else {
            return Vec::new();
        };
        let values = host(Tensor::cat(steps, 0));
        let by_step = values.chunks(models * columns).zip(first + 1..);
        by_step
            .map(|(values, step)| StepTerms {
                step,
                values: values.chunks(columns).map(<[f32]>::to_vec).collect(),
            })
            .collect()
    }

    /// The state of one trial.
    pub fn snapshot(&self, model: usize) -> Snapshot {
        let mut arrays = Arrays::new();
        self.vae.save(model, true, &mut arrays);
        self.objective.save(model, &mut arrays);
        Snapshot {
            step: self.step,
            arrays,
        }
    }

    /// The weights of one trial's encoder and decoder.
    pub fn weights(&self, model: usize) -> Arrays {
        let mut arrays = Arrays::new();
        self.vae.save(model, false, &mut arrays);
        arrays
    }

    /// Keeps the trials at these indices and drops the others.
    pub fn keep(&mut self, models: &[usize]) {
        self.vae.keep(models);
        self.objective.keep(models);
        self.trials = models.iter().map(|m| self.trials[*m].clone()).collect();
        self.draws.keep(models);
    }

    /// Makes one update of each model and returns its terms, `[M, columns]`.
    fn train_step(&mut self) -> Tensor<B, 2> {
        let (encoder, decoder) = (self.vae.encoder.leaves(true), self.vae.decoder.leaves(true));
        let Forward {
            loss,
            mut terms,
            kl_per_code,
            z,
        } = self.forward(&encoder, &decoder);

        let mut gradients = loss.sum().backward();
        let adam = self.adam_step();
        self.vae.encoder.update(encoder, &mut gradients, adam);
        self.vae.decoder.update(decoder, &mut gradients, adam);
        drop(gradients);
        let (step, draws) = (self.step, &*self.draws);
        let second_batch = || second_batch(&self.vae, draws, step);
        let after = AfterUpdate {
            step,
            z,
            draws,
            second_batch: &second_batch,
        };
        terms.extend(self.objective.after_update(&after));
        self.step += 1;

        let columns = terms.into_iter().map(|term| term.unsqueeze_dim(1));
        Tensor::cat(columns.chain([kl_per_code]).collect(), 1)
    }

    /// Computes the loss of this step's batch and its terms.
    fn forward(&self, encoder: &Leaves<B>, decoder: &Leaves<B>) -> Forward<B> {
        let images = self.draws.images(Purpose::Batch, self.step);
        let noise = self.draws.noise(Purpose::Noise, self.step);
        let posterior = self
            .vae
            .encode(encoder, Tracked::<B, 3>::from_inner(images.clone()));
        let z = posterior.sample(noise);
        let logits = self.vae.decode(decoder, z.clone());
        let reconstruction = self.vae.reconstruction_nats(logits, images);
        let kl_per_code = posterior.kl_per_code();
        let regulariser = self.objective.regulariser(&StepContext {
            step: self.step,
            posterior: &posterior,
            z: &z,
            kl_per_code: &kl_per_code,
        });
        let loss = reconstruction.clone() + regulariser.loss;

        let kl_per_code = kl_per_code.inner();
        let kl = kl_per_code.clone().sum_dim(1).squeeze_dim(1);
        let mut terms = vec![loss.clone().inner(), reconstruction.inner(), kl];
        terms.extend(regulariser.terms);
        Forward {
            loss,
            terms,
            kl_per_code,
            z: z.inner(),
        }
    }

    fn adam_step(&self) -> AdamStep {
        let training = &self.trials[0].training;
        AdamStep {
            learning_rate: training.learning_rate,
            beta1: training.adam_beta1,
            beta2: training.adam_beta2,
            epsilon: training.adam_epsilon,
            t: self.step + 1,
        }
    }
}

/// Samples codes of a second batch with the current encoder.
fn second_batch<B: Kernels>(vae: &Vae<B>, draws: &dyn Draws<B>, step: u64) -> Tensor<B, 3> {
    let images = Tracked::<B, 3>::from_inner(draws.images(Purpose::SecondBatch, step));
    let noise = draws.noise(Purpose::SecondNoise, step);
    vae.encode(&vae.encoder.leaves(false), images)
        .sample(noise)
        .inner()
}

fn random_draws<B: Kernels>(
    first: &Trial,
    seeds: Vec<u64>,
    dataset: Arc<Dataset>,
    placement: Placement<B>,
) -> BatchSource<B> {
    BatchSource {
        n_points: dataset.n_points(),
        placement: placement.clone(),
        draws: Box::new(RandomDraws::new(seeds, first, dataset, placement)),
    }
}

/// Returns the first trial if all others can share a tensor program with it.
fn check_one_cohort(trials: &[Trial]) -> Result<Trial, ModelError> {
    let first = trials.first().ok_or(ModelError::EmptyCohort)?;
    let key = first.cohort_key();
    match trials.iter().find(|trial| trial.cohort_key() != key) {
        Some(other) => Err(ModelError::MixedCohort {
            trial: other.id().to_string(),
            first: first.id().to_string(),
        }),
        None => Ok(first.clone()),
    }
}
