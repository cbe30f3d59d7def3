//! The strided convolution and its gradients. A few images at a time are computed while they are in the cache.
//!
//! If the sizes allow it, [`winograd`] computes the convolution with fewer multiplications. Otherwise, the large image
//! is brought into one of three layouts for a matrix product. Each is the fastest for some shapes:
//!
//! - [`planes`]: for one channel. The image is split into shifted planes, one for each kernel tap.
//! - [`rows`]: for large images. Patches are not copied: if even and odd rows of an image are stored separately, the
//!   patches of one kernel row are overlapping runs with a fixed stride, which a matrix product can read.
//! - [`patches`]: for all others. Every patch is copied into a row of a matrix.
//!
//! [`PreparedImages`] has large images in their layout, for the convolution and for the weight gradient. [`spread`] has
//! the transposed convolution, which reads the small image. Work is divided into tasks by shape alone.
//! [`spread`] is the transposed convolution, which works on the small image. All cutting into tasks is by shape alone.

mod padded;
mod patches;
mod planes;
mod prepared;
mod rows;
mod spread;
mod winograd;

use rayon::prelude::*;

use super::buffer::Buffer;
use super::elementwise::gate;
use super::scratch::{Scratch, with_scratch};
use crate::kernels::{Activation, ConvShape};
use prepared::PreparedImages;
use spread::SpreadWeight;

/// Number of images in a task. Their weight gradients are summed in order.
const IMAGES_PER_TASK: usize = 8;

/// The sizes and the activation of a layer, for all models.
#[derive(Clone, Copy)]
pub struct ConvLayer {
    pub shape: ConvShape,
    pub activation: Activation,
    pub batch: usize,
}

impl ConvLayer {
    fn large_len(&self) -> usize {
        self.batch * self.shape.large_len()
    }

    fn small_len(&self) -> usize {
        self.batch * self.shape.small_len()
    }
}

/// `small = activation(conv(large, weight) + bias)`.
pub fn down(
    large: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    layer: ConvLayer,
    small: &mut [f32],
) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::down(large, weight, bias, layer, small);
    }
    let group = prepared::images_per_product(shape);
    small
        .par_chunks_mut(layer.small_len())
        .enumerate()
        .for_each(|(model, small)| {
            let large = part(large, model, layer.large_len());
            let weight = part(weight, model, shape.weight_len());
            let bias = bias.map(|bias| part(bias, model, shape.small_channels));
            let groups = small
                .par_chunks_mut(group * shape.small_len())
                .zip(large.par_chunks(group * shape.large_len()));
            groups.for_each(|(small, large)| {
                with_scratch(|scratch| {
                    let Scratch {
                        large: space,
                        product,
                        ..
                    } = scratch;
                    let large = PreparedImages::new(large, shape, space);
                    large.down(weight, bias, layer.activation, product, small);
                });
            });
        });
}

/// `large = activation(conv_transpose(small, weight) + bias)`.
pub fn up(
    small: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    layer: ConvLayer,
    large: &mut [f32],
) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::up(small, weight, bias, layer, large);
    }
    let group = spread::images_per_product(shape);
    large
        .par_chunks_mut(layer.large_len())
        .enumerate()
        .for_each(|(model, large)| {
            let small = part(small, model, layer.small_len());
            let weight = SpreadWeight::new(part(weight, model, shape.weight_len()), shape);
            let bias = bias.map(|bias| part(bias, model, shape.large_channels));
            let groups = large
                .par_chunks_mut(group * shape.large_len())
                .zip(small.par_chunks(group * shape.small_len()));
            groups.for_each(|(large, small)| {
                with_scratch(|scratch| weight.up(small, bias, layer.activation, scratch, large));
            });
        });
}

