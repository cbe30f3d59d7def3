//! Encoders and decoders by name.
//!
//! | name | encoder | decoder |
//! | --- | --- | --- |
//! | `conv-locatello` | 32 4x4, 32 4x4, 64 2x2, 64 2x2, FC 256 | FC 256, 4x4x64, 64, 32, 32, image, all 4x4 |
//! | `conv-4x4` | 32, 32, 64, 64 all 4x4, FC 256 | the same |
//! | `conv-kim-mnih` | 32, 32, 64, 64 all 4x4, FC 128 | FC 128, 4x4x64, 64, 32, 32, image, all 4x4 |
//! | `conv-burgess` | 32, 32, 32, 32 all 4x4, FC 256, FC 256 | FC 256, FC 256, 4x4x32, 32, 32, 32, image, all 4x4 |
//! | `mlp-higgins` | FC 1200, FC 1200 | FC 1200, FC 1200, FC 1200, image, the first three with tanh |
//! | `conv-small` | 8, 16, 32, 32 all 4x4, FC 128 | FC 128, 4x4x32, 32, 16, 8, image, all 4x4 |
//!
//! Every convolution has stride 2; what is not said to be otherwise has ReLU, and the last layer nothing.
//! `conv-locatello` is what the code of Locatello et al. 2019 ran, `conv-4x4` what the table in their paper says,
//! `conv-kim-mnih` is from Kim & Mnih 2018, `conv-burgess` from Burgess et al. 2018, `mlp-higgins` from Higgins et al.
//! 2017. The encoder ends in `latents` means and as many log variances.

use unravel_sweep::Architecture;

use super::layer::LayerSpec;
use crate::error::ModelError;
use crate::kernels::{Activation, ConvShape};

/// How often an image is halved.
const N_CONVS: usize = 4;

enum Table {
    /// Convolutions and fully connected layers, mirrored by the decoder.
    Conv {
        /// Channels and kernel side; the decoder's kernels are 4x4.
        convs: [(usize, usize); N_CONVS],
        /// Units of the fully connected layers between them and the codes, from the image on.
        units: &'static [usize],
    },
    /// Fully connected layers only.
    Mlp {
        /// Units of the encoder's, with ReLU.
        encoder: &'static [usize],
        /// Units of the decoder's, with tanh.
        decoder: &'static [usize],
    },
}

fn table(architecture: Architecture) -> Table {
    match architecture {
        Architecture::ConvLocatello => Table::Conv {
            convs: [(32, 4), (32, 4), (64, 2), (64, 2)],
            units: &[256],
        },
        Architecture::Conv4x4 => Table::Conv {
            convs: [(32, 4), (32, 4), (64, 4), (64, 4)],
            units: &[256],
        },
        Architecture::ConvKimMnih => Table::Conv {
            convs: [(32, 4), (32, 4), (64, 4), (64, 4)],
            units: &[128],
        },
        Architecture::ConvBurgess => Table::Conv {
            convs: [(32, 4), (32, 4), (32, 4), (32, 4)],
            units: &[256, 256],
        },
        Architecture::MlpHiggins => Table::Mlp {
            encoder: &[1200, 1200],
            decoder: &[1200, 1200, 1200],
        },
        Architecture::ConvSmall => Table::Conv {
            convs: [(8, 4), (16, 4), (32, 4), (32, 4)],
            units: &[128],
        },
    }
}

/// Layers from an image `[height, width, channels]` to `2 * latents` numbers: means, then log variances.
///
/// # Errors
/// Where height or width is no multiple of 16 and the architecture has convolutions.
pub fn encoder_layers(
    architecture: Architecture,
    image: [usize; 3],
    latents: usize,
) -> Result<Vec<LayerSpec>, ModelError> {
    let (mut layers, units) = match table(architecture) {
        Table::Conv { convs, units } => (down(&convs, checked(architecture, image)?), units),
        Table::Mlp { encoder, .. } => (Vec::new(), encoder),
    };
    let inputs = layers
        .last()
        .map_or(image.iter().product(), |layer| layer.outputs);
    let last = connect(&mut layers, inputs, units.iter().copied(), Activation::Relu);
    let heads = LayerSpec::linear(last, 2 * latents, Activation::Identity);
    layers.push(LayerSpec { heads: 2, ..heads });
    Ok(layers)
}

/// Layers from codes `[latents]` to what decides each pixel of an image `[height, width, channels]`.
///
/// # Errors
/// Where height or width is no multiple of 16 and the architecture has convolutions.
pub fn decoder_layers(
    architecture: Architecture,
    image: [usize; 3],
    latents: usize,
) -> Result<Vec<LayerSpec>, ModelError> {
    let mut layers = Vec::new();
    match table(architecture) {
        Table::Conv { convs, units } => {
            let image = checked(architecture, image)?;
            let (smallest, _) = convs[N_CONVS - 1];
            let inputs = (image[0] >> N_CONVS) * (image[1] >> N_CONVS) * smallest;
            let units = units.iter().rev().copied().chain([inputs]);
            connect(&mut layers, latents, units, Activation::Relu);
            layers.extend(up(&convs, image));
        }
        Table::Mlp { decoder, .. } => {
            let units = decoder.iter().copied();
            let last = connect(&mut layers, latents, units, Activation::Tanh);
            let pixels = image.iter().product();
            layers.push(LayerSpec::linear(last, pixels, Activation::Identity));
        }
    }
    Ok(layers)
}

/// Adds fully connected layers; the units of the last.
fn connect(
    layers: &mut Vec<LayerSpec>,
    inputs: usize,
    units: impl IntoIterator<Item = usize>,
    activation: Activation,
) -> usize {
    units.into_iter().fold(inputs, |inputs, units| {
        layers.push(LayerSpec::linear(inputs, units, activation));
        units
    })
}

