//! What a trial costs on this machine: measured in a second, for plans.

use std::time::Instant;

use unravel_data::{Dataset, Grid};
use unravel_model::Cpu;
use unravel_model::cohort::Cohort;
use unravel_model::network::{LayerSpec, decoder_layers, discriminator_layers, encoder_layers};
use unravel_model::trained::TrainedVae;
use unravel_sweep::Trial;

use crate::data;
use crate::error::WorkerError;

/// What one worker needs for one trial, while the others are at work too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cost {
    /// Seconds for one update.
    pub step_secs: f64,
    /// Seconds to encode one image.
    pub encode_secs_per_image: f64,
}

/// Updates that are timed, after one that is not.
const N_STEPS: u64 = 3;

/// Images whose encoding is timed.
const N_IMAGES: usize = 512;

/// Trains and encodes for a moment, in as many workers side by side as there will be.
///
/// # Errors
/// Where the data cannot be opened or the network does not fit its images.
pub fn measure(trial: &Trial, grid: &Grid, n_workers: usize) -> Result<Cost, WorkerError> {
    let observations = data::open_source(&trial.data.dataset)?;
    let dataset = std::sync::Arc::new(Dataset::new(observations, grid.clone()));
    let time = || time_one(trial, &dataset);
    let costs: Vec<Result<Cost, WorkerError>> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..n_workers.max(1))
            .map(|_| scope.spawn(|| single(time)))
            .collect();
        workers
            .into_iter()
            .filter_map(|worker| worker.join().ok())
            .collect()
    });
    let costs = costs.into_iter().collect::<Result<Vec<Cost>, _>>()?;
    let mean = |of: fn(&Cost) -> f64| costs.iter().map(of).sum::<f64>() / costs.len().max(1) as f64;
    Ok(Cost {
        step_secs: mean(|cost| cost.step_secs),
        encode_secs_per_image: mean(|cost| cost.encode_secs_per_image),
    })
}

/// Runs on a thread pool of one thread, so that workers side by side do not share theirs.
fn single<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    match rayon::ThreadPoolBuilder::new().num_threads(1).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

fn time_one(trial: &Trial, dataset: &std::sync::Arc<Dataset>) -> Result<Cost, WorkerError> {
    let device = Default::default();
    let dataset = std::sync::Arc::clone(dataset);
    let mut cohort = Cohort::<Cpu>::new(vec![trial.clone()], dataset.clone(), &device)?;
    cohort.train(1);
    let began = Instant::now();
    cohort.train(N_STEPS);
    let step_secs = began.elapsed().as_secs_f64() / N_STEPS as f64;
    let weights = cohort.weights(0);
    let model = TrainedVae::<Cpu>::load(&trial.model, dataset.shape(), &weights, &device)?;
    let points: Vec<usize> = (0..N_IMAGES.min(dataset.n_points())).collect();
    let began = Instant::now();
    model.encode(&dataset, &points, |_| ());
    let encode_secs_per_image = began.elapsed().as_secs_f64() / points.len().max(1) as f64;
    Ok(Cost {
        step_secs,
        encode_secs_per_image,
    })
}

/// Roughly what one worker holds at the most, in bytes: parameters with gradient and moments, the activations of a
/// batch with their gradients, and the table of codes that scores read.
///
/// # Errors
/// Where the network does not fit the data's images.
pub fn memory_bytes(trial: &Trial, grid: &Grid, models: usize) -> Result<u64, WorkerError> {
    /// The program itself, its threads' buffers, and what the allocator keeps.
    const BASE: usize = 64 << 20;
    const FLOAT: usize = size_of::<f32>();
    let image = data::open_source(&trial.data.dataset)?.shape();
    let latents = trial.model.latents;
    let mut layers = encoder_layers(trial.model.architecture, image, latents)?;
    layers.extend(decoder_layers(trial.model.architecture, image, latents)?);
    if let Some(discriminator) = trial.objective.discriminator() {
        layers.extend(discriminator_layers(
            latents,
            discriminator.layers,
            discriminator.units,
        ));
    }
    let parameters: usize = layers.iter().map(|l| l.weight_len() + l.channels).sum();
    let activations: usize = layers.iter().map(|layer: &LayerSpec| layer.outputs).sum();
    let batch = trial.training.batch_size;
    // The density of every code of a batch under the posterior of every image, with what its gradient needs.
    let pairs = trial
        .objective
        .estimator()
        .map_or(0, |_| 10 * batch * batch * latents);
    let training = models * (4 * parameters + 2 * activations * batch + pairs);
    let table = 4 * grid.n_points() * latents;
    Ok((BASE + FLOAT * training.max(table)) as u64)
}
