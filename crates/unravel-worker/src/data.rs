//! From a trial's `[data]` to observations.

use std::collections::BTreeMap;
use std::sync::Arc;

use unravel_data::{Dataset, Dsprites, DspritesVariant, Grid, NpzObservations, Observations};
use unravel_model::network::encoder_layers;
use unravel_model::objective::check_batch;
use unravel_sweep::{DataConfig, DatasetSource, Trial};

use crate::error::WorkerError;

/// The observations of a source.
///
/// # Errors
/// Where an npz cannot be read or is no complete factor grid.
pub fn open_source(source: &DatasetSource) -> Result<Arc<dyn Observations>, WorkerError> {
    Ok(match source {
        DatasetSource::Dsprites => Arc::new(Dsprites::new()),
        DatasetSource::DspritesColor => Arc::new(DspritesVariant::color()),
        DatasetSource::DspritesNoisy => Arc::new(DspritesVariant::noisy()),
        DatasetSource::Npz { path } => Arc::new(NpzObservations::open(path)?),
    })
}

/// The grid that a sweep lives on.
///
/// # Errors
/// Where `keep` names no factor of the observations, or more values than it has.
pub fn grid(
    observations: &dyn Observations,
    keep: &BTreeMap<String, usize>,
) -> Result<Grid, WorkerError> {
    Ok(Grid::keep(observations.space().clone(), keep)?)
}

/// Checks that a trial's network can take images of this shape, `[height, width, channels]`, and its objective so many
/// of them, before anything is trained.
///
/// # Errors
/// Where it cannot.
pub fn check_fit(trial: &Trial, image: [usize; 3], n_points: usize) -> Result<(), WorkerError> {
    encoder_layers(trial.model.architecture, image, trial.model.latents)?;
    check_batch(trial, n_points)?;
    Ok(())
}

/// The data of a trial.
///
/// # Errors
/// As [`open_source`] and [`grid`], and where the content is not the one that the trial was planned with.
pub(crate) fn open(config: &DataConfig) -> Result<Arc<Dataset>, WorkerError> {
    let observations = open_source(&config.dataset)?;
    if observations.content() != config.content {
        return Err(WorkerError::DataChanged {
            planned: config.content.clone(),
            found: observations.content().to_owned(),
        });
    }
    let grid = grid(observations.as_ref(), &config.keep)?;
    Ok(Arc::new(Dataset::new(observations, grid)))
}
