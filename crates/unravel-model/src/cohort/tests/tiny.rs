//! A network of a few hundred parameters with every kind of layer, and draws that are given.

use burn::backend::Flex;
use burn::tensor::{Int, Tensor, TensorData};
use unravel_sweep::{DiscriminatorConfig, Objective, Trial};

use crate::arrays::Arrays;
use crate::cohort::{BatchSource, Cohort};
use crate::draws::Draws;
use crate::kernels::{Activation, ConvShape};
use crate::network::{LayerSpec, Network, PixelDistribution, Vae};
use crate::placement::Placement;
use crate::random::Purpose;

pub const BATCH: usize = 6;
pub const LATENTS: usize = 3;
pub const PIXELS: usize = 64;
pub const N_POINTS: usize = 40;

/// The discriminator's own settings; its layers are in [`discriminator_shapes`].
pub fn discriminator() -> DiscriminatorConfig {
    DiscriminatorConfig {
        layers: 2,
        units: 5,
        learning_rate: 2e-3,
        ..Default::default()
    }
}

pub fn trial(objective: Objective) -> Trial {
    let mut trial = Trial::new(objective, 0);
    trial.model.latents = LATENTS;
    trial.training.batch_size = BATCH;
    trial.training.learning_rate = 1e-3;
    trial
}

fn shape(side: usize, large_channels: usize, small_channels: usize, kernel: usize) -> ConvShape {
    ConvShape {
        height: side,
        width: side,
        large_channels,
        small_channels,
        kernel,
    }
}

fn encoder_layers() -> Vec<LayerSpec> {
    vec![
        LayerSpec::conv(shape(8, 1, 3, 4)),
        LayerSpec::conv(shape(4, 3, 4, 2)),
        LayerSpec::linear(16, 6, Activation::Relu),
        LayerSpec::linear(6, 2 * LATENTS, Activation::Identity),
    ]
}

fn decoder_layers() -> Vec<LayerSpec> {
    vec![
        LayerSpec::linear(LATENTS, 6, Activation::Tanh),
        LayerSpec::linear(6, 16, Activation::Relu),
        LayerSpec::conv_transpose(shape(4, 3, 4, 4), Activation::Relu),
        LayerSpec::conv_transpose(shape(8, 1, 3, 4), Activation::Identity),
    ]
}

/// Numbers that were drawn before, by step.
pub struct GivenDraws {
    pub placement: Placement<Flex>,
    /// `[steps, 2, BATCH, PIXELS]`: the batch and the second batch.
    pub images: Vec<f32>,
    /// `[steps, 2, BATCH, LATENTS]`.
    pub noise: Vec<f32>,
    /// `[steps, BATCH, LATENTS]`.
    pub permutations: Vec<i32>,
}

impl GivenDraws {
    fn part(&self, values: &[f32], width: usize, second: bool, step: u64) -> Tensor<Flex, 3> {
        let len = BATCH * width;
        let at = (2 * step as usize + usize::from(second)) * len;
        let values = values[at..at + len].to_vec();
        self.placement.tensor(values, [1, BATCH, width])
    }
}

impl Draws<Flex> for GivenDraws {
    fn images(&self, purpose: Purpose, step: u64) -> Tensor<Flex, 3> {
        self.part(&self.images, PIXELS, purpose == Purpose::SecondBatch, step)
    }

    fn noise(&self, purpose: Purpose, step: u64) -> Tensor<Flex, 3> {
        self.part(&self.noise, LATENTS, purpose == Purpose::SecondNoise, step)
    }

    fn permutations(&self, step: u64) -> Tensor<Flex, 3, Int> {
        let len = BATCH * LATENTS;
        let at = step as usize * len;
        let values = self.permutations[at..at + len].to_vec();
        let data = TensorData::new(values, [1, BATCH, LATENTS]);
        Tensor::from_data(data, self.placement.device())
    }

    fn keep(&mut self, _models: &[usize]) {}
}

/// A cohort of one trial in f64, from these weights on.
pub fn cohort(trial: Trial, weights: &Arrays, draws: GivenDraws) -> Cohort<Flex> {
    let placement = draws.placement.clone();
    let network = |name, layers| Network::restore(name, layers, &[weights], &placement).unwrap();
    let vae = Vae::from_networks(
        network("encoder", encoder_layers()),
        network("decoder", decoder_layers()),
        LATENTS,
        PixelDistribution::of(&trial.model),
    );
    let source = BatchSource {
        draws: Box::new(draws),
        n_points: N_POINTS,
        placement,
    };
    Cohort::assemble(vec![trial], 0, vae, Some(&[weights]), source).unwrap()
}
