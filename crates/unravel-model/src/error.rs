//! What can be wrong with a request to train or to load a model.

use thiserror::Error;

/// Why a model cannot be built, restored or trained.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A cohort of no trials.
    #[error("a cohort needs at least one trial")]
    EmptyCohort,
    /// Trials that cannot share a tensor program.
    #[error(
        "trial {trial} cannot train in one cohort with {first}: they differ in more than seed and weights"
    )]
    MixedCohort {
        /// The trial that does not fit.
        trial: String,
        /// The first trial of the cohort.
        first: String,
    },
    /// An image size that the architecture cannot halve four times.
    #[error(
        "architecture {architecture} requires image sizes that are multiples of 16, but the images are {height}x{width}"
    )]
    ImageSize {
        /// The architecture's name.
        architecture: &'static str,
        /// Image height in pixels.
        height: usize,
        /// Image width in pixels.
        width: usize,
    },
    /// Stratified sampling from a batch that is larger than the data.
    #[error(
        "the stratified estimator needs a batch of at most the {n_points} images of the data, not {batch}: take a smaller batch or estimator = \"weighted\""
    )]
    BatchBeyondData {
        /// Images of the batch.
        batch: usize,
        /// Images of the data.
        n_points: usize,
    },
    /// A saved array that is not there.
    #[error("the saved model has no array `{name}`")]
    MissingArray {
        /// Its name.
        name: String,
    },
    /// A saved array of another shape than the architecture wants.
    #[error(
        "the saved array `{name}` has the shape {found:?} where the architecture has {expected:?}"
    )]
    ArrayShape {
        /// Its name.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// The shape wanted.
        expected: Vec<usize>,
    },
    /// Snapshots of different steps for one cohort.
    #[error(
        "the trials of a cohort must continue from the same step, but these continue from {first} and {other}"
    )]
    MixedSteps {
        /// Step of the first snapshot.
        first: u64,
        /// A step that differs.
        other: u64,
    },
}
