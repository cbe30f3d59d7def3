//! Gradients in f64, through the reference, against central finite differences.

use burn::backend::{Autodiff, Flex};
use burn::tensor::{DType, Tensor, TensorData};

use super::{bernoulli_nats, gaussian_nats, layer};
use crate::kernels::{Activation, ConvShape, Kernels, LayerKind};
use crate::random::{Purpose, Stream};

type Inputs = Vec<Tensor<Flex, 2>>;

fn random(len: usize, key: u64) -> Tensor<Flex, 2> {
    let mut values = vec![0.0; 2 * len];
    Stream::new(key, Purpose::Noise, 0).normal(&mut values);
    let values = values.into_iter().map(f64::from).collect();
    let data = TensorData::new::<f64, _>(values, [2, len]);
    Tensor::from_data(data, (&Default::default(), DType::F64))
}

fn value(tensor: Tensor<Flex, 1>) -> f64 {
    tensor.into_data().to_vec::<f64>().unwrap()[0]
}

/// Compares the gradient of a sum by every number of every input with `(f(x + h) - f(x - h)) / 2 h`.
#[track_caller]
fn check(inputs: Inputs, f: impl Fn(&[Tensor<Autodiff<Flex>, 2>]) -> Tensor<Autodiff<Flex>, 1>) {
    let leaves: Vec<_> = inputs
        .iter()
        .map(|i| Tensor::from_inner(i.clone()).require_grad())
        .collect();
    let gradients = f(&leaves).backward();
    let loss = |inputs: &Inputs| {
        let inputs: Vec<_> = inputs
            .iter()
            .map(|i| Tensor::from_inner(i.clone()))
            .collect();
        value(f(&inputs).inner())
    };
    const H: f64 = 1e-5;
    for (at, leaf) in leaves.iter().enumerate() {
        let gradient = leaf
            .grad(&gradients)
            .unwrap()
            .into_data()
            .to_vec::<f64>()
            .unwrap();
        for (place, gradient) in gradient.into_iter().enumerate() {
            let moved = |by: f64| {
                let mut inputs = inputs.clone();
                let dims = inputs[at].dims();
                let mut values = inputs[at].to_data().to_vec::<f64>().unwrap();
                values[place] += by;
                inputs[at] = Tensor::from_data(
                    TensorData::new(values, dims),
                    (&Default::default(), DType::F64),
                );
                loss(&inputs)
            };
            let expected = (moved(H) - moved(-H)) / (2.0 * H);
            let error = (gradient - expected).abs();
            assert!(
                error < 1e-6 * expected.abs().max(1.0),
                "input {at}: {gradient} {expected}"
            );
        }
    }
}

fn check_layer(kind: LayerKind, batch: usize, sizes: [usize; 4]) {
    let [input, weight, bias, output] = sizes;
    for activation in [
        Activation::Identity,
        Activation::Relu,
        Activation::LeakyRelu,
        Activation::Tanh,
    ] {
        let inputs = vec![random(batch * input, 1), random(weight, 2), random(bias, 3)];
        let by = random(batch * output, 4);
        check(inputs, |leaves| {
            let x = leaves[0].clone().reshape([2, batch, input]);
            let y = layer(kind, activation, x, leaves[1].clone(), leaves[2].clone());
            (y.reshape([2, batch * output]) * Tensor::from_inner(by.clone())).sum()
        });
    }
}

#[test]
fn layers_have_the_gradients_of_finite_differences() {
    check_layer(LayerKind::Linear, 3, [4, 4 * 5, 5, 5]);
    for kernel in [2, 4] {
        let shape = ConvShape {
            height: 4,
            width: 6,
            large_channels: 2,
            small_channels: 3,
            kernel,
        };
        let (large, small, weight) = (shape.large_len(), shape.small_len(), shape.weight_len());
        check_layer(LayerKind::Conv(shape), 2, [large, weight, 3, small]);
        check_layer(
            LayerKind::ConvTranspose(shape),
            2,
            [small, weight, 2, large],
        );
    }
}

#[test]
fn bernoulli_nats_has_the_gradient_of_finite_differences() {
    let targets = random(3 * 7, 1).clamp(0.0, 1.0).reshape([2, 3, 7]);
    let by = random(1, 2).reshape([2]);
    check(vec![random(3 * 7, 3)], |leaves| {
        let logits = leaves[0].clone().reshape([2, 3, 7]);
        (bernoulli_nats(logits, targets.clone()) * Tensor::from_inner(by.clone())).sum()
    });
}

#[test]
fn gaussian_nats_is_the_log_density_and_has_the_gradient_of_finite_differences() {
    let targets = random(3 * 7, 1).clamp(0.0, 1.0).reshape([2, 3, 7]);
    let by = random(1, 2).reshape([2]);
    check(vec![random(3 * 7, 3)], |leaves| {
        let logits = leaves[0].clone().reshape([2, 3, 7]);
        (gaussian_nats(logits, targets.clone(), 0.3) * Tensor::from_inner(by.clone())).sum()
    });

    let logits = random(2, 4).reshape([2, 1, 2]);
    let targets = random(2, 5).reshape([2, 1, 2]);
    let nats = Flex::gaussian_nats(logits.clone(), targets.clone(), 0.3);
    let host = |x: Tensor<Flex, 3>| x.into_data().to_vec::<f64>().unwrap();
    let (logits, targets) = (host(logits), host(targets));
    let density = |at: usize| {
        let distance = targets[at] - 1.0 / (1.0 + (-logits[at]).exp());
        (-distance * distance / 0.6).exp() / (std::f64::consts::TAU * 0.3).sqrt()
    };
    let expected = -(density(0) * density(1)).ln();
    assert!((value(nats.narrow(0, 0, 1)) - expected).abs() < 1e-12);
}

#[test]
fn a_gradient_that_nobody_asked_for_is_left_out() {
    let leaf = |len, key| Tensor::<Autodiff<Flex>, 2>::from_inner(random(len, key));
    let (weight, bias) = (leaf(6, 1).require_grad(), leaf(2, 2));
    let input = leaf(3, 3).reshape([2, 1, 3]);
    let output = layer(
        LayerKind::Linear,
        Activation::Relu,
        input,
        weight.clone(),
        bias.clone(),
    );
    let gradients = output.sum().backward();
    assert!(weight.grad(&gradients).is_some());
    assert!(bias.grad(&gradients).is_none());
}
