//! The strided convolution: a few images at a time are unfolded into patches and multiplied while they are in cache.
//!
//! Channels last makes a row of a patch one contiguous run of the image, so that unfolding is copying.

use std::cell::RefCell;

use rayon::prelude::*;

use super::elementwise::activate;
use super::matmul::{Matrix, Write, matmul};
use crate::kernels::{Activation, ConvShape};

/// Bytes of patches that one matrix product works on: half of a common second-level cache.
const PATCH_BYTES: usize = 512 * 1024;

/// Images whose weight gradients are added up by one task, in order.
const IMAGES_PER_PARTIAL_SUM: usize = 16;

/// `small = activation(unfold(large) * weight + bias)`.
pub fn down(
    large: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    activation: Activation,
    shape: ConvShape,
    batch: usize,
    small: &mut [f32],
) {
    let group = images_per_product(shape);
    small
        .par_chunks_mut(batch * shape.small_len())
        .enumerate()
        .for_each(|(model, small)| {
            let large = part(large, model, batch * shape.large_len());
            let weight = Matrix::new(
                part(weight, model, shape.weight_len()),
                shape.patch_len(),
                shape.small_channels,
            );
            let bias = bias.map(|bias| part(bias, model, shape.small_channels));
            small
                .par_chunks_mut(group * shape.small_len())
                .enumerate()
                .for_each(|(at, small)| {
                    let images = small.len() / shape.small_len();
                    let large =
                        &large[at * group * shape.large_len()..][..images * shape.large_len()];
                    with_patches(
                        images * shape.small_pixels() * shape.patch_len(),
                        |patches| {
                            unfold(large, shape, patches);
                            let rows = images * shape.small_pixels();
                            let patches = Matrix::new(patches, rows, shape.patch_len());
                            matmul(patches, weight, small, shape.small_channels, Write::Replace);
                        },
                    );
                    activate(small, bias, activation);
                });
        });
}

/// `large = activation(fold(small * weight^T) + bias)`.
pub fn up(
    small: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    activation: Activation,
    shape: ConvShape,
    batch: usize,
    large: &mut [f32],
) {
    let group = images_per_product(shape);
    large
        .par_chunks_mut(batch * shape.large_len())
        .enumerate()
        .for_each(|(model, large)| {
            let small = part(small, model, batch * shape.small_len());
            let weight = Matrix::new(
                part(weight, model, shape.weight_len()),
                shape.patch_len(),
                shape.small_channels,
            );
            let bias = bias.map(|bias| part(bias, model, shape.large_channels));
            large
                .par_chunks_mut(group * shape.large_len())
                .enumerate()
                .for_each(|(at, large)| {
                    let images = large.len() / shape.large_len();
                    let small =
                        &small[at * group * shape.small_len()..][..images * shape.small_len()];
                    with_patches(
                        images * shape.small_pixels() * shape.patch_len(),
                        |patches| {
                            let rows = images * shape.small_pixels();
                            let small = Matrix::new(small, rows, shape.small_channels);
                            matmul(
                                small,
                                weight.transposed(),
                                patches,
                                shape.patch_len(),
                                Write::Replace,
                            );
                            fold(patches, shape, large);
                        },
                    );
                    activate(large, bias, activation);
                });
        });
}

/// `gradient = unfold(large)^T * small`, summed over the batch in a fixed order.
pub fn weight_gradient(
    large: &[f32],
    small: &[f32],
    shape: ConvShape,
    batch: usize,
    gradient: &mut [f32],
) {
    let group = images_per_product(shape).min(IMAGES_PER_PARTIAL_SUM);
    let n_partial = batch.div_ceil(IMAGES_PER_PARTIAL_SUM);
    let models = gradient.len() / shape.weight_len();
    let mut partial = vec![0.0; models * n_partial * shape.weight_len()];
    partial
        .par_chunks_mut(shape.weight_len())
        .enumerate()
        .for_each(|(task, sum)| {
            let first = (task % n_partial) * IMAGES_PER_PARTIAL_SUM;
            let images = IMAGES_PER_PARTIAL_SUM.min(batch - first);
            let start = (task / n_partial) * batch + first;
            let large = &large[start * shape.large_len()..][..images * shape.large_len()];
            let small = &small[start * shape.small_len()..][..images * shape.small_len()];
            let groups = large
                .chunks(group * shape.large_len())
                .zip(small.chunks(group * shape.small_len()))
                .enumerate();
            for (at, (large, small)) in groups {
                let rows = small.len() / shape.small_channels;
                let write = if at == 0 { Write::Replace } else { Write::Add };
                with_patches(rows * shape.patch_len(), |patches| {
                    unfold(large, shape, patches);
                    let patches = Matrix::new(patches, rows, shape.patch_len());
                    let small = Matrix::new(small, rows, shape.small_channels);
                    matmul(
                        patches.transposed(),
                        small,
                        sum,
                        shape.small_channels,
                        write,
                    );
                });
            }
        });
    let sums = partial.par_chunks(n_partial * shape.weight_len());
    gradient
        .par_chunks_mut(shape.weight_len())
        .zip(sums)
        .for_each(|(gradient, sums)| {
            for sum in sums.chunks(shape.weight_len()) {
                gradient
                    .iter_mut()
                    .zip(sum)
                    .for_each(|(total, value)| *total += value);
            }
        });
}

