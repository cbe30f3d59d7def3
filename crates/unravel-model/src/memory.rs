//! Estimates the memory of training on a device, tensor by tensor, for plans and for the size of cohorts.
//!
//! The estimate is the sum of all tensors that exist at the peak of a step, in single precision. It is computed, not
//! measured. The caller adds what its allocator retains.

use unravel_sweep::Trial;

use crate::error::ModelError;
use crate::kernels::LayerKind;
use crate::network::{LayerSpec, decoder_layers, discriminator_layers, encoder_layers};

/// Bytes of a value.
const FLOAT: u64 = size_of::<f32>() as u64;

/// Number of images that are encoded together after training; see [`TrainedVae`](crate::trained::TrainedVae).
const ENCODED: u64 = crate::trained::BATCH as u64;

/// The method that a device uses for convolutions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Convolutions {
    /// Image by image, in one buffer per thread. The memory does not depend on the size of the cohort.
    ImageByImage,
    /// The patches of a whole batch are copied into a matrix, which exists twice during the gather.
    Unfolded,
}

/// Memory of a cohort in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CohortMemory {
    /// Per model: the parameters of all networks.
    pub parameters: u64,
    /// Per model: Adam's two moments of each parameter.
    pub moments: u64,
    /// Per model: the gradients of the parameters in one update.
    pub gradients: u64,
    /// Per model: images and activations, which the backward pass reads.
    pub activations: u64,
    /// Per model: the objective's arrays over pairs of images.
    pub pairs: u64,
    /// Per model: the work space of the widest layer or of the largest array's update.
    pub workspace: u64,
    /// Per cohort: a model that encodes the grid, and its activations.
    pub encoding: u64,
}

impl CohortMemory {
    /// The memory of cohorts of trials like `trial`, on images `[height, width, channels]`.
    ///
    /// # Errors
    /// Fails if the architecture does not accept such images.
    pub fn of(
        trial: &Trial,
        image: [usize; 3],
        convolutions: Convolutions,
    ) -> Result<Self, ModelError> {
        let (architecture, latents) = (trial.model.architecture, trial.model.latents);
        let encoder = encoder_layers(architecture, image, latents)?;
        let mut vae = encoder.clone();
        vae.extend(decoder_layers(architecture, image, latents)?);
        let discriminator = trial
            .objective
            .discriminator()
            .map_or_else(Vec::new, |config| {
                discriminator_layers(latents, config.layers, config.units)
            });
        let batch = trial.training.batch_size as u64;
        let (of_vae, of_discriminator) = (parameters(&vae), parameters(&discriminator));
        let pixels = image.iter().product::<usize>() as u64;

        // The VAE's update passes through the discriminator too. The discriminator's own update follows, on twice as
        // many codes, after the first has freed its memory.
        let forward = batch * (pixels + outputs(&vae) + outputs(&discriminator));
        let judging = 2 * batch * outputs(&discriminator);
        let pairs = trial
            .objective
            .estimator()
            .map_or(0, |_| PAIRS * batch * batch * latents as u64);
        let widest = |layers: &[LayerSpec], batch| {
            layers
                .iter()
                .map(|layer| workspace(layer, batch, convolutions))
                .max()
                .unwrap_or(0)
        };
        let update =
            |layers: &[LayerSpec]| UPDATE * layers.iter().map(largest_array).max().unwrap_or(0);
        let encoding = ENCODED * pixels + widest(&encoder, ENCODED) + of_vae;
        Ok(Self {
            parameters: FLOAT * (of_vae + of_discriminator),
            moments: FLOAT * 2 * (of_vae + of_discriminator),
            gradients: FLOAT * of_vae.max(of_discriminator),
            activations: FLOAT * forward.max(judging),
            pairs: FLOAT * pairs,
            workspace: FLOAT
                * widest(&vae, batch)
                    .max(widest(&discriminator, 2 * batch))
                    .max(update(&vae))
                    .max(update(&discriminator)),
            encoding: FLOAT * encoding,
        })
    }

    /// Bytes for each model.
    #[must_use]
    pub fn per_model(&self) -> u64 {
        self.parameters
            + self.moments
            + self.gradients
            + self.activations
            + self.pairs
            + self.workspace
    }

    /// Bytes for a cohort of `models` models.
    #[must_use]
    pub fn total(&self, models: usize) -> u64 {
        self.encoding + models as u64 * self.per_model()
    }

    /// The largest number of models that fit into `bytes`; 0 if none fits.
    #[must_use]
    pub fn models_within(&self, bytes: u64) -> usize {
        (bytes.saturating_sub(self.encoding) / self.per_model()) as usize
    }
}

/// Number of arrays `[batch, batch, latents]` for the density of each code under each posterior: distances, scaled
/// squares, log densities, weighted log densities, exponentials, and the gradients of these five.
const PAIRS: u64 = 10;

/// Number of arrays of a parameter's length in its update, besides value, moments and gradient: the three results and
/// the square root.
const UPDATE: u64 = 4;