/// Weight gradient, summed over the batch in a fixed order.
pub fn weight_gradient(large: &[f32], small: &[f32], layer: ConvLayer, grad_weight: &mut [f32]) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::weight_gradient(large, small, layer, grad_weight);
    }
    let models = large
        .par_chunks(layer.large_len())
        .zip(small.par_chunks(layer.small_len()));
    let models = models.zip(grad_weight.par_chunks_mut(shape.weight_len()));
    models.for_each(|((large, small), grad_weight)| {
        let group = prepared::images_per_product(shape);
        let tasks = large
            .par_chunks(IMAGES_PER_TASK * shape.large_len())
            .zip(small.par_chunks(IMAGES_PER_TASK * shape.small_len()));
        let sums = tasks.map(|(large, small)| {
            let mut sum = Buffer::zeros(shape.weight_len());
            let groups = large
                .chunks(group * shape.large_len())
                .zip(small.chunks(group * shape.small_len()));
            for (large, small) in groups {
                with_scratch(|scratch| {
                    let Scratch {
                        large: space,
                        small: small_space,
                        ..
                    } = scratch;
                    let large = PreparedImages::new(large, shape, space);
                    large.add_weight_gradient(small, small_space, sum.values_mut());
                });
            }
            sum
        });
        add_in_order(&sums.collect::<Vec<Buffer>>(), grad_weight);
    });
}

/// The results of a layer's backward pass.
pub struct Backward<'a> {
    /// `[models, weight_len]`.
    pub grad_weight: &'a mut [f32],
    /// `[models, channels]`.
    pub grad_bias: &'a mut [f32],
    /// The shape of the input; `None` if it is not requested.
    pub grad_input: Option<&'a mut [f32]>,
}

/// Backward pass of [`down`] with an activation, from its result and the result's gradient, in one pass over the
/// images.
pub fn down_backward(
    large: &[f32],
    weight: &[f32],
    (small, grad_small): (&[f32], &[f32]),
    layer: ConvLayer,
    out: Backward<'_>,
) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::down_backward(large, weight, (small, grad_small), layer, out);
    }
    let input_len = shape.large_len();
    for_each_task(
        layer,
        IMAGES_PER_TASK,
        shape.small_channels,
        input_len,
        out,
        |model, task, sums| {
            let images = task.images(layer.batch);
            let first = model * layer.batch + images.start;
            let large = &large[first * shape.large_len()..][..images.len() * shape.large_len()];
            let run = first * shape.small_len()..(first + images.len()) * shape.small_len();
            let (small, grad_small) = (&small[run.clone()], &grad_small[run]);
            let weight = part(weight, model, shape.weight_len());
            let spread_weight = task
                .grad_input
                .is_some()
                .then(|| SpreadWeight::new(weight, shape));
            let group = prepared::images_per_product(shape);
            let mut grad_input = task.grad_input.map(|all| all.chunks_mut(group * input_len));
            let groups = small
                .chunks(group * shape.small_len())
                .zip(grad_small.chunks(group * shape.small_len()))
                .zip(large.chunks(group * shape.large_len()));
            for ((small, grad_small), large) in groups {
                with_scratch(|scratch| {
                    let mut grad_sum = std::mem::take(&mut scratch.grad_sum);
                    let gated = grad_sum.unspecified(grad_small.len());
                    gate(grad_small, small, layer.activation, gated, sums.grad_bias);
                    let Scratch {
                        large: space,
                        small: small_space,
                        ..
                    } = scratch;
                    let large = PreparedImages::new(large, shape, space);
                    large.add_weight_gradient(gated, small_space, sums.grad_weight);
                    let grad_input = grad_input.as_mut().and_then(Iterator::next);
                    if let (Some(weight), Some(grad_input)) = (&spread_weight, grad_input) {
                        weight.up(gated, None, Activation::Identity, scratch, grad_input);
                    }
                    scratch.grad_sum = grad_sum;
                });
            }
        },
    );
}

