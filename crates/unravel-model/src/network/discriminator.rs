//! The discriminator of FactorVAE (Kim & Mnih 2018, appendix A): leaky ReLU layers and two logits.

use super::layer::LayerSpec;
use crate::kernels::Activation;

/// Layers from codes `[latents]` to two logits: "from the posterior" and "permuted".
#[must_use]
pub fn discriminator_layers(latents: usize, layers: usize, units: usize) -> Vec<LayerSpec> {
    let mut specs = Vec::with_capacity(layers + 1);
    let mut inputs = latents;
    for _ in 0..layers {
        specs.push(LayerSpec::linear(inputs, units, Activation::LeakyRelu));
        inputs = units;
    }
    specs.push(LayerSpec::linear(inputs, 2, Activation::Identity));
    specs
}