fn parameters(layers: &[LayerSpec]) -> u64 {
    let of = |layer: &LayerSpec| layer.weight_len() + layer.channels;
    layers.iter().map(of).sum::<usize>() as u64
}

fn outputs(layers: &[LayerSpec]) -> u64 {
    layers.iter().map(|layer| layer.outputs).sum::<usize>() as u64
}

fn largest_array(layer: &LayerSpec) -> u64 {
    layer.weight_len().max(layer.channels) as u64
}

/// Number of values in a layer's backward pass, besides the activations: the gradients of its output, its sum and its
/// input, and the patches.
fn workspace(layer: &LayerSpec, batch: u64, convolutions: Convolutions) -> u64 {
    let gradients = 2 * layer.outputs + layer.inputs;
    let patches = match (convolutions, layer.kind) {
        (Convolutions::Unfolded, LayerKind::Conv(shape) | LayerKind::ConvTranspose(shape)) => {
            2 * shape.small_pixels() * shape.patch_len()
        }
        _ => 0,
    };
    batch * (gradients + patches) as u64
}

#[cfg(test)]
mod tests {
    use unravel_sweep::{Architecture, Estimator, Objective};

    use super::*;

    const IMAGE: [usize; 3] = [64, 64, 1];

    fn memory(objective: Objective, batch_size: usize) -> CohortMemory {
        let mut trial = Trial::new(objective, 0);
        trial.model.architecture = Architecture::ConvSmall;
        trial.training.batch_size = batch_size;
        CohortMemory::of(&trial, IMAGE, Convolutions::Unfolded).unwrap()
    }

    // `conv-small` with 10 latents, from its layer table by hand: weights and biases, then the outputs of each layer.
    const ENCODER: u64 = (16 + 1) * 8
        + (128 + 1) * 16
        + (256 + 1) * 32
        + (512 + 1) * 32
        + 512 * 128
        + 128
        + 128 * 20
        + 20;
    const DECODER: u64 = 10 * 128
        + 128
        + 128 * 512
        + 512
        + (16 * 32 * 32 + 32)
        + (16 * 32 * 16 + 16)
        + (16 * 16 * 8 + 8)
        + (16 * 8 + 1);
    const ENCODED: u64 = 32 * 32 * 8 + 16 * 16 * 16 + 8 * 8 * 32 + 4 * 4 * 32 + 128 + 20;
    const DECODED: u64 = 128 + 512 + 8 * 8 * 32 + 16 * 16 * 16 + 32 * 32 * 8 + 64 * 64;

    #[test]
    fn beta_vae_holds_what_its_table_says() {
        let found = memory(Objective::beta_vae(4.0), 16);
        let parameters = ENCODER + DECODER;
        assert_eq!(found.parameters, 4 * parameters);
        assert_eq!(found.moments, 8 * parameters);
        assert_eq!(found.gradients, 4 * parameters);
        assert_eq!(found.activations, 4 * 16 * (4096 + ENCODED + DECODED));
        assert_eq!(found.pairs, 0);
        // The last but one layer of the decoder is the widest: 16x16x16 to 32x32x8. Its patches are 16x16 rows of
        // 4x4x8.
        let widest = 16 * (2 * 32 * 32 * 8 + 16 * 16 * 16 + 2 * 16 * 16 * 128);
        assert_eq!(found.workspace, 4 * widest);
        assert_eq!(found.total(3) - found.total(2), found.per_model());
    }

    #[test]
    fn the_discriminator_and_the_pairs_are_counted() {
        let (plain, factor) = (
            memory(Objective::vae(), 16),
            memory(Objective::factor_vae(10.0), 16),
        );
        let discriminator = (10 * 1000 + 1000) + 5 * (1000 * 1000 + 1000) + (1000 * 2 + 2);
        assert_eq!(factor.parameters - plain.parameters, 4 * discriminator);
        assert_eq!(
            factor.gradients,
            4 * discriminator,
            "the larger of the two updates"
        );
        assert_eq!(factor.activations - plain.activations, 4 * 16 * 6002);
        assert_eq!(
            factor.workspace,
            4 * 4 * 1_000_000,
            "the update of a square weight"
        );
        let pairs = memory(
            Objective::BetaTcVae {
                alpha: 1.0.into(),
                beta: 6.0.into(),
                gamma: 1.0.into(),
                estimator: Estimator::Weighted,
            },
            16,
        );
        assert_eq!(pairs.pairs, 4 * 10 * 16 * 16 * 10);
    }

    #[test]
    fn as_many_models_fit_as_were_counted() {
        let memory = memory(Objective::beta_vae(4.0), 64);
        for models in [1, 7, 128] {
            assert_eq!(memory.models_within(memory.total(models)), models);
            assert_eq!(memory.models_within(memory.total(models) - 1), models - 1);
        }
        assert_eq!(memory.models_within(0), 0);
    }
}
