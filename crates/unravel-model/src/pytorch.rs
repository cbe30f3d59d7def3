//! Converts a trial's weights to PyTorch's names and layouts.
//!
//! The PyTorch module has two `nn.Sequential`s, `encoder` and `decoder`, and two `nn.Linear` heads between them,
//! `z_mean` and `z_logvar`. As always in a `Sequential`, activations, `nn.Flatten` and `nn.Unflatten` have an index
//! too: `encoder.0.weight`, `encoder.2.weight`, …. Images are `[N, C, H, W]` in PyTorch and `[N, H, W, C]` here. Layers
//! that read or write a flattened image therefore have another order of values.
//!
//! | layer | here | PyTorch |
//! | --- | --- | --- |
//! | `Linear` | `[in, out]` | `[out, in]` |
//! | `Conv2d` | `[kernel, kernel, in, out]` | `[out, in, kernel, kernel]` |
//! | `ConvTranspose2d` | `[kernel, kernel, out, in]` | `[in, out, kernel, kernel]` |

use unravel_sweep::ModelConfig;

use crate::arrays::{self, Array, Arrays};
use crate::error::ModelError;
use crate::kernels::{Activation, ConvShape, LayerKind};
use crate::network::{LayerSpec, decoder_layers, encoder_layers};

/// Height, width and channels of an image.
type Image = [usize; 3];

/// Returns the weights of encoder and decoder under PyTorch's names and in its layouts, for images `[height, width,
/// channels]`.
///
/// # Errors
/// Fails if an array is missing or does not fit the architecture.
pub fn to_pytorch(
    config: &ModelConfig,
    image: Image,
    weights: &Arrays,
) -> Result<Arrays, ModelError> {
    let mut out = Arrays::new();
    encoder(config, image, weights, &mut out)?;
    decoder(config, image, weights, &mut out)?;
    Ok(out)
}

fn encoder(
    config: &ModelConfig,
    image: Image,
    weights: &Arrays,
    out: &mut Arrays,
) -> Result<(), ModelError> {
    let layers = encoder_layers(config.architecture, image, config.latents)?;
    let (mut place, mut read) = (0, Some(image));
    for (at, layer) in layers.iter().enumerate() {
        let (weight, bias) = parameters(weights, "encoder", at, layer)?;
        match layer.kind {
            LayerKind::Linear => {
                // `nn.Flatten` precedes the first linear layer.
                let flattened = read.take();
                place += usize::from(flattened.is_some());
                let weight = linear(weight, layer, flattened, None);
                if at + 1 == layers.len() {
                    heads(config.latents, layer.inputs, &weight, bias, out);
                } else {
                    let weight = Array {
                        shape: vec![layer.outputs, layer.inputs],
                        values: weight,
                    };
                    put(out, "encoder", place, weight, bias.to_vec());
                }
            }
            LayerKind::Conv(shape) | LayerKind::ConvTranspose(shape) => {
                read = Some([
                    shape.small_height(),
                    shape.small_width(),
                    shape.small_channels,
                ]);
                put(out, "encoder", place, conv(weight, shape), bias.to_vec());
            }
        }
        place += places(layer);
    }
    Ok(())
}

