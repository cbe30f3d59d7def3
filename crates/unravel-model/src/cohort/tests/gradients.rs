//! The gradient of every objective by some numbers of every parameter, against central finite differences.

use burn::backend::Flex;
use burn::tensor::Tensor;

use super::{parity, tiny};
use crate::cohort::Cohort;
use crate::kernels::differentiable::Tracked;
use crate::network::{Leaves, Network};

const H: f64 = 1e-6;

fn value(tensor: Tracked<Flex, 1>) -> f64 {
    tensor.inner().into_data().to_vec::<f64>().unwrap()[0]
}

fn loss(cohort: &Cohort<Flex>) -> f64 {
    let (encoder, decoder) = (
        cohort.vae.encoder.leaves(false),
        cohort.vae.decoder.leaves(false),
    );
    value(cohort.forward(&encoder, &decoder).loss)
}

/// Compares five numbers of each parameter of one network.
fn check(
    name: &str,
    cohort: &mut Cohort<Flex>,
    network: fn(&mut Cohort<Flex>) -> &mut Network<Flex>,
    gradients: &[Option<Tensor<Flex, 2>>],
) {
    for (parameter, gradient) in gradients.iter().enumerate() {
        let gradient = gradient.clone().expect("every parameter has a gradient");
        let gradient = gradient.into_data().to_vec::<f64>().unwrap();
        for place in (0..gradient.len()).step_by(gradient.len().div_ceil(5)) {
            let mut moved = |by: f64| {
                network(cohort).nudge(parameter, place, by);
                let loss = loss(cohort);
                network(cohort).nudge(parameter, place, -by);
                loss
            };
            let expected = (moved(H) - moved(-H)) / (2.0 * H);
            let error = (gradient[place] - expected).abs();
            assert!(
                error < 1e-6 * expected.abs().max(1.0),
                "{name}, parameter {parameter}, number {place}: {} {expected}",
                gradient[place]
            );
        }
    }
}

#[test]
fn every_objective_has_the_gradient_of_finite_differences() {
    let initial = parity::initial();
    for (name, trial) in parity::cases() {
        let mut cohort = tiny::cohort(trial, &initial, parity::draws());
        cohort.train(5); // away from the start, where a schedule may be 0
        let (encoder, decoder) = (
            cohort.vae.encoder.leaves(true),
            cohort.vae.decoder.leaves(true),
        );
        let mut gradients = cohort.forward(&encoder, &decoder).loss.sum().backward();
        let mut of = |leaves: Leaves<Flex>| -> Vec<_> {
            let leaves = leaves.into_tensors().into_iter();
            leaves
                .map(|leaf| leaf.grad_remove(&mut gradients))
                .collect()
        };
        let (by_encoder, by_decoder) = (of(encoder), of(decoder));
        check(name, &mut cohort, |c| &mut c.vae.encoder, &by_encoder);
        check(name, &mut cohort, |c| &mut c.vae.decoder, &by_decoder);
    }
}
