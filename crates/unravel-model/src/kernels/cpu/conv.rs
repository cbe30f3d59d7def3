//! The strided convolution and its gradients, a few images at a time while they are in cache.
//!
//! Where sizes allow, [`winograd`] does it with fewer multiplications. Otherwise there are three ways to put the large
//! image before a matrix product, each the fastest for some shapes:
//!
//! - [`planes`]: one channel. The image is split into shifted planes, one a kernel tap.
//! - [`rows`]: large images. Patches are not copied at all: in an image whose even and odd rows are kept apart, the
//!   patches of one kernel row are overlapping runs a fixed stride apart, which is what a matrix product reads.
//! - [`patches`]: the rest. Every patch is copied into a row of a matrix.
//!
//! [`Prepared`] is the large image in its form, from which both the convolution and the gradient by the weight follow;
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
use prepared::Prepared;
use spread::SpreadWeight;

/// Images whose gradients by the weight are added up by one task, in order.
const IMAGES_PER_TASK: usize = 8;

/// One layer for all models: sizes and what follows the sum.
#[derive(Clone, Copy)]
pub struct Layer {
    pub shape: ConvShape,
    pub activation: Activation,
    pub batch: usize,
}

impl Layer {
    fn large_len(&self) -> usize {
        self.batch * self.shape.large_len()
    }

    fn small_len(&self) -> usize {
        self.batch * self.shape.small_len()
    }
}

/// `small = activation(conv(large, weight) + bias)`.
pub fn down(large: &[f32], weight: &[f32], bias: Option<&[f32]>, layer: Layer, small: &mut [f32]) {
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
                    let large = Prepared::new(large, shape, space);
                    large.down(weight, bias, layer.activation, product, small);
                });
            });
        });
}

/// `large = activation(conv_transpose(small, weight) + bias)`.
pub fn up(small: &[f32], weight: &[f32], bias: Option<&[f32]>, layer: Layer, large: &mut [f32]) {
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

/// Gradient by the weight, summed over the batch in a fixed order.
pub fn weight_gradient(large: &[f32], small: &[f32], layer: Layer, by_weight: &mut [f32]) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::weight_gradient(large, small, layer, by_weight);
    }
    let models = large
        .par_chunks(layer.large_len())
        .zip(small.par_chunks(layer.small_len()));
    let models = models.zip(by_weight.par_chunks_mut(shape.weight_len()));
    models.for_each(|((large, small), by_weight)| {
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
                    let large = Prepared::new(large, shape, space);
                    large.add_weight_gradient(small, small_space, sum.values_mut());
                });
            }
            sum
        });
        add_in_order(&sums.collect::<Vec<Buffer>>(), by_weight);
    });
}

/// What the backward pass of a layer computes.
pub struct Backward<'a> {
    /// `[models, weight_len]`.
    pub by_weight: &'a mut [f32],
    /// `[models, channels]`.
    pub by_bias: &'a mut [f32],
    /// As the input; none where it is not wanted.
    pub by_input: Option<&'a mut [f32]>,
}

/// Backward pass of [`down`] with an activation: from the gradient by its result, in one sweep over the images.
pub fn down_backward(
    large: &[f32],
    weight: &[f32],
    (small, by_small): (&[f32], &[f32]),
    layer: Layer,
    out: Backward<'_>,
) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::down_backward(large, weight, (small, by_small), layer, out);
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
            let (small, by_small) = (&small[run.clone()], &by_small[run]);
            let weight = part(weight, model, shape.weight_len());
            let spread_weight = task
                .by_input
                .is_some()
                .then(|| SpreadWeight::new(weight, shape));
            let group = prepared::images_per_product(shape);
            let mut by_input = task.by_input.map(|all| all.chunks_mut(group * input_len));
            let groups = small
                .chunks(group * shape.small_len())
                .zip(by_small.chunks(group * shape.small_len()))
                .zip(large.chunks(group * shape.large_len()));
            for ((small, by_small), large) in groups {
                with_scratch(|scratch| {
                    let mut by_sum = std::mem::take(&mut scratch.by_sum);
                    let gated = by_sum.unspecified(by_small.len());
                    gate(by_small, small, layer.activation, gated, sums.by_bias);
                    let Scratch {
                        large: space,
                        small: small_space,
                        ..
                    } = scratch;
                    let large = Prepared::new(large, shape, space);
                    large.add_weight_gradient(gated, small_space, sums.by_weight);
                    let by_input = by_input.as_mut().and_then(Iterator::next);
                    if let (Some(weight), Some(by_input)) = (&spread_weight, by_input) {
                        weight.up(gated, None, Activation::Identity, scratch, by_input);
                    }
                    scratch.by_sum = by_sum;
                });
            }
        },
    );
}

