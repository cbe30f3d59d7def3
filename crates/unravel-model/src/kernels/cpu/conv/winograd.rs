//! 4x4 convolutions with fewer multiplications, by Winograd's minimal filtering (Winograd 1980; Lavin & Gray 2016).
//!
//! With stride 2, a 4x4 kernel is a sum of four 2x2 kernels with stride 1. Each applies to one of the four *phases* of
//! the large image (its odd or even rows and its odd or even columns). F(4x4, 2x2) computes a tile of 4x4 small pixels
//! from 5x5 pixels of a phase with 25 multiplications; direct computation requires 64. It multiplies the values of
//! polynomials at 5x5 *points*. Over channels and phases, that is a matrix product at each point.
//!
//! `V = B^T d B` is the transform of the large image, `X = A s A^T` of the small image, and `U = G g G^T` of the weight
//! (see [`transform`]). The operations use `V`, `X`, `U` and the adjoint transforms:
//!
//! | operation | product at each point | then |
//! | --- | --- | --- |
//! | convolution | `V U` | `A^T m A` |
//! | transposed convolution | `X U^T` | `B m B^T`, with overlapping tiles summed |
//! | weight gradient | `V^T X` | `G^T m G` |
//!
//! In the same precision, results differ from the direct computation by a few units in the sixth digit of the largest
//! value.

// Loops over rows and columns must be inlined. Closures of iterators are not always inlined.
#![expect(clippy::needless_range_loop)]

mod ahead;
mod backward;
mod domain;
mod group;
mod tiles;
mod transform;
mod weight;

use rayon::prelude::*;

use super::{ConvLayer, part};
use crate::kernels::ConvShape;
use crate::kernels::cpu::elementwise::activate;
use crate::kernels::cpu::product::PANEL;
use crate::kernels::cpu::scratch::with_scratch;
use ahead::{Ahead, run};
pub use backward::{down_backward, up_backward, weight_gradient};
use group::ImageGroup;
use tiles::MAX_CHANNELS;
use weight::PointWeight;

/// Small pixels of a tile, in each direction.
const TILE: usize = 4;

/// Pixels of a phase for one tile, in each direction. The number of points is the same.
const SPAN: usize = TILE + 1;

const POINTS: usize = SPAN * SPAN;

/// Maximum number of tiles in one product: their points stay in the second-level cache.
const TILES_PER_GROUP: usize = 32;

/// Number of tiles whose weight gradients are summed at the points before the inverse transform.
const TILES_PER_TASK: usize = 128;

/// Whether convolutions of this shape are computed here.
pub fn suits(shape: ConvShape) -> bool {
    shape.kernel == 4
        && shape.small_height().is_multiple_of(TILE)
        && shape.small_width().is_multiple_of(TILE)
        && shape.large_channels.is_multiple_of(16)
        && shape.small_channels.is_multiple_of(PANEL)
        && shape.large_channels.max(shape.small_channels) <= MAX_CHANNELS
}

fn tiles_per_image(shape: ConvShape) -> usize {
    shape.small_pixels() / (TILE * TILE)
}

fn images_per_group(shape: ConvShape) -> usize {
    (TILES_PER_GROUP / tiles_per_image(shape)).max(1)
}

/// Number of values in a group of small images, and of large images.
fn group_lens(shape: ConvShape) -> (usize, usize) {
    let images = images_per_group(shape);
    (images * shape.small_len(), images * shape.large_len())
}

/// Number of images in a task of the backward pass: between 8 and 32.
fn images_per_task(shape: ConvShape) -> usize {
    (TILES_PER_TASK / tiles_per_image(shape)).clamp(8, 32)
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
    let (small_len, large_len) = group_lens(shape);
    let models = small.par_chunks_mut(layer.small_len()).enumerate();
    models.for_each(|(model, small)| {
        let large = part(large, model, layer.large_len());
        let weight = PointWeight::down(part(weight, model, shape.weight_len()), shape);
        let bias = bias.map(|bias| part(bias, model, shape.small_channels));
        let groups = small.par_chunks_mut(small_len).enumerate();
        groups.for_each(|(at, small)| {
            with_scratch(|scratch| {
                let ahead = Ahead([run(large, at + 1, large_len), small]);
                let mut group = ImageGroup::new(shape, small.len() / shape.small_len(), scratch);
                group.transform_large(run(large, at, large_len));
                for point in 0..POINTS {
                    ahead.fetch(point);
                    group.multiply_down(point, &weight);
                }
                group.write_small(small);
                activate(small, bias, layer.activation);
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
    let (small_len, large_len) = group_lens(shape);
    let models = large.par_chunks_mut(layer.large_len()).enumerate();
    models.for_each(|(model, large)| {
        let small = part(small, model, layer.small_len());
        let weight = PointWeight::up(part(weight, model, shape.weight_len()), shape);
        let bias = bias.map(|bias| part(bias, model, shape.large_channels));
        let groups = large.par_chunks_mut(large_len).enumerate();
        groups.for_each(|(at, large)| {
            with_scratch(|scratch| {
                let ahead = Ahead([run(small, at + 1, small_len), large]);
                let mut group = ImageGroup::new(shape, large.len() / shape.large_len(), scratch);
                group.transform_small(run(small, at, small_len));
                for point in 0..POINTS {
                    ahead.fetch(point);
                    group.multiply_up(point, &weight);
                }
                group.write_large(large);
                activate(large, bias, layer.activation);
            });
        });
    });
}
