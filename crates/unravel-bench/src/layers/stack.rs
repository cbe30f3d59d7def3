//! The layers of a step, with inputs as in training.

use burn::tensor::{Tensor, TensorData};
use unravel_model::Cpu;
use unravel_model::error::ModelError;
use unravel_model::kernels::{
    Activation, ForwardPass, Kernels, LayerGradients, LayerKind, RequestedGradients,
};
use unravel_model::network::{LayerSpec, decoder_layers, discriminator_layers, encoder_layers};
use unravel_model::random::{Purpose, Stream};
use unravel_sweep::DiscriminatorConfig;

use crate::workload::{Target, Workload, dsprites};

/// Number of latents of each model.
pub(super) const LATENTS: usize = 10;

/// One layer with its values, for `M` models.
pub struct Layer {
    /// Network, index and shapes: `encoder.1 conv 32x32x32 to 16x16x32`.
    pub name: String,
    /// Whether this is the network's first layer, whose input gradient training does not compute.
    pub is_first: bool,
    /// The layer's geometry.
    pub spec: LayerSpec,
    /// The output of the previous layer, `[M, N, inputs]`.
    pub input: Tensor<Cpu, 3>,
    weight: Tensor<Cpu, 2>,
    bias: Tensor<Cpu, 2>,
    output: Tensor<Cpu, 3>,
    gradient: Vec<f32>,
}

impl Layer {
    fn new(network: &str, at: usize, spec: LayerSpec, input: Tensor<Cpu, 3>) -> Self {
        let [models, batch, inputs] = input.dims();
        let limit = (6.0 / (spec.weight_len() / spec.channels.max(1)).min(inputs) as f32).sqrt();
        let seed = at as u64;
        let weight = uniform(models * spec.weight_len(), limit, seed);
        let weight = tensor(weight, [models, spec.weight_len()]);
        let bias = Tensor::zeros([models, spec.channels], &Default::default());
        let mut layer = Self {
            name: format!("{network}.{at} {}", describe(&spec)),
            is_first: at == 0,
            gradient: uniform(models * batch * spec.outputs, 1e-3, seed + 1),
            output: input.clone(), // replaced below
            spec,
            input,
            weight,
            bias,
        };
        layer.output = layer.forward();
        layer
    }

    /// The layer's output, `[M, N, outputs]`.
    #[must_use]
    pub fn forward(&self) -> Tensor<Cpu, 3> {
        let (input, weight, bias) = (self.input.clone(), self.weight.clone(), self.bias.clone());
        let activation = self.spec.activation;
        match self.spec.kind {
            LayerKind::Linear => Cpu::dense(input, weight, bias, activation),
            LayerKind::Conv(shape) => Cpu::down(input, weight, Some(bias), activation, shape),
            LayerKind::ConvTranspose(shape) => {
                Cpu::up(input, weight, Some(bias), activation, shape)
            }
        }
    }

    /// A gradient of the output with its own memory, `[M, N, outputs]`.
    #[must_use]
    pub fn gradient(&self) -> Tensor<Cpu, 3> {
        tensor(self.gradient.clone(), self.output.dims())
    }

    /// Computes the backward pass of the layer.
    #[must_use]
    pub fn backward(
        &self,
        gradient: Tensor<Cpu, 3>,
        wanted: RequestedGradients,
    ) -> LayerGradients<Cpu> {
        let pass = ForwardPass {
            input: self.input.clone(),
            weight: self.weight.clone(),
            output: self.output.clone(),
        };
        Cpu::layer_backward(self.spec.kind, self.spec.activation, pass, gradient, wanted)
    }

    /// Computes the input gradient alone, from the gradient of the sum.
    #[must_use]
    pub fn grad_input(&self, grad_sum: Tensor<Cpu, 3>) -> Tensor<Cpu, 3> {
        let (weight, identity) = (self.weight.clone(), Activation::Identity);
        match self.spec.kind {
            LayerKind::Linear => Cpu::dense_input_gradient(grad_sum, weight),
            LayerKind::Conv(shape) => Cpu::up(grad_sum, weight, None, identity, shape),
            LayerKind::ConvTranspose(shape) => Cpu::down(grad_sum, weight, None, identity, shape),
        }
    }

    /// Computes the weight gradient alone, from the gradient of the sum.
    #[must_use]
    pub fn grad_weight(&self, grad_sum: Tensor<Cpu, 3>) -> Tensor<Cpu, 2> {
        let input = self.input.clone();
        match self.spec.kind {
            LayerKind::Linear => Cpu::dense_weight_gradient(input, grad_sum),
            LayerKind::Conv(shape) => Cpu::weight_gradient(input, grad_sum, shape),
            LayerKind::ConvTranspose(shape) => Cpu::weight_gradient(grad_sum, input, shape),
        }
    }

    /// Computes the gradients of sum and bias alone.
    #[must_use]
    pub fn grad_activation(&self, gradient: Tensor<Cpu, 3>) -> (Tensor<Cpu, 3>, Tensor<Cpu, 2>) {
        let spec = &self.spec;
        Cpu::activation_gradient(
            gradient,
            self.output.clone(),
            spec.activation,
            spec.channels,
        )
    }
}

/// A network's layers, and the number of passes in a step.
pub struct Part {
    /// The layers in order.
    pub layers: Vec<Layer>,
    /// Forward passes per step.
    pub forward_times: usize,
    /// Backward passes with weight gradients, per step.
    pub update_times: usize,
    /// Backward passes without weight gradients, per step.
    pub pass_on_times: usize,
}

