//! The fast kernels against the reference, on shapes that do not divide evenly.

use burn::backend::Flex;
use burn::tensor::{Tensor, TensorData};
use unravel_sweep::{Architecture, DiscriminatorConfig};

use super::super::reference;
use crate::kernels::{
    Activation, AdamMoments, AdamStep, ConvShape, ForwardPass, Kernels, LayerGradients, LayerKind,
    RequestedGradients, compose_backward,
};
use crate::network::{LayerSpec, decoder_layers, discriminator_layers, encoder_layers};
use crate::random::{Purpose, Stream};

const ACTIVATIONS: [Activation; 4] = [
    Activation::Identity,
    Activation::Relu,
    Activation::LeakyRelu,
    Activation::Tanh,
];

/// Convolutions of every kind that the architectures have, small enough to be quick.
const SHAPES: [ConvShape; 7] = [
    ConvShape {
        height: 32,
        width: 32,
        large_channels: 1,
        small_channels: 32,
        kernel: 4,
    },
    ConvShape {
        height: 16,
        width: 8,
        large_channels: 32,
        small_channels: 32,
        kernel: 4,
    },
    ConvShape {
        height: 8,
        width: 32,
        large_channels: 8,
        small_channels: 16,
        kernel: 4,
    },
    ConvShape {
        height: 8,
        width: 8,
        large_channels: 3,
        small_channels: 5,
        kernel: 2,
    },
    ConvShape {
        height: 8,
        width: 8,
        large_channels: 3,
        small_channels: 5,
        kernel: 4,
    },
    ConvShape {
        height: 8,
        width: 8,
        large_channels: 64,
        small_channels: 64,
        kernel: 4,
    },
    ConvShape {
        height: 2,
        width: 2,
        large_channels: 2,
        small_channels: 3,
        kernel: 4,
    },
];

fn random<const D: usize>(dims: [usize; D], key: u64) -> Tensor<Flex, D> {
    let mut values = vec![0.0; dims.iter().product()];
    Stream::new(key, Purpose::Noise, 0).normal(&mut values);
    Tensor::from_data(TensorData::new(values, dims), &Default::default())
}

/// Largest difference, relative to the largest value.
#[track_caller]
fn check<const D: usize>(fast: Tensor<Flex, D>, reference: Tensor<Flex, D>, what: &str) {
    assert_eq!(fast.dims(), reference.dims(), "{what}");
    let scale = reference.clone().abs().max().into_scalar().max(1e-6);
    let difference = (fast - reference).abs().max().into_scalar();
    assert!(
        difference <= 3e-5 * scale,
        "{what}: differs by {difference} of {scale}"
    );
}

#[test]
fn convolutions_agree_with_the_reference() {
    for shape in SHAPES {
        // 2 models of 37 images: the last run of images is shorter than the others.
        let (models, batch) = (2, 37);
        let large = random([models, batch, shape.large_len()], 1);
        let small = random([models, batch, shape.small_len()], 2);
        // Sums of the order of 1, where no activation is saturated.
        let scale = 0.5 / (shape.patch_len() as f32).sqrt();
        let weight = random([models, shape.weight_len()], 3) * scale;
        let small_bias = random([models, shape.small_channels], 4);
        let large_bias = random([models, shape.large_channels], 5);
        for activation in ACTIVATIONS {
            let what = format!("{shape:?} {activation:?}");
            let down = |f: fn(_, _, _, _, _) -> _| {
                f(
                    large.clone(),
                    weight.clone(),
                    Some(small_bias.clone()),
                    activation,
                    shape,
                )
            };
            check(down(Flex::down), down(reference::down), &what);
            let up = |f: fn(_, _, _, _, _) -> _| {
                f(
                    small.clone(),
                    weight.clone(),
                    Some(large_bias.clone()),
                    activation,
                    shape,
                )
            };
            check(up(Flex::up), up(reference::up), &what);
        }
        check(
            Flex::weight_gradient(large.clone(), small.clone(), shape),
            reference::weight_gradient(large, small, shape),
            &format!("weight gradient of {shape:?}"),
        );
    }
}

#[test]
fn dense_layers_agree_with_the_reference() {
    for (models, batch, inputs, outputs) in [(2, 37, 10, 256), (1, 64, 300, 2), (3, 5, 513, 70)] {
        let input = random([models, batch, inputs], 1);
        let weight = random([models, inputs * outputs], 2);
        let bias = random([models, outputs], 3);
        let gradient = random([models, batch, outputs], 4);
        for activation in ACTIVATIONS {
            let forward =
                |f: fn(_, _, _, _) -> _| f(input.clone(), weight.clone(), bias.clone(), activation);
            check(forward(Flex::dense), forward(reference::dense), "dense");
        }
        check(
            Flex::dense_input_gradient(gradient.clone(), weight.clone()),
            reference::dense_input_gradient(gradient.clone(), weight),
            "gradient by input",
        );
        check(
            Flex::dense_weight_gradient(input.clone(), gradient.clone()),
            reference::dense_weight_gradient(input, gradient),
            "gradient by weight",
        );
    }
}