/// The images of one product: as many as keep their patches within [`PATCH_BYTES`]. Depends on the shape alone.
fn images_per_product(shape: ConvShape) -> usize {
    let bytes = shape.small_pixels() * shape.patch_len() * size_of::<f32>();
    (PATCH_BYTES / bytes.max(1)).max(1)
}

fn part(values: &[f32], at: usize, len: usize) -> &[f32] {
    &values[at * len..][..len]
}

/// Copies the patch under each small pixel into a row of `patches`, zero outside the image.
fn unfold(large: &[f32], shape: ConvShape, patches: &mut [f32]) {
    let images = large.chunks_exact(shape.large_len());
    let targets = patches.chunks_exact_mut(shape.small_pixels() * shape.patch_len());
    for (image, target) in images.zip(targets) {
        let mut rows = target.chunks_exact_mut(shape.patch_len());
        for y in 0..shape.small_height() {
            for x in 0..shape.small_width() {
                let Some(patch) = rows.next() else { return };
                let run_len = shape.kernel * shape.large_channels;
                for (ky, run) in patch.chunks_exact_mut(run_len).enumerate() {
                    match Run::of(shape, y, x, ky) {
                        Some(inside) => {
                            run[..inside.skip].fill(0.0);
                            run[inside.skip..inside.skip + inside.len]
                                .copy_from_slice(&image[inside.start..][..inside.len]);
                            run[inside.skip + inside.len..].fill(0.0);
                        }
                        None => run.fill(0.0),
                    }
                }
            }
        }
    }
}

/// Adds each row of `patches` to the pixels it came from: the adjoint of [`unfold`].
fn fold(patches: &[f32], shape: ConvShape, large: &mut [f32]) {
    let images = large.chunks_exact_mut(shape.large_len());
    let sources = patches.chunks_exact(shape.small_pixels() * shape.patch_len());
    for (image, source) in images.zip(sources) {
        let mut rows = source.chunks_exact(shape.patch_len());
        for y in 0..shape.small_height() {
            for x in 0..shape.small_width() {
                let Some(patch) = rows.next() else { return };
                let run_len = shape.kernel * shape.large_channels;
                for (ky, run) in patch.chunks_exact(run_len).enumerate() {
                    if let Some(inside) = Run::of(shape, y, x, ky) {
                        let target = &mut image[inside.start..][..inside.len];
                        let values = &run[inside.skip..][..inside.len];
                        target
                            .iter_mut()
                            .zip(values)
                            .for_each(|(sum, value)| *sum += value);
                    }
                }
            }
        }
    }
}

/// The part of one row of a patch that lies inside the large image.
struct Run {
    /// Where it begins in the image.
    start: usize,
    /// Its length in numbers.
    len: usize,
    /// Numbers of the patch row before it, left of the image.
    skip: usize,
}

impl Run {
    /// Row `ky` of the patch under small pixel `(y, x)`; none where all of it is outside.
    #[inline]
    fn of(shape: ConvShape, y: usize, x: usize, ky: usize) -> Option<Self> {
        let row = (2 * y + ky)
            .checked_sub(shape.padding())
            .filter(|row| *row < shape.height)?;
        let outside_left = shape.padding().saturating_sub(2 * x);
        let first = (2 * x + outside_left) - shape.padding();
        let last = (2 * x + shape.kernel - shape.padding()).min(shape.width);
        Some(Self {
            start: (row * shape.width + first) * shape.large_channels,
            len: (last - first) * shape.large_channels,
            skip: outside_left * shape.large_channels,
        })
    }
}

/// Lends a buffer of `len` numbers of unspecified content that the thread keeps for the next call.
fn with_patches<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    thread_local!(static PATCHES: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) });
    PATCHES.with_borrow_mut(|buffer| {
        if buffer.len() < len {
            buffer.resize(len, 0.0);
        }
        work(&mut buffer[..len])
    })
}
