//! Networks as lists of layers, with the stacked parameters of several models.

mod architecture;
mod discriminator;
mod layer;
mod vae;

use burn::tensor::{Tensor, backend::Backend};

pub use architecture::{decoder_layers, encoder_layers};
pub use discriminator::discriminator_layers;
pub use layer::LayerSpec;
pub use vae::{PixelDistribution, Posterior, Vae};

use crate::arrays::{self, Array, Arrays};
use crate::error::ModelError;
use crate::kernels::differentiable::{Tracked, layer};
use crate::kernels::{AdamMoments, AdamStep, Kernels};
use crate::placement::Placement;
use crate::random::{Purpose, Stream};
use unravel_sweep::Initialisation;

/// A stack of layers, with the parameters of `M` models and their optimiser state.
#[derive(Debug)]
pub struct Network<B: Backend> {
    name: &'static str,
    layers: Vec<LayerSpec>,
    /// Weight and bias of each layer, in order.
    parameters: Vec<AdamMoments<B>>,
}

/// The parameters of a network as leaves of one autodiff graph.
#[derive(Debug)]
pub struct Leaves<B: Backend>(Vec<Tracked<B, 2>>);

#[cfg(test)]
impl<B: Backend> Leaves<B> {
    /// Weight and bias of each layer, in order.
    pub(crate) fn into_tensors(self) -> Vec<Tracked<B, 2>> {
        self.0
    }
}

impl<B: Kernels> Network<B> {
    /// New models with initial weights, one per seed.
    pub fn init(
        name: &'static str,
        layers: Vec<LayerSpec>,
        initialisation: Initialisation,
        purpose: Purpose,
        seeds: &[u64],
        placement: &Placement<B>,
    ) -> Self {
        let mut parameters = Vec::with_capacity(2 * layers.len());
        for (at, layer) in layers.iter().enumerate() {
            let at = 2 * at as u64;
            let draw = |seed: u64, place| Stream::new(seed, purpose, place);
            let weights = stack(seeds, |seed| {
                layer.init_weight(initialisation, draw(seed, at))
            });
            let biases = stack(seeds, |seed| {
                layer.init_bias(initialisation, draw(seed, at + 1))
            });
            parameters.push(fresh(weights, seeds.len(), placement));
            parameters.push(fresh(biases, seeds.len(), placement));
        }
        Self {
            name,
            layers,
            parameters,
        }
    }

    /// Models from saved arrays, one per element of `saved`. Optimiser state that was not saved is zero.
    ///
    /// # Errors
    /// Fails if an array is missing or has another shape than the layer.
    pub fn restore(
        name: &'static str,
        layers: Vec<LayerSpec>,
        saved: &[&Arrays],
        placement: &Placement<B>,
    ) -> Result<Self, ModelError> {
        let mut parameters = Vec::with_capacity(2 * layers.len());
        for (parameter, shape) in parameter_names(name, &layers).zip(parameter_shapes(&layers)) {
            let len = shape.iter().product::<usize>();
            let load = |suffix: &str| -> Result<Tensor<B, 2>, ModelError> {
                let mut values = Vec::with_capacity(saved.len() * len);
                for arrays in saved {
                    values.extend_from_slice(arrays::get(
                        arrays,
                        &(parameter.clone() + suffix),
                        &shape,
                    )?);
                }
                Ok(placement.tensor(values, [saved.len(), len]))
            };
            let has_moments = saved
                .iter()
                .all(|a| a.contains_key(&(parameter.clone() + FIRST)));
            let zeros = || placement.zeros([saved.len(), len]);
            let (first, second) = if has_moments {
                (load(FIRST)?, load(SECOND)?)
            } else {
                (zeros(), zeros())
            };
            parameters.push(AdamMoments {
                value: load("")?,
                first,
                second,
            });
        }
        Ok(Self {
            name,
            layers,
            parameters,
        })
    }

    /// The parameters as leaves of a new graph. With `tracked`, their gradients are computed.
    pub fn leaves(&self, tracked: bool) -> Leaves<B> {
        let leaf = |moments: &AdamMoments<B>| {
            let leaf = Tracked::<B, 2>::from_inner(moments.value.clone());
            if tracked { leaf.require_grad() } else { leaf }
        };
        Leaves(self.parameters.iter().map(leaf).collect())
    }