/// Backward pass of [`up`] with an activation, from its result and the result's gradient.
pub fn up_backward(
    small: &[f32],
    weight: &[f32],
    (large, grad_large): (&[f32], &[f32]),
    layer: ConvLayer,
    out: Backward<'_>,
) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::up_backward(small, weight, (large, grad_large), layer, out);
    }
    let input_len = shape.small_len();
    for_each_task(
        layer,
        IMAGES_PER_TASK,
        shape.large_channels,
        input_len,
        out,
        |model, task, sums| {
            let images = task.images(layer.batch);
            let first = model * layer.batch + images.start;
            let small = &small[first * shape.small_len()..][..images.len() * shape.small_len()];
            let run = first * shape.large_len()..(first + images.len()) * shape.large_len();
            let (large, grad_large) = (&large[run.clone()], &grad_large[run]);
            let weight = part(weight, model, shape.weight_len());
            let group = prepared::images_per_product(shape);
            let mut grad_input = task.grad_input.map(|all| all.chunks_mut(group * input_len));
            let groups = large
                .chunks(group * shape.large_len())
                .zip(grad_large.chunks(group * shape.large_len()))
                .zip(small.chunks(group * shape.small_len()));
            for ((large, grad_large), small) in groups {
                with_scratch(|scratch| {
                    let mut grad_sum = std::mem::take(&mut scratch.grad_sum);
                    let gated = grad_sum.unspecified(grad_large.len());
                    gate(grad_large, large, layer.activation, gated, sums.grad_bias);
                    let Scratch {
                        large: space,
                        small: small_space,
                        product,
                        ..
                    } = scratch;
                    let grad_large = PreparedImages::new(gated, shape, space);
                    grad_large.add_weight_gradient(small, small_space, sums.grad_weight);
                    if let Some(grad_input) = grad_input.as_mut().and_then(Iterator::next) {
                        grad_large.down(weight, None, Activation::Identity, product, grad_input);
                    }
                    scratch.grad_sum = grad_sum;
                });
            }
        },
    );
}

/// Consecutive images of one model.
struct ImageTask<'a> {
    index: usize,
    n_images: usize,
    grad_input: Option<&'a mut [f32]>,
}

impl ImageTask<'_> {
    fn images(&self, batch: usize) -> std::ops::Range<usize> {
        let first = self.index * self.n_images;
        first..batch.min(first + self.n_images)
    }
}

/// Gradients, summed over the images of a task.
struct GradientSums<'a> {
    grad_weight: &'a mut [f32],
    grad_bias: &'a mut [f32],
}

/// Divides each model's batch into tasks of `n_images` images, and adds their gradients in order.
fn for_each_task(
    layer: ConvLayer,
    n_images: usize,
    channels: usize,
    input_len: usize,
    out: Backward<'_>,
    work: impl Fn(usize, ImageTask<'_>, GradientSums<'_>) + Sync,
) {
    let n_tasks = layer.batch.div_ceil(n_images);
    let weight_len = layer.shape.weight_len();
    let inputs: Vec<Option<&mut [f32]>> = match out.grad_input {
        Some(grad_input) => grad_input
            .chunks_mut(layer.batch * input_len)
            .flat_map(|model| model.chunks_mut(n_images * input_len))
            .map(Some)
            .collect(),
        None => (0..n_tasks * out.grad_weight.len() / weight_len)
            .map(|_| None)
            .collect(),
    };
    let sums: Vec<(Buffer, Buffer)> = inputs
        .into_par_iter()
        .enumerate()
        .map(|(at, grad_input)| {
            let (mut grad_weight, mut grad_bias) =
                (Buffer::zeros(weight_len), Buffer::zeros(channels));
            let sums = GradientSums {
                grad_weight: grad_weight.values_mut(),
                grad_bias: grad_bias.values_mut(),
            };
            work(
                at / n_tasks,
                ImageTask {
                    index: at % n_tasks,
                    n_images,
                    grad_input,
                },
                sums,
            );
            (grad_weight, grad_bias)
        })
        .collect();
    let (weights, biases): (Vec<Buffer>, Vec<Buffer>) = sums.into_iter().unzip();
    let models = weights.par_chunks(n_tasks).zip(biases.par_chunks(n_tasks));
    let totals = out
        .grad_weight
        .par_chunks_mut(weight_len)
        .zip(out.grad_bias.par_chunks_mut(channels));
    models
        .zip(totals)
        .for_each(|((weights, biases), (grad_weight, grad_bias))| {
            add_in_order(weights, grad_weight);
            add_in_order(biases, grad_bias);
        });
}

fn add_in_order(sums: &[Buffer], total: &mut [f32]) {
    let (first, others) = sums.split_first().expect("a batch has at least one image");
    total.copy_from_slice(first.values());
    for sum in others {
        total
            .iter_mut()
            .zip(sum.values())
            .for_each(|(total, value)| *total += value);
    }
}

fn part(values: &[f32], at: usize, len: usize) -> &[f32] {
    &values[at * len..][..len]
}
