//! FactorVAE's discriminator: its losses as loops, its gradients, and whether it finds a known total correlation.

use burn::backend::Flex;
use burn::tensor::{Int, Tensor, TensorData};
use unravel_sweep::{DiscriminatorConfig, Objective, PermutedBatch, Trial};

use super::posteriors::{Batch, assert_close, host, placement};
use crate::arrays::Arrays;
use crate::draws::Draws;
use crate::kernels::LEAKY_SLOPE;
use crate::objective::build::Setup;
use crate::objective::factor_vae::permute;
use crate::objective::{AfterUpdate, CohortObjective, FactorVae, ModelWeights, StepContext};
use crate::placement::Placement;
use crate::random::{Purpose, Stream};

const LATENTS: usize = 2;

fn factor_vae(
    config: &DiscriminatorConfig,
    models: usize,
    placement: &Placement<Flex>,
) -> FactorVae<Flex> {
    let trial = |seed| {
        let mut trial = Trial::new(Objective::factor_vae(3.0), seed);
        trial.model.latents = LATENTS;
        trial
    };
    let trials: Vec<Trial> = (0..models as u64).map(trial).collect();
    let gamma = ModelWeights::new(vec![3.0.into(); models], placement);
    let setup = Setup {
        trials: &trials,
        saved: None,
        n_points: 1000,
        placement,
    };
    FactorVae::build(gamma, PermutedBatch::Second, config, &setup).unwrap()
}

fn small() -> DiscriminatorConfig {
    DiscriminatorConfig {
        layers: 2,
        units: 7,
        ..Default::default()
    }
}

/// The two logits of one code, layer by layer.
fn logits(network: &Arrays, code: &[f64]) -> [f64; 2] {
    let mut x = code.to_vec();
    for layer in 0..3 {
        let weight = &network[&format!("discriminator.{layer}.weight")].values;
        let bias = &network[&format!("discriminator.{layer}.bias")].values;
        let out = (0..bias.len()).map(|o| {
            let sum = x
                .iter()
                .enumerate()
                .map(|(i, x)| x * f64::from(weight[i * bias.len() + o]));
            let y = f64::from(bias[o]) + sum.sum::<f64>();
            if layer < 2 && y < 0.0 {
                LEAKY_SLOPE * y
            } else {
                y
            }
        });
        x = out.collect();
    }
    [x[0], x[1]]
}

#[test]
fn its_losses_are_those_of_the_equations() {
    let batch = Batch::random(2, 5, LATENTS, 1);
    let objective = factor_vae(&small(), 2, &placement());
    let posterior = batch.posterior();
    let z = batch.samples();
    let found = objective.regulariser(&StepContext {
        step: 0,
        posterior: &posterior,
        z: &z,
        kl_per_code: &posterior.kl_per_code(),
    });
    let leaves = objective.discriminator().leaves(false);
    let z = z.inner();
    let flipped = z.clone().flip([1]);
    let cross_entropy = host(objective.discriminator_loss(&leaves, z, flipped).inner());
    for (model, cross_entropy) in cross_entropy.into_iter().enumerate() {
        let mut network = Arrays::new();
        objective.save(model, &mut network);
        let (mut tc, mut entropy) = (0.0, 0.0);
        for image in 0..batch.size {
            let code = |image| [batch.z(model, image, 0), batch.z(model, image, 1)];
            let [real, permuted] = logits(&network, &code(image));
            tc += (real - permuted) / 5.0;
            entropy -= (real.exp() / (real.exp() + permuted.exp())).ln() / 10.0;
            let [real, permuted] = logits(&network, &code(batch.size - 1 - image));
            entropy -= (permuted.exp() / (real.exp() + permuted.exp())).ln() / 10.0;
        }
        assert_close(host(found.loss.clone().inner())[model], 3.0 * tc, 1e-10);
        assert_close(host(found.terms[0].clone())[model], tc, 1e-10);
        assert_close(cross_entropy, entropy, 1e-10);
    }
}

#[test]
fn each_code_is_permuted_over_the_batch_on_its_own() {
    let codes = placement().precise(vec![0.0, 10.0, 1.0, 11.0, 2.0, 12.0], [1, 3, 2]);
    let order = TensorData::new(vec![2i32, 0, 0, 2, 1, 1], [1, 3, 2]);
    let order = Tensor::<Flex, 3, Int>::from_data(order, &Default::default());
    assert_eq!(
        host(permute(codes, order)),
        [2.0, 10.0, 0.0, 12.0, 1.0, 11.0]
    );
}