/// Backward pass of [`up`] with an activation.
pub fn up_backward(
    small: &[f32],
    weight: &[f32],
    (large, by_large): (&[f32], &[f32]),
    layer: Layer,
    out: Backward<'_>,
) {
    let shape = layer.shape;
    if winograd::suits(shape) {
        return winograd::up_backward(small, weight, (large, by_large), layer, out);
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
            let (large, by_large) = (&large[run.clone()], &by_large[run]);
            let weight = part(weight, model, shape.weight_len());
            let group = prepared::images_per_product(shape);
            let mut by_input = task.by_input.map(|all| all.chunks_mut(group * input_len));
            let groups = large
                .chunks(group * shape.large_len())
                .zip(by_large.chunks(group * shape.large_len()))
                .zip(small.chunks(group * shape.small_len()));
            for ((large, by_large), small) in groups {
                with_scratch(|scratch| {
                    let mut by_sum = std::mem::take(&mut scratch.by_sum);
                    let gated = by_sum.unspecified(by_large.len());
                    gate(by_large, large, layer.activation, gated, sums.by_bias);
                    let Scratch {
                        large: space,
                        small: small_space,
                        product,
                        ..
                    } = scratch;
                    let by_large = Prepared::new(gated, shape, space);
                    by_large.add_weight_gradient(small, small_space, sums.by_weight);
                    if let Some(by_input) = by_input.as_mut().and_then(Iterator::next) {
                        by_large.down(weight, None, Activation::Identity, product, by_input);
                    }
                    scratch.by_sum = by_sum;
                });
            }
        },
    );
}

/// A run of images of one model.
struct Task<'a> {
    index: usize,
    n_images: usize,
    by_input: Option<&'a mut [f32]>,
}

impl Task<'_> {
    fn images(&self, batch: usize) -> std::ops::Range<usize> {
        let first = self.index * self.n_images;
        first..batch.min(first + self.n_images)
    }
}

/// Sums over the images of a task.
struct Sums<'a> {
    by_weight: &'a mut [f32],
    by_bias: &'a mut [f32],
}

/// Cuts every model's batch into tasks of so many images, and adds up their sums in order.
fn for_each_task(
    layer: Layer,
    n_images: usize,
    channels: usize,
    input_len: usize,
    out: Backward<'_>,
    work: impl Fn(usize, Task<'_>, Sums<'_>) + Sync,
) {
    let n_tasks = layer.batch.div_ceil(n_images);
    let weight_len = layer.shape.weight_len();
    let inputs: Vec<Option<&mut [f32]>> = match out.by_input {
        Some(by_input) => by_input
            .chunks_mut(layer.batch * input_len)
            .flat_map(|model| model.chunks_mut(n_images * input_len))
            .map(Some)
            .collect(),
        None => (0..n_tasks * out.by_weight.len() / weight_len)
            .map(|_| None)
            .collect(),
    };
    let sums: Vec<(Buffer, Buffer)> = inputs
        .into_par_iter()
        .enumerate()
        .map(|(at, by_input)| {
            let (mut by_weight, mut by_bias) = (Buffer::zeros(weight_len), Buffer::zeros(channels));
            let sums = Sums {
                by_weight: by_weight.values_mut(),
                by_bias: by_bias.values_mut(),
            };
            work(
                at / n_tasks,
                Task {
                    index: at % n_tasks,
                    n_images,
                    by_input,
                },
                sums,
            );
            (by_weight, by_bias)
        })
        .collect();
    let (weights, biases): (Vec<Buffer>, Vec<Buffer>) = sums.into_iter().unzip();
    let models = weights.par_chunks(n_tasks).zip(biases.par_chunks(n_tasks));
    let totals = out
        .by_weight
        .par_chunks_mut(weight_len)
        .zip(out.by_bias.par_chunks_mut(channels));
    models
        .zip(totals)
        .for_each(|((weights, biases), (by_weight, by_bias))| {
            add_in_order(weights, by_weight);
            add_in_order(biases, by_bias);
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
