//! Measures the phases of a step outside the layers: loss, codes, optimiser, data.

use std::time::Duration;

use burn::tensor::Tensor;
use unravel_model::Cpu;
use unravel_model::error::ModelError;
use unravel_model::kernels::differentiable::Tracked;
use unravel_model::kernels::{AdamMoments, AdamStep, Kernels};
use unravel_model::network::{
    LayerSpec, Posterior, decoder_layers, discriminator_layers, encoder_layers,
};
use unravel_sweep::DiscriminatorConfig;

use super::Phase;
use super::stack::{LATENTS, tensor, uniform};
use crate::data::batch_secs;
use crate::timing::{Clock, median_secs};
use crate::workload::{Target, Workload, dsprites};

/// Measures the phases, each with the name of its part of the step.
pub fn phases(
    workload: Workload,
    clock: Clock,
    budget: Duration,
) -> Result<Vec<(String, Phase)>, ModelError> {
    let is_factor = workload.target == Target::FactorVae;
    let (dataset, models) = (dsprites(), workload.models);
    let image = dataset.shape();
    let mut networks = vec![
        (
            "encoder",
            encoder_layers(workload.architecture, image, LATENTS)?,
        ),
        (
            "decoder",
            decoder_layers(workload.architecture, image, LATENTS)?,
        ),
    ];
    if is_factor {
        let config = DiscriminatorConfig::default();
        let layers = discriminator_layers(LATENTS, config.layers, config.units);
        networks.push(("discriminator", layers));
    }
    let pixels = [models, workload.batch_size(), dataset.n_pixels()];
    let (nats, gradient) = loss_secs(pixels, clock, budget);
    let mut phases = vec![
        ("loss", phase("forward", 1, nats)),
        ("loss", phase("backward", 1, gradient)),
        (
            "codes",
            phase(
                "sampling and KL, with backward",
                1,
                codes_secs(workload, clock, budget),
            ),
        ),
    ];
    for (name, layers) in &networks {
        phases.push((
            *name,
            phase("adam", 1, adam_secs(layers, models, clock, budget)),
        ));
    }
    let batches = if is_factor { 2 * models } else { models };
    phases.push((
        "data",
        phase("rendering", batches, batch_secs(&dataset, clock, budget)),
    ));
    Ok(phases
        .into_iter()
        .map(|(name, phase)| (name.to_owned(), phase))
        .collect())
}

fn phase(name: &'static str, times: usize, secs: f64) -> Phase {
    Phase {
        name,
        times,
        secs,
        products: None,
        is_in_sum: true,
    }
}

/// Seconds for the reconstruction loss and for its gradient, for images `[M, N, pixels]`.
fn loss_secs(dims: [usize; 3], clock: Clock, budget: Duration) -> (f64, f64) {
    let len = dims.iter().product();
    let logits = uniform(len, 8.0, 0);
    let targets = uniform(len, 1.0, 1)
        .iter()
        .map(|x| f32::from(*x > 0.9))
        .collect();
    let (fixed, targets) = (tensor(logits.clone(), dims), tensor(targets, dims));
    let nats = || Cpu::bernoulli_nats(fixed.clone(), targets.clone());
    let grad_nats: Tensor<Cpu, 1> = Tensor::ones([dims[0]], &Default::default());
    let gradient = |logits| Cpu::bernoulli_gradient(logits, targets.clone(), grad_nats.clone());
    (
        median_secs(clock, budget, || (), |()| nats()),
        median_secs(clock, budget, || tensor(logits.clone(), dims), gradient),
    )
}

/// Seconds from the encoder's output to sampled codes and KL, forward and backward.
fn codes_secs(workload: Workload, clock: Clock, budget: Duration) -> f64 {
    let (models, batch) = (workload.models, workload.batch_size());
    let dims = [models, batch, 2 * LATENTS];
    let output = uniform(dims.iter().product(), 1.0, 0);
    let noise = uniform(models * batch * LATENTS, 1.0, 1);
    let noise = tensor(noise, [models, batch, LATENTS]);
    median_secs(
        clock,
        budget,
        || Tracked::<Cpu, 3>::from_inner(tensor(output.clone(), dims)).require_grad(),
        |output| {
            let posterior = Posterior::<Cpu> {
                z_mean: output.clone().slice([0..models, 0..batch, 0..LATENTS]),
                z_logvar: output.slice([0..models, 0..batch, LATENTS..2 * LATENTS]),
            };
            let (z, kl) = (posterior.sample(noise.clone()), posterior.kl_per_code());
            (z.sum() + kl.sum()).backward()
        },
    )
}

/// Seconds to update every parameter of a network.
fn adam_secs(layers: &[LayerSpec], models: usize, clock: Clock, budget: Duration) -> f64 {
    let lens = layers
        .iter()
        .flat_map(|layer| [layer.weight_len(), layer.channels]);
    let (mut parameters, gradients): (Vec<AdamMoments<Cpu>>, Vec<Tensor<Cpu, 2>>) = lens
        .map(|len| {
            let values = |limit| tensor(uniform(models * len, limit, 0), [models, len]);
            let moments = AdamMoments {
                value: values(0.1),
                first: values(0.0),
                second: values(0.0),
            };
            (moments, values(1e-3))
        })
        .unzip();
    let mut step = AdamStep {
        learning_rate: 1e-4,
        beta1: 0.9,
        beta2: 0.999,
        epsilon: 1e-8,
        t: 0,
    };
    median_secs(
        clock,
        budget,
        || (),
        |()| {
            step.t += 1;
            let old = std::mem::take(&mut parameters).into_iter().zip(&gradients);
            parameters = old
                .map(|(moments, gradient)| Cpu::adam(moments, gradient.clone(), step))
                .collect();
        },
    )
}