impl Part {
    /// The gradients of a layer that a step requests, with the number of passes.
    #[must_use]
    pub fn backward_passes(&self, layer: &Layer) -> Vec<(RequestedGradients, usize)> {
        let update = RequestedGradients {
            parameters: true,
            input: !layer.is_first || self.is_decoder(),
        };
        let pass_on = RequestedGradients {
            parameters: false,
            input: true,
        };
        let passes = [(update, self.update_times), (pass_on, self.pass_on_times)];
        passes.into_iter().filter(|(_, times)| *times > 0).collect()
    }

    /// The input of a decoder has a gradient. Images, and the codes of a discriminator's own update, have none.
    fn is_decoder(&self) -> bool {
        self.layers
            .first()
            .is_some_and(|layer| layer.name.starts_with(DECODER))
    }
}

const DECODER: &str = "decoder";

/// The networks of a step of `workload`.
///
/// # Errors
/// Fails if the architecture does not accept dSprites.
pub fn parts(workload: Workload) -> Result<Vec<Part>, ModelError> {
    let Workload {
        architecture,
        target,
        models,
    } = workload;
    let (dataset, batch) = (dsprites(), workload.batch_size());
    let points = Stream::new(0, Purpose::Batch, 0).points(models * batch, dataset.n_points());
    let mut images = vec![0.0; points.len() * dataset.n_pixels()];
    dataset.write_batch(&points, &mut images);
    let images = tensor(images, [models, batch, dataset.n_pixels()]);
    let mut codes = vec![0.0; models * batch * LATENTS];
    Stream::new(0, Purpose::Noise, 0).normal(&mut codes);
    let codes = tensor(codes, [models, batch, LATENTS]);

    let is_factor = target == Target::FactorVae;
    let encoder = encoder_layers(architecture, dataset.shape(), LATENTS)?;
    let decoder = decoder_layers(architecture, dataset.shape(), LATENTS)?;
    let mut parts = vec![
        Part {
            layers: chain("encoder", encoder, images),
            forward_times: if is_factor { 2 } else { 1 }, // the second batch
            update_times: 1,
            pass_on_times: 0,
        },
        Part {
            layers: chain(DECODER, decoder, codes.clone()),
            forward_times: 1,
            update_times: 1,
            pass_on_times: 0,
        },
    ];
    if is_factor {
        let config = DiscriminatorConfig::default();
        let specs = discriminator_layers(LATENTS, config.layers, config.units);
        parts.push(Part {
            layers: chain("discriminator", specs, codes),
            forward_times: 3, // in the VAE's loss, and for both batches
            update_times: 2,
            pass_on_times: 1,
        });
    }
    Ok(parts)
}

fn chain(network: &str, specs: Vec<LayerSpec>, mut input: Tensor<Cpu, 3>) -> Vec<Layer> {
    let specs = specs.into_iter().enumerate();
    specs
        .map(|(at, spec)| {
            let layer = Layer::new(network, at, spec, input.clone());
            input = layer.output.clone();
            layer
        })
        .collect()
}

fn describe(spec: &LayerSpec) -> String {
    match spec.kind {
        LayerKind::Linear => format!("dense {} to {}", spec.inputs, spec.outputs),
        LayerKind::Conv(s) | LayerKind::ConvTranspose(s) => {
            let large = format!("{}x{}x{}", s.height, s.width, s.large_channels);
            let small = format!(
                "{}x{}x{}",
                s.small_height(),
                s.small_width(),
                s.small_channels
            );
            match spec.kind {
                LayerKind::Conv(_) => format!("conv{} {large} to {small}", s.kernel),
                _ => format!("conv{} {small} to {large}", s.kernel),
            }
        }
    }
}

/// Uniform values in `-limit..limit`.
pub(super) fn uniform(len: usize, limit: f32, seed: u64) -> Vec<f32> {
    let mut stream = Stream::new(seed, Purpose::EncoderInit, 0);
    (0..len)
        .map(|_| (2.0 * stream.unit() as f32 - 1.0) * limit)
        .collect()
}

pub(super) fn tensor<const D: usize>(values: Vec<f32>, dims: [usize; D]) -> Tensor<Cpu, D> {
    Tensor::from_data(TensorData::new(values, dims), &Default::default())
}

#[cfg(test)]
mod tests {
    use unravel_sweep::Architecture;

    use super::*;

    fn parts_of(target: Target) -> Vec<Part> {
        let workload = Workload {
            architecture: Architecture::ConvSmall,
            target,
            models: 2,
        };
        parts(workload).unwrap()
    }

    #[test]
    fn only_gradients_that_training_requires_are_requested() {
        let parts = parts_of(Target::FactorVae);
        let wanted = |part: &Part, at: usize| {
            let passes = part.backward_passes(&part.layers[at]);
            passes
                .iter()
                .map(|(w, times)| (w.parameters, w.input, *times))
                .collect::<Vec<_>>()
        };
        assert_eq!(wanted(&parts[0], 0), [(true, false, 1)]);
        assert_eq!(wanted(&parts[0], 1), [(true, true, 1)]);
        assert_eq!(wanted(&parts[1], 0), [(true, true, 1)]);
        assert_eq!(wanted(&parts[2], 0), [(true, false, 2), (false, true, 1)]);
    }

    #[test]
    fn layers_fit_together_and_their_names_contain_their_shapes() {
        let parts = parts_of(Target::BetaVae);
        let names: Vec<&str> = parts
            .iter()
            .map(|part| part.layers[0].name.as_str())
            .collect();
        assert_eq!(
            names,
            [
                "encoder.0 conv4 64x64x1 to 32x32x8",
                "decoder.0 dense 10 to 128"
            ]
        );
        let last = parts[1].layers.last().unwrap();
        assert_eq!(last.output.dims(), [2, 64, 4096]);
        let wanted = last.backward(last.gradient(), parts[1].backward_passes(last)[0].0);
        assert_eq!(wanted.grad_input.unwrap().dims(), last.input.dims());
    }
}