/// Convolutions from an image on.
fn down(
    convs: &[(usize, usize)],
    [mut height, mut width, mut channels]: [usize; 3],
) -> Vec<LayerSpec> {
    let mut layers = Vec::with_capacity(convs.len());
    for &(small_channels, kernel) in convs {
        layers.push(LayerSpec::conv(ConvShape {
            height,
            width,
            large_channels: channels,
            small_channels,
            kernel,
        }));
        (height, width, channels) = (height / 2, width / 2, small_channels);
    }
    layers
}

/// Transposed 4x4 convolutions back to an image, their channels those of the convolutions.
fn up(convs: &[(usize, usize)], [height, width, image_channels]: [usize; 3]) -> Vec<LayerSpec> {
    let layer = |at: usize| {
        let (large_channels, activation) = match at {
            0 => (image_channels, Activation::Identity),
            _ => (convs[at - 1].0, Activation::Relu),
        };
        let shape = ConvShape {
            height: height >> at,
            width: width >> at,
            large_channels,
            small_channels: convs[at].0,
            kernel: 4,
        };
        LayerSpec::conv_transpose(shape, activation)
    };
    (0..convs.len()).rev().map(layer).collect()
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
    use crate::network::discriminator_layers;

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
    const CONVS_4X4: usize =
        (16 + 1) * 32 + (16 * 32 + 1) * 32 + (16 * 32 + 1) * 64 + (16 * 64 + 1) * 64;
    const DECONVS: usize =
        (16 * 64 * 64 + 64) + (16 * 64 * 32 + 32) + (16 * 32 * 32 + 32) + (16 * 32 + 1);
    const DECODER: usize = (10 * 256 + 256) + (256 * 1024 + 1024) + DECONVS;

    #[test]
    fn conv_locatello_has_the_parameters_of_its_table() {
        let convs = (16 + 1) * 32 + (16 * 32 + 1) * 32 + (4 * 32 + 1) * 64 + (4 * 64 + 1) * 64;
        check(Architecture::ConvLocatello, convs + FC_256, DECODER);
    }

    #[test]
    fn conv_4x4_has_the_parameters_of_its_table() {
        check(Architecture::Conv4x4, CONVS_4X4 + FC_256, DECODER);
    }

    #[test]
    fn conv_kim_mnih_has_the_parameters_of_its_table() {
        let encoder = CONVS_4X4 + (1024 * 128 + 128) + (128 * 20 + 20);
        let decoder = (10 * 128 + 128) + (128 * 1024 + 1024) + DECONVS;
        check(Architecture::ConvKimMnih, encoder, decoder);
    }

    #[test]
    fn conv_burgess_has_the_parameters_of_its_table() {
        let fc = 256 * 256 + 256;
        let encoder =
            (16 + 1) * 32 + 3 * (16 * 32 + 1) * 32 + (512 * 256 + 256) + fc + (256 * 20 + 20);
        let decoder =
            (10 * 256 + 256) + fc + (256 * 512 + 512) + 3 * (16 * 32 * 32 + 32) + (16 * 32 + 1);
        check(Architecture::ConvBurgess, encoder, decoder);
    }

    #[test]
    fn mlp_higgins_has_the_parameters_of_its_table() {
        let hidden = 1200 * 1200 + 1200;
        let encoder = (4096 * 1200 + 1200) + hidden + (1200 * 20 + 20);
        let decoder = (10 * 1200 + 1200) + 2 * hidden + (1200 * 4096 + 4096);
        check(Architecture::MlpHiggins, encoder, decoder);
        let layers = decoder_layers(Architecture::MlpHiggins, [30, 20, 3], 4).unwrap();
        let activations: Vec<Activation> = layers.iter().map(|layer| layer.activation).collect();
        let (tanh, identity) = (Activation::Tanh, Activation::Identity);
        assert_eq!(activations, [tanh, tanh, tanh, identity]);
        assert_eq!(layers[3].outputs, 1800);
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
    fn the_discriminator_has_the_parameters_of_its_table() {
        // Six hidden layers of 1000 units and two logits.
        let layers = discriminator_layers(10, 6, 1000);
        let expected = (10 * 1000 + 1000) + 5 * (1000 * 1000 + 1000) + (1000 * 2 + 2);
        assert_eq!(count(&layers), expected);
        let hidden = |layer: &LayerSpec| layer.activation == Activation::LeakyRelu;
        assert!(layers[..6].iter().all(hidden) && !hidden(&layers[6]));
    }

    #[test]
    fn layers_fit_together_and_odd_images_are_refused() {
        for architecture in Architecture::ALL {
            for (image, latents) in [([64, 64, 1], 1), ([32, 64, 3], 7), ([16, 16, 2], 200)] {
                let encoder = encoder_layers(*architecture, image, latents).unwrap();
                let decoder = decoder_layers(*architecture, image, latents).unwrap();
                for layers in [&encoder, &decoder] {
                    let mut pairs = layers.windows(2);
                    assert!(pairs.all(|pair| pair[0].outputs == pair[1].inputs));
                }
                let pixels = image.iter().product::<usize>();
                assert_eq!(encoder[0].inputs, pixels);
                assert_eq!(encoder.last().unwrap().outputs, 2 * latents);
                assert_eq!(decoder[0].inputs, latents);
                assert_eq!(decoder.last().unwrap().outputs, pixels);
            }
        }
        let error = encoder_layers(Architecture::Conv4x4, [60, 64, 1], 7).unwrap_err();
        assert!(error.to_string().contains("not 60x64"));
    }
}
