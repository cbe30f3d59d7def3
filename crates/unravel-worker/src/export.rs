//! Exports a trained trial for other programs: its weights in PyTorch's layout, and its codes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use unravel_data::Dataset;
use unravel_model::Cpu;
use unravel_model::pytorch::to_pytorch;
use unravel_model::trained::{Encoding, TrainedVae};
use unravel_store::export::{CodeTable, write_weights};
use unravel_store::{Model, StoreError, TrialFolder};
use unravel_sweep::Trial;

use crate::data;
use crate::error::WorkerError;
use crate::stored_codes;

/// File with the weights under PyTorch's names.
pub const WEIGHTS: &str = "weights.safetensors";
/// File with the posterior means of all points, `[n_points, n_codes]`.
pub const CODES: &str = "codes.npy";
/// File with means, log variances and factors of all points.
pub const TABLE: &str = "codes.npz";

/// Writes a trial's weights into the existing folder `out` and, with `with_codes`, the codes of all points of its grid.
///
/// The codes come from the store if it keeps them; otherwise they are encoded. `progress` receives the number of
/// encoded points and the number of all points. Returns the paths of the files, the weights first.
///
/// # Errors
/// Fails if the trial is not trained, if the store or the data cannot be read, or if a file cannot be written.
pub fn export(
    folder: &TrialFolder,
    out: &Path,
    with_codes: bool,
    mut progress: impl FnMut(usize, usize),
) -> Result<Vec<PathBuf>, WorkerError> {
    let (trial, model) = trained(folder)?;
    let dataset = data::open(&trial.data)?;
    let image = dataset.shape();
    let exported =
        to_pytorch(&trial.model, image, &model.arrays).map_err(|source| WorkerError::Misfit {
            trial: folder.id().clone(),
            source,
        })?;
    let path = out.join(WEIGHTS);
    write_weights(&path, metadata(&trial, &model, image), &exported)?;
    let mut files = vec![path];
    if with_codes {
        let encoding = match stored_codes::read(folder, &trial, dataset.n_points())? {
            Some(stored) => stored,
            None => {
                let device = Default::default();
                let vae = TrainedVae::<Cpu>::load(&trial.model, image, &model.arrays, &device)?;
                encode(&vae, &dataset, &mut progress)
            }
        };
        let table = with_factors(encoding, &dataset);
        files.extend([CODES, TABLE].map(|name| out.join(name)));
        table.write_npy(&files[1])?;
        table.write_npz(&files[2], folder.id())?;
    }
    Ok(files)
}

/// The remedy for a damaged file of a trained trial.
const REMEDY: &str = "`unravel run` on a sweep file with this trial recreates it";

fn trained(folder: &TrialFolder) -> Result<(Trial, Model), WorkerError> {
    let trial = folder.trial().map_err(with_remedy)?;
    match (trial, folder.model().map_err(with_remedy)?) {
        (Some(trial), Some(model)) => Ok((trial, model)),
        (None, Some(_)) => Err(WorkerError::NoDescription {
            trial: folder.id().clone(),
        }),
        (trial, None) => Err(WorkerError::NotTrained {
            trial: folder.id().clone(),
            step: folder.state()?.value.step,
            steps: trial.map_or(0, |trial| trial.training.steps),
        }),
    }
}

fn with_remedy(error: StoreError) -> StoreError {
    match error {
        StoreError::Damaged { path, what } => StoreError::Damaged {
            path,
            what: format!("{what}; {REMEDY}"),
        },
        other => other,
    }
}

/// The metadata that a program requires to build the PyTorch module.
fn metadata(trial: &Trial, model: &Model, image: [usize; 3]) -> BTreeMap<&'static str, String> {
    let [height, width, channels] = image;
    BTreeMap::from([
        // The value in safetensors files for PyTorch.
        ("format", "pt".to_owned()),
        ("trial", trial.id().to_string()),
        ("setting", trial.setting().label),
        ("seed", trial.seed.to_string()),
        ("step", model.step.to_string()),
        ("architecture", trial.model.architecture.name().to_owned()),
        ("latents", trial.model.latents.to_string()),
        ("image", format!("{height}x{width}x{channels}")),
        ("likelihood", trial.model.likelihood.name().to_owned()),
    ])
}

fn encode(
    vae: &TrainedVae<Cpu>,
    dataset: &Dataset,
    progress: &mut impl FnMut(usize, usize),
) -> Encoding {
    let n_points = dataset.n_points();
    let points: Vec<usize> = (0..n_points).collect();
    progress(0, n_points);
    vae.encode(dataset, &points, |done| progress(done, n_points))
}

fn with_factors(encoding: Encoding, dataset: &Dataset) -> CodeTable {
    let (grid, space) = (dataset.grid(), dataset.grid().space());
    let mut values = vec![0; space.n_factors()];
    let mut factors = Vec::with_capacity(grid.n_points() * values.len());
    for point in 0..grid.n_points() {
        space.factors_of(point, &mut values);
        factors.extend(values.iter().map(|value| *value as i64));
    }
    CodeTable {
        n_codes: encoding.n_codes,
        z_mean: encoding.z_mean,
        z_logvar: encoding.z_logvar,
        factor_names: space.factors().iter().map(|f| f.name.clone()).collect(),
        factors,
        points: (0..grid.n_points())
            .map(|point| grid.source_index(point) as u64)
            .collect(),
    }
}