#[test]
fn elementwise_passes_agree_with_the_reference() {
    for channels in [1, 3, 32] {
        let (gradient, output) = (random([2, 37, 96], 1), random([2, 37, 96], 2).tanh());
        for activation in ACTIVATIONS {
            let run = |f: fn(_, _, _, _) -> _| -> (Tensor<Flex, 3>, Tensor<Flex, 2>) {
                f(gradient.clone(), output.clone(), activation, channels)
            };
            let (fast, expected) = (
                run(Flex::activation_gradient),
                run(reference::activation_gradient),
            );
            check(fast.0, expected.0, "gradient by sum");
            check(fast.1, expected.1, "gradient by bias");
        }
    }
    let logits = random([2, 7, 100], 3) * 20.0;
    let targets = random([2, 7, 100], 4).clamp(0.0, 1.0);
    let scale = random([2], 5);
    check(
        Flex::bernoulli_nats(logits.clone(), targets.clone()),
        reference::bernoulli_nats(logits.clone(), targets.clone()),
        "bernoulli",
    );
    check(
        Flex::bernoulli_gradient(logits.clone(), targets.clone(), scale.clone()),
        reference::bernoulli_gradient(logits, targets, scale),
        "bernoulli gradient",
    );
}

#[test]
fn adam_agrees_with_the_reference_over_many_steps() {
    let start = || {
        let zeros = || Tensor::zeros([2, 1000], &Default::default());
        AdamMoments {
            value: random([2, 1000], 1),
            first: zeros(),
            second: zeros(),
        }
    };
    let (mut fast, mut expected) = (start(), start());
    for t in 1..=20 {
        let step = AdamStep {
            learning_rate: 1e-2,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            t,
        };
        let gradient = random([2, 1000], 100 + t);
        fast = Flex::adam(fast, gradient.clone(), step);
        expected = reference::adam(expected, gradient, step);
    }
    check(fast.value, expected.value, "value");
    check(fast.first, expected.first, "first moment");
    check(fast.second, expected.second, "second moment");
}

#[test]
fn the_fused_backward_pass_agrees_with_its_parts() {
    for shape in SHAPES {
        let (models, batch) = (2, 37);
        for kind in [LayerKind::Conv(shape), LayerKind::ConvTranspose(shape)] {
            let (inputs, outputs) = match kind {
                LayerKind::ConvTranspose(_) => (shape.small_len(), shape.large_len()),
                _ => (shape.large_len(), shape.small_len()),
            };
            for has_input_gradient in [true, false] {
                let run = |f: fn(_, _, _, _, _) -> LayerGradients<Flex>| {
                    let pass = ForwardPass {
                        input: random([models, batch, inputs], 1),
                        weight: random([models, shape.weight_len()], 2),
                        output: random([models, batch, outputs], 3),
                    };
                    let gradient = random([models, batch, outputs], 4);
                    let wanted = RequestedGradients {
                        parameters: true,
                        input: has_input_gradient,
                    };
                    f(kind, Activation::Relu, pass, gradient, wanted)
                };
                let (fused, parts) = (run(Flex::layer_backward), run(compose_backward::<Flex>));
                let what = format!("{kind:?}");
                check(
                    fused.grad_weight.unwrap(),
                    parts.grad_weight.unwrap(),
                    &what,
                );
                check(fused.grad_bias.unwrap(), parts.grad_bias.unwrap(), &what);
                assert_eq!(fused.grad_input.is_some(), has_input_gradient);
                if let (Some(fused), Some(parts)) = (fused.grad_input, parts.grad_input) {
                    check(fused, parts, &what);
                }
            }
        }
    }
}

/// Every layer of every architecture that the defaults for dSprites have, once.
fn layers_of_every_architecture() -> Vec<LayerSpec> {
    let mut layers = Vec::new();
    for architecture in Architecture::ALL {
        let image = [64, 64, 1];
        let encoder = encoder_layers(*architecture, image, 10).unwrap();
        let decoder = decoder_layers(*architecture, image, 10).unwrap();
        for layer in encoder.into_iter().chain(decoder) {
            if !layers.contains(&layer) {
                layers.push(layer);
            }
        }
    }
    let discriminator = DiscriminatorConfig::default();
    layers.extend(discriminator_layers(
        10,
        discriminator.layers,
        discriminator.units,
    ));
    layers
}

/// What a layer computes: output, gradients by weight, bias and input.
type Computed = (Tensor<Flex, 3>, LayerGradients<Flex>);

/// A layer forward and backward through the fast operations.
fn fast(layer: &LayerSpec, batch: usize) -> Computed {
    compute(
        layer,
        batch,
        Flex::dense,
        Flex::down,
        Flex::up,
        Flex::layer_backward,
    )
}

