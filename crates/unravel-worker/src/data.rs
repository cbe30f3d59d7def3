//! From a trial's `[data]` to observations.

use std::collections::BTreeMap;
use std::sync::Arc;

use unravel_data::{Dataset, Dsprites, Grid, NpzObservations, Observations};
use unravel_model::network::encoder_layers;
use unravel_sweep::{DataConfig, DatasetSource, ModelConfig};

use crate::error::WorkerError;

/// The observations of a source.
///
/// # Errors
/// Where an npz cannot be read or is no complete factor grid.
pub fn open_source(source: &DatasetSource) -> Result<Arc<dyn Observations>, WorkerError> {
    Ok(match source {
        DatasetSource::Dsprites => Arc::new(Dsprites::new()),
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

/// Checks that a network can take images of this shape, `[height, width, channels]`, before anything is trained.
///
/// # Errors
/// Where it cannot.
pub fn check_fit(model: &ModelConfig, image: [usize; 3]) -> Result<(), WorkerError> {
    encoder_layers(model.architecture, image, model.latents)?;
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