fn decoder(
    config: &ModelConfig,
    image: Image,
    weights: &Arrays,
    out: &mut Arrays,
) -> Result<(), ModelError> {
    let layers = decoder_layers(config.architecture, image, config.latents)?;
    let mut place = 0;
    for (at, layer) in layers.iter().enumerate() {
        let (weight, bias) = parameters(weights, "decoder", at, layer)?;
        match layer.kind {
            LayerKind::Linear => {
                let written = match layers.get(at + 1).map(|next| next.kind) {
                    Some(LayerKind::Conv(s) | LayerKind::ConvTranspose(s)) => {
                        Some([s.small_height(), s.small_width(), s.small_channels])
                    }
                    Some(LayerKind::Linear) => None,
                    None => Some(image),
                };
                let weight = Array {
                    shape: vec![layer.outputs, layer.inputs],
                    values: linear(weight, layer, None, written),
                };
                let bias = order(layer.outputs, written).map(|from| bias[from]);
                put(out, "decoder", place, weight, bias.collect());
                // `nn.Unflatten` follows the layer that writes an image.
                place += usize::from(written.is_some());
            }
            LayerKind::Conv(shape) | LayerKind::ConvTranspose(shape) => {
                // Both have the axes small side, large side, rows, columns.
                put(out, "decoder", place, conv(weight, shape), bias.to_vec());
            }
        }
        place += places(layer);
    }
    Ok(())
}

/// Number of indices that a layer and its activation have in a `Sequential`.
fn places(layer: &LayerSpec) -> usize {
    match layer.activation {
        Activation::Identity => 1,
        Activation::Relu | Activation::LeakyRelu | Activation::Tanh => 2,
    }
}

fn parameters<'a>(
    weights: &'a Arrays,
    network: &str,
    at: usize,
    layer: &LayerSpec,
) -> Result<(&'a [f32], &'a [f32]), ModelError> {
    let name = |part: &str| format!("{network}.{at}.{part}");
    Ok((
        arrays::get(weights, &name("weight"), &layer.weight_shape())?,
        arrays::get(weights, &name("bias"), &layer.bias_shape())?,
    ))
}

/// Converts `[inputs, outputs]` to `[outputs, inputs]`, with the values of images in channels-first order.
fn linear(
    weight: &[f32],
    layer: &LayerSpec,
    read: Option<Image>,
    written: Option<Image>,
) -> Vec<f32> {
    let inputs: Vec<usize> = order(layer.inputs, read).collect();
    order(layer.outputs, written)
        .flat_map(|output| inputs.iter().map(move |input| (input, output)))
        .map(|(input, output)| weight[input * layer.outputs + output])
        .collect()
}

/// Converts `[kernel, kernel, large, small]` to `[small, large, kernel, kernel]`.
fn conv(weight: &[f32], shape: ConvShape) -> Array {
    let ConvShape {
        kernel,
        large_channels: large,
        small_channels: small,
        ..
    } = shape;
    let area = kernel * kernel;
    let values: Vec<f32> = (0..small * large * area)
        .map(|to| {
            let (s, l, tap) = (to / (large * area), to / area % large, to % area);
            weight[(tap * large + l) * small + s]
        })
        .collect();
    Array {
        shape: vec![small, large, kernel, kernel],
        values,
    }
}

/// The source index of each value of a vector: for an image, from channels-last to channels-first order.
fn order(len: usize, image: Option<Image>) -> impl Iterator<Item = usize> {
    let [height, width, channels] = image.unwrap_or([1, 1, len]);
    let pixels = height * width;
    (0..len).map(move |to| (to % pixels) * channels + to / pixels)
}

fn heads(latents: usize, inputs: usize, weight: &[f32], bias: &[f32], out: &mut Arrays) {
    let (mean, logvar) = weight.split_at(latents * inputs);
    for (name, weight, bias) in [
        ("z_mean", mean, &bias[..latents]),
        ("z_logvar", logvar, &bias[latents..]),
    ] {
        let array = |shape, values: &[f32]| Array {
            shape,
            values: values.to_vec(),
        };
        out.insert(
            format!("{name}.weight"),
            array(vec![latents, inputs], weight),
        );
        out.insert(format!("{name}.bias"), array(vec![latents], bias));
    }
}

fn put(out: &mut Arrays, network: &str, place: usize, weight: Array, bias: Vec<f32>) {
    let bias = Array {
        shape: vec![bias.len()],
        values: bias,
    };
    out.insert(format!("{network}.{place}.weight"), weight);
    out.insert(format!("{network}.{place}.bias"), bias);
}
