//! Encoders and decoders by name.
//!
//! | name | encoder | decoder |
//! | --- | --- | --- |
//! | `conv-locatello` | 32 4x4, 32 4x4, 64 2x2, 64 2x2, FC 256 | FC 256, 4x4x64, 64, 32, 32, image, all 4x4 |
//! | `conv-4x4` | 32, 32, 64, 64 all 4x4, FC 256 | the same |
//! | `conv-small` | 8, 16, 32, 32 all 4x4, FC 128 | FC 128, 4x4x32, 32, 16, 8, image, all 4x4 |
//!
//! Every convolution has stride 2 and ReLU. `conv-locatello` is what the code of Locatello et al. 2019 ran, `conv-4x4`
//! what the table in their paper says. The encoder ends in `latents` means and as many log variances.

use unravel_sweep::Architecture;

use super::layer::LayerSpec;
use crate::error::ModelError;
use crate::kernels::{Activation, ConvShape};

/// How often an image is halved.
const N_CONVS: usize = 4;

struct Table {
    /// Channels and kernel side of the encoder's convolutions; the decoder mirrors the channels with 4x4 kernels.
    convs: [(usize, usize); N_CONVS],
    units: usize,
}

fn table(architecture: Architecture) -> Table {
    match architecture {
        Architecture::ConvLocatello => Table {
            convs: [(32, 4), (32, 4), (64, 2), (64, 2)],
            units: 256,
        },
        Architecture::Conv4x4 => Table {
            convs: [(32, 4), (32, 4), (64, 4), (64, 4)],
            units: 256,
        },
        Architecture::ConvSmall => Table {
            convs: [(8, 4), (16, 4), (32, 4), (32, 4)],
            units: 128,
        },
    }
}

/// Layers from an image `[height, width, channels]` to `2 * latents` numbers: means, then log variances.
///
/// # Errors
/// Where height or width is no multiple of 16.
pub fn encoder_layers(
    architecture: Architecture,
    image: [usize; 3],
    latents: usize,
) -> Result<Vec<LayerSpec>, ModelError> {
    let [mut height, mut width, mut channels] = checked(architecture, image)?;
    let Table { convs, units } = table(architecture);
    let mut layers = Vec::new();
    for (small_channels, kernel) in convs {
        let shape = ConvShape {
            height,
            width,
            large_channels: channels,
            small_channels,
            kernel,
        };
        layers.push(LayerSpec::conv(shape));
        (height, width, channels) = (height / 2, width / 2, small_channels);
    }
    layers.push(LayerSpec::linear(
        height * width * channels,
        units,
        Activation::Relu,
    ));
    let heads = LayerSpec::linear(units, 2 * latents, Activation::Identity);
    layers.push(LayerSpec { heads: 2, ..heads });
    Ok(layers)
}

/// Layers from codes `[latents]` to the logits of an image `[height, width, channels]`.
///
/// # Errors
/// Where height or width is no multiple of 16.
pub fn decoder_layers(
    architecture: Architecture,
    image: [usize; 3],
    latents: usize,
) -> Result<Vec<LayerSpec>, ModelError> {
    let [height, width, image_channels] = checked(architecture, image)?;
    let Table { convs, units } = table(architecture);
    let (mut height, mut width) = (height >> N_CONVS, width >> N_CONVS);
    let mut channels = convs[N_CONVS - 1].0;
    let mut layers = vec![
        LayerSpec::linear(latents, units, Activation::Relu),
        LayerSpec::linear(units, height * width * channels, Activation::Relu),
    ];
    for at in (0..N_CONVS).rev() {
        let (large_channels, activation) = match at {
            0 => (image_channels, Activation::Identity),
            _ => (convs[at - 1].0, Activation::Relu),
        };
        (height, width) = (height * 2, width * 2);
        let shape = ConvShape {
            height,
            width,
            large_channels,
            small_channels: channels,
            kernel: 4,
        };
        layers.push(LayerSpec::conv_transpose(shape, activation));
        channels = large_channels;
    }
    Ok(layers)
}

fn checked(architecture: Architecture, image: [usize; 3]) -> Result<[usize; 3], ModelError> {
    let [height, width, _] = image;
    let step = 1 << N_CONVS;
    if height == 0 || width == 0 || !height.is_multiple_of(step) || !width.is_multiple_of(step) {
        return Err(ModelError::ImageSize {
            architecture: architecture.name(),
            height,
            width,
        });
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: [usize; 3] = [64, 64, 1];

    fn count(layers: &[LayerSpec]) -> usize {
        layers
            .iter()
            .map(|layer| layer.weight_len() + layer.channels)
            .sum()
    }

    #[track_caller]
    fn check(architecture: Architecture, encoder: usize, decoder: usize) {
        assert_eq!(
            count(&encoder_layers(architecture, IMAGE, 10).unwrap()),
            encoder
        );
        assert_eq!(
            count(&decoder_layers(architecture, IMAGE, 10).unwrap()),
            decoder
        );
    }

    // Worked out from the layer table: weights + biases, layer by layer.
    const FC_256: usize = (1024 * 256 + 256) + (256 * 20 + 20);
    const DECODER: usize = (10 * 256 + 256)
        + (256 * 1024 + 1024)
        + (16 * 64 * 64 + 64)
        + (16 * 64 * 32 + 32)
        + (16 * 32 * 32 + 32)
        + (16 * 32 + 1);

    #[test]
    fn conv_locatello_has_the_parameters_of_its_table() {
        let convs = (16 + 1) * 32 + (16 * 32 + 1) * 32 + (4 * 32 + 1) * 64 + (4 * 64 + 1) * 64;
        check(Architecture::ConvLocatello, convs + FC_256, DECODER);
    }

    #[test]
    fn conv_4x4_has_the_parameters_of_its_table() {
        let convs = (16 + 1) * 32 + (16 * 32 + 1) * 32 + (16 * 32 + 1) * 64 + (16 * 64 + 1) * 64;
        check(Architecture::Conv4x4, convs + FC_256, DECODER);
    }

    #[test]
    fn conv_small_has_the_parameters_of_its_table() {
        let convs = (16 + 1) * 8 + (16 * 8 + 1) * 16 + (16 * 16 + 1) * 32 + (16 * 32 + 1) * 32;
        let encoder = convs + (512 * 128 + 128) + (128 * 20 + 20);
        let decoder = (10 * 128 + 128)
            + (128 * 512 + 512)
            + (16 * 32 * 32 + 32)
            + (16 * 32 * 16 + 16)
            + (16 * 16 * 8 + 8)
            + (16 * 8 + 1);
        check(Architecture::ConvSmall, encoder, decoder);
    }

    #[test]
    fn layers_fit_together_and_odd_images_are_refused() {
        for image in [[64, 64, 1], [32, 64, 3]] {
            let encoder = encoder_layers(Architecture::ConvLocatello, image, 7).unwrap();
            let decoder = decoder_layers(Architecture::ConvLocatello, image, 7).unwrap();
            for layers in [&encoder, &decoder] {
                assert!(
                    layers
                        .windows(2)
                        .all(|pair| pair[0].outputs == pair[1].inputs)
                );
            }
            assert_eq!(encoder[0].inputs, image.iter().product::<usize>());
            assert_eq!(
                decoder.last().unwrap().outputs,
                image.iter().product::<usize>()
            );
        }
        let error = encoder_layers(Architecture::Conv4x4, [60, 64, 1], 7).unwrap_err();
        assert!(error.to_string().contains("not 60x64"));
    }
}
