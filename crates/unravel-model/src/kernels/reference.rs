//! The reference implementation of [`Kernels`](super::Kernels): plain Burn operations, written for clarity.

use burn::tensor::{ElementConversion, Int, Tensor, activation, backend::Backend};

use super::{Activation, AdamMoments, AdamStep, ConvShape, LEAKY_SLOPE};

pub fn down<B: Backend>(
    large: Tensor<B, 3>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 2>>,
    activation: Activation,
    shape: ConvShape,
) -> Tensor<B, 3> {
    let [models, batch, _] = large.dims();
    let weight = weight.reshape([models, shape.patch_len(), shape.small_channels]);
    let sum = unfold(large, shape).matmul(weight); // [M, N * pixels, Cs]
    finish(sum, bias, activation).reshape([models, batch, shape.small_len()])
}

pub fn up<B: Backend>(
    small: Tensor<B, 3>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 2>>,
    activation: Activation,
    shape: ConvShape,
) -> Tensor<B, 3> {
    let [models, batch, _] = small.dims();
    let weight = weight.reshape([models, shape.patch_len(), shape.small_channels]);
    let small = small.reshape([models, batch * shape.small_pixels(), shape.small_channels]);
    let sum = fold(small.matmul(weight.swap_dims(1, 2)), batch, shape);
    let sum = sum.reshape([
        models,
        batch * shape.height * shape.width,
        shape.large_channels,
    ]);
    finish(sum, bias, activation).reshape([models, batch, shape.large_len()])
}

pub fn weight_gradient<B: Backend>(
    large: Tensor<B, 3>,
    small: Tensor<B, 3>,
    shape: ConvShape,
) -> Tensor<B, 2> {
    let [models, batch, _] = large.dims();
    let small = small.reshape([models, batch * shape.small_pixels(), shape.small_channels]);
    unfold(large, shape)
        .swap_dims(1, 2)
        .matmul(small)
        .reshape([models, shape.weight_len()])
}

pub fn dense<B: Backend>(
    input: Tensor<B, 3>,
    weight: Tensor<B, 2>,
    bias: Tensor<B, 2>,
    activation: Activation,
) -> Tensor<B, 3> {
    let [models, _, inputs] = input.dims();
    let outputs = bias.dims()[1];
    finish(
        input.matmul(weight.reshape([models, inputs, outputs])),
        Some(bias),
        activation,
    )
}

pub fn dense_input_gradient<B: Backend>(
    gradient: Tensor<B, 3>,
    weight: Tensor<B, 2>,
) -> Tensor<B, 3> {
    let [models, _, outputs] = gradient.dims();
    let inputs = weight.dims()[1] / outputs;
    gradient.matmul(weight.reshape([models, inputs, outputs]).swap_dims(1, 2))
}

pub fn dense_weight_gradient<B: Backend>(
    input: Tensor<B, 3>,
    gradient: Tensor<B, 3>,
) -> Tensor<B, 2> {
    let [models, _, inputs] = input.dims();
    let outputs = gradient.dims()[2];
    input
        .swap_dims(1, 2)
        .matmul(gradient)
        .reshape([models, inputs * outputs])
}

pub fn activation_gradient<B: Backend>(
    gradient: Tensor<B, 3>,
    output: Tensor<B, 3>,
    activation: Activation,
    channels: usize,
) -> (Tensor<B, 3>, Tensor<B, 2>) {
    let [models, batch, features] = gradient.dims();
    let grad_sum = match activation {
        Activation::Identity => gradient,
        Activation::Relu => gradient.mask_fill(output.lower_equal_elem(0.0), 0.0),
        Activation::LeakyRelu => {
            let scaled = gradient.clone().mul_scalar(LEAKY_SLOPE);
            gradient.mask_where(output.lower_equal_elem(0.0), scaled)
        }
        Activation::Tanh => gradient * (output.clone() * output).neg().add_scalar(1.0),
    };
    let runs = grad_sum
        .clone()
        .reshape([models, batch * features / channels, channels]);
    (grad_sum, runs.sum_dim(1).reshape([models, channels]))
}

