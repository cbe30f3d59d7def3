//! Opens the observations that a trial's `[data]` table names.

use std::collections::BTreeMap;
use std::sync::Arc;

use unravel_data::{Dataset, Dsprites, DspritesVariant, Grid, NpzObservations, Observations};
use unravel_model::network::encoder_layers;
use unravel_model::objective::check_batch;
use unravel_sweep::{DataConfig, DatasetSource, Trial};

use crate::error::WorkerError;

/// Opens the observations of a dataset.
///
/// # Errors
/// Fails if an npz file cannot be read or is not a complete factor grid.
pub fn open_source(source: &DatasetSource) -> Result<Arc<dyn Observations>, WorkerError> {
    Ok(match source {
        DatasetSource::Dsprites => Arc::new(Dsprites::new()),
        DatasetSource::DspritesColor => Arc::new(DspritesVariant::color()),
        DatasetSource::DspritesNoisy => Arc::new(DspritesVariant::noisy()),
        DatasetSource::Npz { path } => Arc::new(NpzObservations::open(path)?),
    })
}

/// The part of the observations' grid that `keep` selects.
///
/// # Errors
/// Fails if `keep` names an unknown factor or more values than the factor has.
pub fn grid(
    observations: &dyn Observations,
    keep: &BTreeMap<String, usize>,
) -> Result<Grid, WorkerError> {
    Ok(Grid::keep(observations.space().clone(), keep)?)
}

/// Checks, before training, that a trial's network accepts images of the shape `[height, width, channels]` and that its
/// objective accepts a dataset of `n_points` images.
///
/// # Errors
/// Fails if the architecture does not accept the shape, or if the objective requires more images.
pub fn check_fit(trial: &Trial, image: [usize; 3], n_points: usize) -> Result<(), WorkerError> {
    encoder_layers(trial.model.architecture, image, trial.model.latents)?;
    check_batch(trial, n_points)?;
    Ok(())
}

/// Opens the dataset of a trial.
///
/// # Errors
/// As [`open_source`] and [`grid`]. Also fails if the observations' content differs from the one at planning.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_datasets_have_the_factors_that_sweep_files_are_checked_against() {
        for name in DatasetSource::names() {
            let source = DatasetSource::from_name(name).unwrap();
            let observations = open_source(&source).unwrap();
            let factors = observations.space().factors().iter();
            let factors: Vec<_> = factors
                .map(|factor| (factor.name.as_str(), factor.size))
                .collect();
            assert_eq!(source.factors().unwrap(), factors, "{name}");
        }
    }
}