    /// `[M, N, inputs]` to `[M, N, outputs]`.
    pub fn forward(&self, leaves: &Leaves<B>, input: Tracked<B, 3>) -> Tracked<B, 3> {
        let parameters = leaves.0.chunks_exact(2);
        self.layers
            .iter()
            .zip(parameters)
            .fold(input, |x, (spec, parameters)| {
                let (weight, bias) = (parameters[0].clone(), parameters[1].clone());
                layer(spec.kind, spec.activation, x, weight, bias)
            })
    }

    /// One Adam update from the gradients of the leaves. A parameter whose leaf has no gradient is unchanged.
    pub fn update(
        &mut self,
        leaves: Leaves<B>,
        gradients: &mut <burn::backend::Autodiff<B> as burn::tensor::backend::AutodiffBackend>::Gradients,
        step: AdamStep,
    ) {
        let old = std::mem::take(&mut self.parameters);
        self.parameters = old
            .into_iter()
            .zip(leaves.0)
            .map(|(moments, leaf)| {
                let gradient = leaf.grad_remove(gradients);
                drop(leaf); // so that the update may run in place
                match gradient {
                    Some(gradient) => B::adam(moments, gradient, step),
                    None => moments,
                }
            })
            .collect();
    }

    /// Adds the weights of one model to `out` and, with `with_moments`, its optimiser state.
    pub fn save(&self, model: usize, with_moments: bool, out: &mut Arrays) {
        let names = parameter_names(self.name, &self.layers);
        for ((name, shape), moments) in names
            .zip(parameter_shapes(&self.layers))
            .zip(&self.parameters)
        {
            let mut put = |suffix: &str, tensor: &Tensor<B, 2>| {
                let array = Array {
                    shape: shape.clone(),
                    values: row(tensor, model),
                };
                out.insert(name.clone() + suffix, array);
            };
            put("", &moments.value);
            if with_moments {
                put(FIRST, &moments.first);
                put(SECOND, &moments.second);
            }
        }
    }

    /// Keeps the models at these indices, in this order.
    pub fn keep(&mut self, models: &[usize]) {
        for moments in &mut self.parameters {
            for tensor in [&mut moments.value, &mut moments.first, &mut moments.second] {
                let rows = models
                    .iter()
                    .map(|m| tensor.clone().narrow(0, *m, 1))
                    .collect();
                *tensor = Tensor::cat(rows, 0);
            }
        }
    }

    /// Adds `by` to one value of one parameter (weights and biases alternate) of the first model.
    #[cfg(test)]
    pub(crate) fn nudge(&mut self, parameter: usize, place: usize, by: f64) {
        let value = &mut self.parameters[parameter].value;
        let at = [0..1, place..place + 1];
        let moved = value.clone().slice(at.clone()).add_scalar(by);
        *value = value.clone().slice_assign(at, moved);
    }

    /// Number of parameter values of one model.
    pub fn n_parameters(&self) -> usize {
        parameter_lens(&self.layers).sum()
    }
}

const FIRST: &str = ".adam_first";
const SECOND: &str = ".adam_second";

fn parameter_names(name: &str, layers: &[LayerSpec]) -> impl Iterator<Item = String> {
    (0..layers.len())
        .flat_map(move |at| ["weight", "bias"].map(|part| format!("{name}.{at}.{part}")))
}

fn parameter_shapes(layers: &[LayerSpec]) -> impl Iterator<Item = Vec<usize>> {
    layers
        .iter()
        .flat_map(|layer| [layer.weight_shape(), layer.bias_shape()])
}

fn parameter_lens(layers: &[LayerSpec]) -> impl Iterator<Item = usize> {
    layers
        .iter()
        .flat_map(|layer| [layer.weight_len(), layer.channels])
}

fn stack(seeds: &[u64], mut draw: impl FnMut(u64) -> Vec<f32>) -> Vec<f32> {
    seeds.iter().flat_map(|seed| draw(*seed)).collect()
}

fn fresh<B: Backend>(values: Vec<f32>, models: usize, placement: &Placement<B>) -> AdamMoments<B> {
    let dims = [models, values.len() / models];
    AdamMoments {
        value: placement.tensor(values, dims),
        first: placement.zeros(dims),
        second: placement.zeros(dims),
    }
}

/// Row `at` of `[M, len]` on the host.
fn row<B: Backend>(tensor: &Tensor<B, 2>, at: usize) -> Vec<f32> {
    host(tensor.clone().narrow(0, at, 1))
}

/// Copies a tensor's values to the host.
pub(crate) fn host<B: Backend, const D: usize>(tensor: Tensor<B, D>) -> Vec<f32> {
    tensor
        .into_data()
        .convert::<f32>()
        .into_vec()
        .expect("converted to f32 just before")
}