pub fn bernoulli_nats<B: Backend>(logits: Tensor<B, 3>, targets: Tensor<B, 3>) -> Tensor<B, 1> {
    let [models, batch, pixels] = logits.dims();
    // log(1 + exp(l)) - l x, with the exponential of a number that is never positive.
    let softplus = logits.clone().clamp_min(0.0) + logits.clone().abs().neg().exp().log1p();
    let nats = softplus - logits * targets;
    nats.reshape([models, batch * pixels])
        .sum_dim(1)
        .div_scalar(batch as f64)
        .reshape([models])
}

pub fn bernoulli_gradient<B: Backend>(
    logits: Tensor<B, 3>,
    targets: Tensor<B, 3>,
    gradient: Tensor<B, 1>,
) -> Tensor<B, 3> {
    let [models, batch, _] = logits.dims();
    let scale = gradient.div_scalar(batch as f64).reshape([models, 1, 1]);
    (activation::sigmoid(logits) - targets) * scale
}

pub fn gaussian_nats<B: Backend>(
    logits: Tensor<B, 3>,
    targets: Tensor<B, 3>,
    variance: f64,
) -> Tensor<B, 1> {
    let [models, batch, pixels] = logits.dims();
    let distance = activation::sigmoid(logits) - targets;
    let squares = (distance.clone() * distance).reshape([models, batch * pixels]);
    let constant = 0.5 * pixels as f64 * (std::f64::consts::TAU * variance).ln();
    squares
        .sum_dim(1)
        .mul_scalar(0.5 / (variance * batch as f64))
        .add_scalar(constant)
        .reshape([models])
}

pub fn gaussian_gradient<B: Backend>(
    logits: Tensor<B, 3>,
    targets: Tensor<B, 3>,
    variance: f64,
    gradient: Tensor<B, 1>,
) -> Tensor<B, 3> {
    let [models, batch, _] = logits.dims();
    let scale = gradient
        .div_scalar(variance * batch as f64)
        .reshape([models, 1, 1]);
    let mean = activation::sigmoid(logits);
    let slope = mean.clone() * mean.clone().neg().add_scalar(1.0);
    (mean - targets) * slope * scale
}

pub fn adam<B: Backend>(
    moments: AdamMoments<B>,
    gradient: Tensor<B, 2>,
    step: AdamStep,
) -> AdamMoments<B> {
    let AdamMoments {
        value,
        first,
        second,
    } = moments;
    let first = first.mul_scalar(step.beta1) + gradient.clone().mul_scalar(1.0 - step.beta1);
    let second =
        second.mul_scalar(step.beta2) + (gradient.clone() * gradient).mul_scalar(1.0 - step.beta2);
    let root = second
        .clone()
        .div_scalar(step.correction2())
        .sqrt()
        .add_scalar(step.epsilon);
    let value = value
        - first
            .clone()
            .mul_scalar(step.learning_rate / step.correction1())
            / root;
    AdamMoments {
        value,
        first,
        second,
    }
}

pub fn unpack_bits<B: Backend>(words: Tensor<B, 3, Int>) -> Tensor<B, 3> {
    let [models, batch, n_words] = words.dims();
    let shifts = Tensor::<B, 1, Int>::arange(0..32, &words.device()).reshape([1, 1, 1, 32]);
    let dims = [models, batch, n_words, 32];
    let bits = words
        .unsqueeze_dim::<4>(3)
        .expand(dims)
        .bitwise_right_shift(shifts.expand(dims));
    bits.bitwise_and_scalar(1.elem())
        .float()
        .reshape([models, batch, 32 * n_words])
}

/// Adds the bias `[M, channels]` to `[M, rows, channels]` and applies the activation.
pub(super) fn finish<B: Backend>(
    sum: Tensor<B, 3>,
    bias: Option<Tensor<B, 2>>,
    activation: Activation,
) -> Tensor<B, 3> {
    let sum = match bias {
        Some(bias) => sum + bias.unsqueeze_dim(1),
        None => sum,
    };
    match activation {
        Activation::Identity => sum,
        Activation::Relu => activation::relu(sum),
        Activation::LeakyRelu => activation::leaky_relu(sum, LEAKY_SLOPE),
        Activation::Tanh => sum.tanh(),
    }
}

