//! Errors of training and of loading a model.

use thiserror::Error;

/// The reason why a model cannot be built, restored or trained.
#[derive(Debug, Error)]
pub enum ModelError {
    /// A cohort without trials.
    #[error("a cohort requires at least one trial")]
    EmptyCohort,
    /// Trials that cannot share a tensor program.
    #[error(
        "trial {trial} cannot train in one cohort with {first}: they differ in more than seed and loss weights"
    )]
    MixedCohort {
        /// The trial that does not fit.
        trial: String,
        /// The first trial of the cohort.
        first: String,
    },
    /// An image size that four halvings do not divide.
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
    /// Stratified sampling with a batch that is larger than the dataset.
    #[error(
        "the stratified estimator needs a batch of at most the {n_points} images of the data, not {batch}: \
         use a smaller batch or estimator = \"weighted\""
    )]
    BatchBeyondData {
        /// Batch size.
        batch: usize,
        /// Number of images of the dataset.
        n_points: usize,
    },
    /// A missing saved array.
    #[error("the saved model has no array `{name}`")]
    MissingArray {
        /// Its name.
        name: String,
    },
    /// A saved array with another shape than the architecture requires.
    #[error(
        "the saved array `{name}` has the shape {found:?}, but the architecture requires {expected:?}"
    )]
    ArrayShape {
        /// Its name.
        name: String,
        /// Its shape in the file.
        found: Vec<usize>,
        /// Its shape in the architecture.
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