/// The same through the reference, which gets the fast operations' output, so that both see the same gates.
fn expected(layer: &LayerSpec, batch: usize) -> Computed {
    compute(
        layer,
        batch,
        reference::dense,
        reference::down,
        reference::up,
        |kind, activation, pass, gradient, _| {
            let channels = kind.channels(gradient.dims()[2]);
            let (grad_sum, grad_bias) =
                reference::activation_gradient(gradient, pass.output, activation, channels);
            let (input, weight, identity) = (pass.input, pass.weight, Activation::Identity);
            let (grad_weight, grad_input) = match kind {
                LayerKind::Linear => (
                    reference::dense_weight_gradient(input, grad_sum.clone()),
                    reference::dense_input_gradient(grad_sum, weight),
                ),
                LayerKind::Conv(shape) => (
                    reference::weight_gradient(input, grad_sum.clone(), shape),
                    reference::up(grad_sum, weight, None, identity, shape),
                ),
                LayerKind::ConvTranspose(shape) => (
                    reference::weight_gradient(grad_sum.clone(), input, shape),
                    reference::down(grad_sum, weight, None, identity, shape),
                ),
            };
            LayerGradients {
                grad_weight: Some(grad_weight),
                grad_bias: Some(grad_bias),
                grad_input: Some(grad_input),
            }
        },
    )
}

type Connect = fn(Tensor<Flex, 3>, Tensor<Flex, 2>, Tensor<Flex, 2>, Activation) -> Tensor<Flex, 3>;

type Backpropagate = fn(
    LayerKind,
    Activation,
    ForwardPass<Flex>,
    Tensor<Flex, 3>,
    RequestedGradients,
) -> LayerGradients<Flex>;

type Convolve = fn(
    Tensor<Flex, 3>,
    Tensor<Flex, 2>,
    Option<Tensor<Flex, 2>>,
    Activation,
    ConvShape,
) -> Tensor<Flex, 3>;

fn compute(
    layer: &LayerSpec,
    batch: usize,
    dense: Connect,
    down: Convolve,
    up: Convolve,
    backward: Backpropagate,
) -> Computed {
    let models = 2;
    let input = random([models, batch, layer.inputs], 1);
    let weight = random([models, layer.weight_len()], 2);
    let bias = random([models, layer.channels], 3);
    let activation = layer.activation;
    let output = match layer.kind {
        LayerKind::Linear => dense(input.clone(), weight.clone(), bias, activation),
        LayerKind::Conv(s) => down(input.clone(), weight.clone(), Some(bias), activation, s),
        LayerKind::ConvTranspose(s) => up(input.clone(), weight.clone(), Some(bias), activation, s),
    };
    let pass = ForwardPass {
        input,
        weight,
        output: random([models, batch, layer.outputs], 4).tanh(),
    };
    let wanted = RequestedGradients {
        parameters: true,
        input: true,
    };
    let gradient = random([models, batch, layer.outputs], 5);
    let gradients = backward(layer.kind, activation, pass, gradient, wanted);
    (output, gradients)
}

#[track_caller]
fn check_computed(got: Computed, expected: Computed, layer: &LayerSpec) {
    let kind = layer.kind;
    let gradients = |computed: Computed| {
        let LayerGradients {
            grad_weight,
            grad_bias,
            grad_input,
        } = computed.1;
        (
            grad_weight.unwrap(),
            grad_bias.unwrap(),
            grad_input.unwrap(),
        )
    };
    check(got.0.clone(), expected.0.clone(), &format!("{kind:?}"));
    let (got, expected) = (gradients(got), gradients(expected));
    check(got.0, expected.0, &format!("{kind:?} by weight"));
    check(got.1, expected.1, &format!("{kind:?} by bias"));
    check(got.2, expected.2, &format!("{kind:?} by input"));
}

#[test]
fn every_layer_of_every_architecture_agrees_with_the_reference() {
    for layer in layers_of_every_architecture() {
        check_computed(fast(&layer, 2), expected(&layer, 2), &layer);
    }
}

/// On processors without AVX-512 this compares the path of those that have AVX2 with itself, and on others the plain
/// one.
#[test]
fn narrower_instruction_sets_agree_with_the_widest() {
    let mut narrower = vec![pulp::Arch::Scalar];
    #[cfg(target_arch = "x86_64")]
    narrower.extend(pulp::x86::V3::try_new().map(pulp::Arch::V3));
    for arch in narrower {
        // Of the fully connected layers, the instruction set decides only how gradients are gated.
        let is_convolution = |layer: &LayerSpec| layer.kind != LayerKind::Linear;
        for layer in layers_of_every_architecture()
            .into_iter()
            .filter(is_convolution)
        {
            let narrow = super::arch::tests::with(arch, || fast(&layer, 2));
            check_computed(narrow, fast(&layer, 2), &layer);
        }
    }
}

#[test]
fn bits_are_unpacked_from_the_lowest() {
    let words = TensorData::new(vec![0b101i32, -1, 0, i32::MIN], [1, 2, 2]);
    let pixels = Flex::unpack_bits(Tensor::from_data(words, &Default::default()));
    let pixels: Vec<f32> = pixels.into_data().to_vec().unwrap();
    let ones: Vec<usize> = (0..128).filter(|p| pixels[*p] == 1.0).collect();
    let expected: Vec<usize> = [0, 2].into_iter().chain(32..64).chain([127]).collect();
    assert_eq!(ones, expected);
    assert!(pixels.iter().all(|p| *p == 0.0 || *p == 1.0));
}