/// The patches under each small pixel: `[M, N, large_len]` to `[M, N * small_pixels, patch_len]`.
fn unfold<B: Backend>(large: Tensor<B, 3>, shape: ConvShape) -> Tensor<B, 3> {
    let [models, batch, _] = large.dims();
    let (rows, columns, channels) = (
        shape.small_height(),
        shape.small_width(),
        shape.large_channels,
    );
    let (padding, padded) = (shape.padding(), padded_halves(shape));
    let image = large.reshape([models, batch, shape.height, shape.width, channels]);
    let dims = [models, batch, 2 * padded.0, 2 * padded.1, channels];
    let canvas = Tensor::<B, 5>::zeros(dims, (&image.device(), image.dtype()))
        .slice_assign(
            [
                0..models,
                0..batch,
                padding..padding + shape.height,
                padding..padding + shape.width,
                0..channels,
            ],
            image,
        )
        .reshape([models, batch, padded.0, 2, padded.1, 2, channels]);
    let taps = kernel_taps(shape.kernel)
        .map(|(y, x)| {
            canvas
                .clone()
                .slice(tap_ranges(models, batch, y, x, shape))
                .reshape([models, batch * rows * columns, channels])
        })
        .collect();
    Tensor::cat(taps, 2)
}

/// The adjoint of [`unfold`]: sums `[M, N * small_pixels, patch_len]` into `[M, N, large_len]`.
fn fold<B: Backend>(patches: Tensor<B, 3>, batch: usize, shape: ConvShape) -> Tensor<B, 3> {
    let models = patches.dims()[0];
    let (rows, columns, channels) = (
        shape.small_height(),
        shape.small_width(),
        shape.large_channels,
    );
    let (padding, padded) = (shape.padding(), padded_halves(shape));
    let n_rows = batch * rows * columns;
    let dims = [models, batch, padded.0, 2, padded.1, 2, channels];
    let mut canvas = Tensor::<B, 7>::zeros(dims, (&patches.device(), patches.dtype()));
    for (tap, (y, x)) in kernel_taps(shape.kernel).enumerate() {
        let columns_of_tap = tap * channels..(tap + 1) * channels;
        let ranges = tap_ranges(models, batch, y, x, shape);
        let values = patches
            .clone()
            .slice([0..models, 0..n_rows, columns_of_tap])
            .reshape([models, batch, rows, 1, columns, 1, channels]);
        let sum = canvas.clone().slice(ranges.clone()) + values;
        canvas = canvas.slice_assign(ranges, sum);
    }
    canvas
        .reshape([models, batch, 2 * padded.0, 2 * padded.1, channels])
        .slice([
            0..models,
            0..batch,
            padding..padding + shape.height,
            padding..padding + shape.width,
            0..channels,
        ])
        .reshape([models, batch, shape.large_len()])
}

fn kernel_taps(kernel: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..kernel).flat_map(move |y| (0..kernel).map(move |x| (y, x)))
}

/// Half the height and width of the padded large image: the stride becomes an axis of length 2.
fn padded_halves(shape: ConvShape) -> (usize, usize) {
    (
        shape.small_height() + shape.padding(),
        shape.small_width() + shape.padding(),
    )
}

/// The position of tap `(y, x)` of each patch in the canvas `[M, N, rows, 2, columns, 2, C]`.
fn tap_ranges(
    models: usize,
    batch: usize,
    y: usize,
    x: usize,
    shape: ConvShape,
) -> [std::ops::Range<usize>; 7] {
    [
        0..models,
        0..batch,
        y / 2..y / 2 + shape.small_height(),
        y % 2..y % 2 + 1,
        x / 2..x / 2 + shape.small_width(),
        x % 2..x % 2 + 1,
        0..shape.large_channels,
    ]
}
