//! What a step has to move through a device's memory at the least.
//!
//! Counted for layers that are one pass each, in single precision, whatever arithmetic they do:
//!
//! - the image: written once where it is unpacked, read by the first layer, by its weight gradient, by the loss and by
//!   the gradient of the loss;
//! - what a layer puts out: written once, read by the next layer and in the backward pass; its gradient: written once,
//!   read for the gradients by weight and by input;
//! - a parameter: read forward and backward; its gradient written and read; itself and Adam's two moments read and
//!   written. A batch shares that.
//!
//! FactorVAE adds the discriminator, once on the batch and once, with its own update, on twice as many codes, and the
//! encoding of the second batch.

use unravel_model::error::ModelError;
use unravel_model::network::{LayerSpec, decoder_layers, discriminator_layers, encoder_layers};

use crate::workload::Workload;

/// Memory bandwidth that a good kernel reaches on an H100, of its 3.35 TB/s, in bytes per second.
pub const H100_BYTES_PER_SEC: f64 = 3e12;

/// Passes over each kind of value.
const IMAGE: f64 = 5.0;
const OUTPUT: f64 = 6.0;
const PARAMETER: f64 = 10.0;

/// The minimum number of bytes that a step moves for each image of the batch.
///
/// # Errors
/// Fails if the architecture does not accept images of 64x64.
pub fn bytes_per_image(workload: Workload) -> Result<f64, ModelError> {
    const SHAPE: [usize; 3] = [64, 64, 1];
    let trial = workload.trials().swap_remove(0);
    let (latents, batch) = (trial.model.latents, workload.batch_size() as f64);
    let encoder = encoder_layers(workload.architecture, SHAPE, latents)?;
    let decoder = decoder_layers(workload.architecture, SHAPE, latents)?;
    let pixels = SHAPE.iter().product::<usize>() as f64;
    let outputs_of_vae = outputs(&encoder) + outputs(&decoder);
    let parameters_of_vae = parameters(&encoder) + parameters(&decoder);
    let mut numbers =
        IMAGE * pixels + OUTPUT * outputs_of_vae + PARAMETER * parameters_of_vae / batch;
    if let Some(config) = trial.objective.discriminator() {
        let layers = discriminator_layers(latents, config.layers, config.units);
        let (outputs_of_it, its_parameters) = (outputs(&layers), parameters(&layers));
        // The VAE's pass through the discriminator reads its weights twice and has no weight gradient.
        numbers += (OUTPUT - 1.0) * outputs_of_it + 2.0 * its_parameters / batch;
        numbers += 2.0 * OUTPUT * outputs_of_it + PARAMETER * its_parameters / batch;
        // The second batch has a forward pass only: one write and one read.
        numbers += 2.0 * (pixels + outputs(&encoder)) + parameters(&encoder) / batch;
    }
    Ok(size_of::<f32>() as f64 * numbers)
}

fn outputs(layers: &[LayerSpec]) -> f64 {
    layers.iter().map(|layer| layer.outputs).sum::<usize>() as f64
}

fn parameters(layers: &[LayerSpec]) -> f64 {
    let of = |layer: &LayerSpec| layer.weight_len() + layer.channels;
    layers.iter().map(of).sum::<usize>() as f64
}

#[cfg(test)]
mod tests {
    use unravel_sweep::Architecture;

    use super::*;
    use crate::workload::Target;

    #[test]
    fn a_step_of_beta_vae_moves_the_bytes_of_a_count_by_hand() {
        let workload = Workload {
            architecture: Architecture::Conv4x4,
            target: Target::BetaVae,
            models: 1,
        };
        // Encoder 32768 + 8192 + 4096 + 1024 + 256 + 20, decoder 256 + 1024 + 4096 + 8192 + 32768 + 4096.
        let outputs = 46_356.0 + 50_432.0;
        let parameters = 382_932.0 + 381_313.0;
        let numbers = 5.0 * 4096.0 + 6.0 * outputs + 10.0 * parameters / 64.0;
        let found = bytes_per_image(workload).unwrap();
        assert!((found - 4.0 * numbers).abs() < 1.0, "{found}");
        // 2.88 MB: at 3 TB/s about a million images a second.
        assert!((H100_BYTES_PER_SEC / found / 1e6 - 1.041).abs() < 0.001);
    }

    #[test]
    fn the_discriminator_is_most_of_a_step_of_factor_vae() {
        let bytes = |target| {
            bytes_per_image(Workload {
                architecture: Architecture::Conv4x4,
                target,
                models: 1,
            })
            .unwrap()
        };
        let its_parameters = 4.0 * 12.0 * 5_018_002.0 / 64.0;
        let more = bytes(Target::FactorVae) - bytes(Target::BetaVae);
        assert!(
            its_parameters < more && more < 1.5 * its_parameters,
            "{more}"
        );
    }
}
