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
//! Every convolution has stride 2. Layers have ReLU unless the table says otherwise, and the last layer has no
//! activation. `conv-locatello` is from the code of Locatello et al. 2019, `conv-4x4` from the table in their paper,
//! `conv-kim-mnih` from Kim & Mnih 2018, `conv-burgess` from Burgess et al. 2018, and `mlp-higgins` from Higgins et al.
//! 2017. The encoder returns `latents` means and `latents` log variances.

use unravel_sweep::Architecture;

use super::layer::LayerSpec;
use crate::error::ModelError;
use crate::kernels::{Activation, ConvShape};

/// Number of convolutions, each of which halves the image.
const N_CONVS: usize = 4;

enum LayerPlan {
    /// Convolutions and fully connected layers. The decoder mirrors them.
    Conv {
        /// Channels and kernel side of the encoder's convolutions. The decoder's kernels are 4x4.
        convs: [(usize, usize); N_CONVS],
        /// Units of the encoder's fully connected layers, in its order.
        units: &'static [usize],
    },
    /// Fully connected layers only.
    Mlp {
        /// Units of the encoder, with ReLU.
        encoder: &'static [usize],
        /// Units of the decoder, with tanh.
        decoder: &'static [usize],
    },
}

fn table(architecture: Architecture) -> LayerPlan {
    match architecture {
        Architecture::ConvLocatello => LayerPlan::Conv {
            convs: [(32, 4), (32, 4), (64, 2), (64, 2)],
            units: &[256],
        },
        Architecture::Conv4x4 => LayerPlan::Conv {
            convs: [(32, 4), (32, 4), (64, 4), (64, 4)],
            units: &[256],
        },
        Architecture::ConvKimMnih => LayerPlan::Conv {
            convs: [(32, 4), (32, 4), (64, 4), (64, 4)],
            units: &[128],
        },
        Architecture::ConvBurgess => LayerPlan::Conv {
            convs: [(32, 4), (32, 4), (32, 4), (32, 4)],
            units: &[256, 256],
        },
        Architecture::MlpHiggins => LayerPlan::Mlp {
            encoder: &[1200, 1200],
            decoder: &[1200, 1200, 1200],
        },
        Architecture::ConvSmall => LayerPlan::Conv {
            convs: [(8, 4), (16, 4), (32, 4), (32, 4)],
            units: &[128],
        },
    }
}

/// The encoder's layers, from an image `[height, width, channels]` to `2 * latents` values: means, then log variances.
///
/// # Errors
/// Fails if the architecture has convolutions and the height or width is not a multiple of 16.
pub fn encoder_layers(
    architecture: Architecture,
    image: [usize; 3],
    latents: usize,
) -> Result<Vec<LayerSpec>, ModelError> {
    let (mut layers, units) = match table(architecture) {
        LayerPlan::Conv { convs, units } => (down(&convs, checked(architecture, image)?), units),
        LayerPlan::Mlp { encoder, .. } => (Vec::new(), encoder),
    };
    let inputs = layers
        .last()
        .map_or(image.iter().product(), |layer| layer.outputs);
    let last = connect(&mut layers, inputs, units.iter().copied(), Activation::Relu);
    let heads = LayerSpec::linear(last, 2 * latents, Activation::Identity);
    layers.push(LayerSpec { heads: 2, ..heads });
    Ok(layers)
}

/// The decoder's layers, from codes `[latents]` to the logits of an image `[height, width, channels]`.
///
/// # Errors
/// Fails if the architecture has convolutions and the height or width is not a multiple of 16.
pub fn decoder_layers(
    architecture: Architecture,
    image: [usize; 3],
    latents: usize,
) -> Result<Vec<LayerSpec>, ModelError> {
    let mut layers = Vec::new();
    match table(architecture) {
        LayerPlan::Conv { convs, units } => {
            let image = checked(architecture, image)?;
            let (smallest, _) = convs[N_CONVS - 1];
            let inputs = (image[0] >> N_CONVS) * (image[1] >> N_CONVS) * smallest;
            let units = units.iter().rev().copied().chain([inputs]);
            connect(&mut layers, latents, units, Activation::Relu);
            layers.extend(up(&convs, image));
        }
        LayerPlan::Mlp { decoder, .. } => {
            let units = decoder.iter().copied();
            let last = connect(&mut layers, latents, units, Activation::Tanh);
            let pixels = image.iter().product();
            layers.push(LayerSpec::linear(last, pixels, Activation::Identity));
        }
    }
    Ok(layers)
}

/// Appends fully connected layers. Returns the units of the last one.
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

/// Appends convolutions that begin at an image.
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

/// Appends transposed 4x4 convolutions that end at an image, with the channels of the convolutions.
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

    // Computed from the layer table by hand: weights + biases, layer by layer.
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
        assert!(error.to_string().contains("the images are 60x64"));
    }
}