#[test]
fn its_own_gradient_is_that_of_finite_differences() {
    const H: f64 = 1e-6;
    let batch = Batch::random(1, 9, LATENTS, 2);
    let mut objective = factor_vae(&small(), 1, &placement());
    let codes = || (batch.samples().inner(), batch.samples().inner().flip([1]));
    let leaves = objective.discriminator().leaves(true);
    let (z, permuted) = codes();
    let mut gradients = objective
        .discriminator_loss(&leaves, z, permuted)
        .sum()
        .backward();
    for (parameter, leaf) in leaves.into_tensors().into_iter().enumerate() {
        let gradient = host(leaf.grad_remove(&mut gradients).unwrap());
        for (place, gradient) in gradient.into_iter().enumerate() {
            let mut moved = |by: f64| {
                objective.discriminator_mut().nudge(parameter, place, by);
                let leaves = objective.discriminator().leaves(false);
                let (z, permuted) = codes();
                let loss = host(objective.discriminator_loss(&leaves, z, permuted).inner())[0];
                objective.discriminator_mut().nudge(parameter, place, -by);
                loss
            };
            let expected = (moved(H) - moved(-H)) / (2.0 * H);
            assert!(
                (gradient - expected).abs() < 1e-8,
                "{parameter} {place}: {gradient} {expected}"
            );
        }
    }
}

/// Permutations out of a stream; the rest is not asked for.
struct Permutations {
    batch: usize,
}

impl Draws<Flex> for Permutations {
    fn images(&self, _purpose: Purpose, _step: u64) -> Tensor<Flex, 3> {
        unreachable!("the discriminator sees no image")
    }

    fn noise(&self, _purpose: Purpose, _step: u64) -> Tensor<Flex, 3> {
        unreachable!("the discriminator is given its codes")
    }

    fn permutations(&self, step: u64) -> Tensor<Flex, 3, Int> {
        let mut stream = Stream::new(0, Purpose::Permutation, step);
        let mut order = vec![0i32; self.batch * LATENTS];
        for code in 0..LATENTS {
            for (at, from) in stream.permutation(self.batch).into_iter().enumerate() {
                order[at * LATENTS + code] = from as i32;
            }
        }
        let data = TensorData::new(order, [1, self.batch, LATENTS]);
        Tensor::from_data(data, &Default::default())
    }

    fn keep(&mut self, _models: &[usize]) {}
}

/// Codes of a Gaussian of unit variances and this correlation, `[1, batch, 2]`.
fn correlated(batch: usize, correlation: f64, step: u64) -> Tensor<Flex, 3> {
    let mut noise = vec![0.0; batch * LATENTS];
    Stream::new(1, Purpose::Noise, step).normal(&mut noise);
    for pair in noise.chunks_exact_mut(2) {
        pair[1] = correlation as f32 * pair[0]
            + (1.0 - correlation * correlation).sqrt() as f32 * pair[1];
    }
    Placement::single(&Default::default()).tensor(noise, [1, batch, LATENTS])
}

#[test]
fn it_finds_the_total_correlation_of_a_correlated_gaussian() {
    let (correlation, batch): (f64, usize) = (0.8, 512);
    let config = DiscriminatorConfig {
        layers: 2,
        units: 32,
        learning_rate: 3e-3,
        ..Default::default()
    };
    let placement = Placement::single(&Default::default());
    let mut objective = factor_vae(&config, 1, &placement);
    for step in 0..600 {
        let second_batch = || correlated(batch, correlation, 1_000_000 + step);
        objective.after_update(&AfterUpdate {
            step,
            z: correlated(batch, correlation, step),
            draws: &Permutations { batch },
            second_batch: &second_batch,
        });
    }
    let leaves = objective.discriminator().leaves(false);
    let z = crate::kernels::differentiable::Tracked::from_inner(correlated(
        20_000,
        correlation,
        2_000_000,
    ));
    let logits = crate::network::host(objective.discriminator().forward(&leaves, z).inner());
    let found = logits
        .chunks(2)
        .map(|l| f64::from(l[0] - l[1]))
        .sum::<f64>()
        / 20_000.0;
    let truth = -0.5 * (1.0 - correlation * correlation).ln();
    assert!((found - truth).abs() < 0.1 * truth, "{found} {truth}");
}
