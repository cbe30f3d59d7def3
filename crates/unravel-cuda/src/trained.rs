//! Training without a store, on any device: to compare devices, and to time them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use unravel_data::Dataset;
use unravel_model::arrays::Arrays;
use unravel_model::cohort::Cohort;
use unravel_model::error::ModelError;
use unravel_model::kernels::Kernels;
use unravel_model::trained::{Encoding, TrainedVae};
use unravel_sweep::Trial;

/// The first steps of a trial.
#[derive(Clone, Debug)]
pub struct FirstSteps {
    /// The loss of every step, in nats per image.
    pub losses: Vec<f32>,
    /// The weights after them.
    pub weights: Arrays,
}

/// How fast a cohort trains.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Updates that were timed.
    pub steps: u64,
    /// Seconds that they took.
    pub elapsed_secs: f64,
}

/// Trains a trial alone for so many steps.
///
/// # Errors
/// Where its network does not take the images.
pub fn first_steps<B: Kernels>(
    trial: &Trial,
    dataset: &Arc<Dataset>,
    device: &B::Device,
    steps: u64,
) -> Result<FirstSteps, ModelError> {
    let mut cohort = Cohort::<B>::new(vec![trial.clone()], Arc::clone(dataset), device)?;
    let records = cohort.train(steps);
    Ok(FirstSteps {
        losses: records.iter().map(|record| record.values[0][0]).collect(),
        weights: cohort.weights(0),
    })
}

/// Codes of every image.
///
/// # Errors
/// Where the weights are not those of the trial's network.
pub fn codes<B: Kernels>(
    trial: &Trial,
    dataset: &Dataset,
    weights: &Arrays,
    device: &B::Device,
) -> Result<Encoding, ModelError> {
    let model = TrainedVae::<B>::load(&trial.model, dataset.shape(), weights, device)?;
    let points: Vec<usize> = (0..dataset.n_points()).collect();
    Ok(model.encode(dataset, &points, |_| ()))
}

/// Trains a cohort for at least so long, once its kernels are compiled and tuned.
///
/// # Errors
/// Where the trials are no cohort.
pub fn pace<B: Kernels>(
    trials: Vec<Trial>,
    dataset: &Arc<Dataset>,
    device: &B::Device,
    at_least: Duration,
) -> Result<Pace, ModelError> {
    let mut cohort = Cohort::<B>::new(trials, Arc::clone(dataset), device)?;
    cohort.train(WARM_UP_STEPS);
    let (began, mut steps) = (Instant::now(), 0);
    while began.elapsed() < at_least {
        // Reads the losses at the end, and so waits for the device.
        steps += cohort.train(B::STEPS_PER_READ).len() as u64;
    }
    Ok(Pace {
        steps,
        elapsed_secs: began.elapsed().as_secs_f64(),
    })
}

/// Updates before the clock starts.
const WARM_UP_STEPS: u64 = 20;
