//! 4x4 convolutions with fewer multiplications, by Winograd's minimal filtering (Winograd 1980; Lavin & Gray 2016).
//!
//! With stride 2, a 4x4 kernel is a sum of four 2x2 kernels with stride 1, each over one of the four *phases* of the large
//! image (its odd or even rows, its odd or even columns). F(4x4, 2x2) computes a tile of 4x4 small pixels from 5x5 pixels
//! of a phase with 25 multiplications where the direct way takes 64: the values of polynomials at 5x5 *points* are
//! multiplied one by one, and over channels and phases that is a matrix product at each point.
//!
//! With `V = B^T d B` of the large image, `X = A s A^T` of the small one and `U = G g G^T` of the weight
//! (see [`transform`]), everything follows from `V`, `X`, `U` and the adjoint transforms:
//!
//! | operation | product at each point | then |
//! | --- | --- | --- |
//! | convolution | `V U` | `A^T m A` |
//! | transposed convolution | `X U^T` | `B m B^T`, overlapping tiles added up |
//! | gradient by the weight | `V^T X` | `G^T m G` |
//!
//! Against the direct computation in the same precision, results differ by a few units in the sixth digit of the largest.

// Bodies of loops over rows and columns must be inlined, which closures of iterators are not always.
#![allow(clippy::needless_range_loop)]

mod ahead;
mod tiles;
mod transform;
mod weight;

use rayon::prelude::*;

use super::{Backward, Layer, for_each_task, part};
use crate::kernels::ConvShape;
use crate::kernels::cpu::arch::arch;
use crate::kernels::cpu::buffer::Buffer;
use crate::kernels::cpu::elementwise::{activate, gate};
use crate::kernels::cpu::product::{Left, PANEL, Product, Right};
use crate::kernels::cpu::scratch::{Scratch, Space, with_scratch};
use ahead::{Ahead, run};
use tiles::{LargeToPoints, MAX_CHANNELS, PointsToLarge, PointsToSmall, SmallToPoints};
use weight::{AddPointsToWeight, PointWeight};

/// Small pixels of a tile, down and across.
const TILE: usize = 4;

/// Pixels of a phase that a tile is computed from, down and across; as many points.
const SPAN: usize = TILE + 1;

const POINTS: usize = SPAN * SPAN;

/// Tiles that go through the products together, if there are as many: their points stay in the second-level cache.
const TILES_PER_GROUP: usize = 32;

/// Tiles whose gradients by the weight are added up at the points before they are taken back.
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

/// Numbers of a group of small images and of large ones.
fn group_lens(shape: ConvShape) -> (usize, usize) {
    let images = images_per_group(shape);
    (images * shape.small_len(), images * shape.large_len())
}

/// Images of a task of the backward pass: between 8 and 32.
fn images_per_task(shape: ConvShape) -> usize {
    (TILES_PER_TASK / tiles_per_image(shape)).clamp(8, 32)
}

/// A matrix `[tiles, features]` at every point.
#[derive(Clone, Copy)]
struct Domain {
    tiles: usize,
    features: usize,
}

impl Domain {
    /// Of the phases of large images.
    fn large(shape: ConvShape, images: usize) -> Self {
        Self {
            tiles: images * tiles_per_image(shape),
            features: 4 * shape.large_channels,
        }
    }

    /// Of small images.
    fn small(shape: ConvShape, images: usize) -> Self {
        Self {
            tiles: images * tiles_per_image(shape),
            features: shape.small_channels,
        }
    }

    /// From one point to the next: a cache line more than the matrix, so that the points of a tile do not compete for
    /// one place in the cache.
    fn point_stride(self) -> usize {
        self.tiles * self.features + 16
    }

    fn len(self) -> usize {
        POINTS * self.point_stride()
    }

    fn check(self, tiles: usize, features: usize, points: &[f32]) {
        assert!(self.tiles == tiles && self.features == features && self.len() <= points.len());
    }

    fn at(self, point: usize, points: &[f32]) -> &[f32] {
        &points[point * self.point_stride()..][..self.tiles * self.features]
    }

    fn at_mut(self, point: usize, points: &mut [f32]) -> &mut [f32] {
        &mut points[point * self.point_stride()..][..self.tiles * self.features]
    }

    /// One row a tile.
    fn as_left(self, point: usize, points: &[f32]) -> Left<'_> {
        Left {
            values: self.at(point, points),
            row_stride: self.features,
            inner_stride: 1,
        }
    }

    /// One row a feature.
    fn as_left_transposed(self, point: usize, points: &[f32]) -> Left<'_> {
        Left {
            values: self.at(point, points),
            row_stride: 1,
            inner_stride: self.features,
        }
    }
}

/// `small = activation(conv(large, weight) + bias)`.
pub fn down(large: &[f32], weight: &[f32], bias: Option<&[f32]>, layer: Layer, small: &mut [f32]) {
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
                let mut group = Group::new(shape, small.len() / shape.small_len(), scratch);
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
pub fn up(small: &[f32], weight: &[f32], bias: Option<&[f32]>, layer: Layer, large: &mut [f32]) {
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
                let mut group = Group::new(shape, large.len() / shape.large_len(), scratch);
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

/// Gradient by the weight, summed over the batch in a fixed order.
pub fn weight_gradient(large: &[f32], small: &[f32], layer: Layer, by_weight: &mut [f32]) {
    let shape = layer.shape;
    let (group, task) = (images_per_group(shape), images_per_task(shape));
    let models = large
        .par_chunks(layer.large_len())
        .zip(small.par_chunks(layer.small_len()))
        .zip(by_weight.par_chunks_mut(shape.weight_len()));
    models.for_each(|((large, small), by_weight)| {
        let tasks = large
            .par_chunks(task * shape.large_len())
            .zip(small.par_chunks(task * shape.small_len()));
        let sums = tasks.map(|(large, small)| {
            let mut sum = Buffer::zeros(shape.weight_len());
            with_scratch(|scratch| {
                let mut by_points = std::mem::take(&mut scratch.by_points);
                let mut total = PointSum::new(shape, &mut by_points);
                let groups = large
                    .chunks(group * shape.large_len())
                    .zip(small.chunks(group * shape.small_len()));
                for (large, small) in groups {
                    let mut group = Group::new(shape, large.len() / shape.large_len(), scratch);
                    group.transform_large(large);
                    group.transform_small(small);
                    for point in 0..POINTS {
                        total.add(point, &group);
                    }
                    total.is_first = false;
                }
                total.add_to(sum.values_mut());
                scratch.by_points = by_points;
            });
            sum
        });
        super::add_in_order(&sums.collect::<Vec<Buffer>>(), by_weight);
    });
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
    let (batch, channels) = (layer.batch, shape.small_channels);
    let (small_len, large_len) = (shape.small_len(), shape.large_len());
    let (small_run, large_run) = group_lens(shape);
    let weights = out.by_input.is_some().then(|| {
        let models = weight.par_chunks(shape.weight_len());
        models
            .map(|weight| PointWeight::up(weight, shape))
            .collect::<Vec<_>>()
    });
    for_each_task(
        layer,
        images_per_task(shape),
        channels,
        large_len,
        out,
        |model, task, sums| {
            let images = task.images(batch);
            let (first, n) = (model * batch + images.start, images.len());
            let large = &large[first * large_len..][..n * large_len];
            let small = &small[first * small_len..][..n * small_len];
            let by_small = &by_small[first * small_len..][..n * small_len];
            let weight = weights.as_ref().map(|weights| &weights[model]);
            let mut by_input = task.by_input.map(|all| all.chunks_mut(large_run));
            with_scratch(|scratch| {
                let mut by_sum = std::mem::take(&mut scratch.by_sum);
                let mut by_points = std::mem::take(&mut scratch.by_points);
                let mut total = PointSum::new(shape, &mut by_points);
                for at in 0..small.len().div_ceil(small_run) {
                    let by_input = by_input.as_mut().and_then(Iterator::next);
                    let ahead = Ahead([
                        by_input.as_deref().unwrap_or_default(),
                        run(large, at + 1, large_run),
                        run(small, at + 1, small_run),
                        run(by_small, at + 1, small_run),
                    ]);
                    let (small, by_small) =
                        (run(small, at, small_run), run(by_small, at, small_run));
                    let gated = by_sum.unspecified(by_small.len());
                    gate(by_small, small, layer.activation, gated, sums.by_bias);
                    let mut group = Group::new(shape, small.len() / small_len, scratch);
                    group.transform_large(run(large, at, large_run));
                    group.transform_small(gated);
                    for point in 0..POINTS {
                        ahead.fetch(point);
                        total.add(point, &group);
                        if let Some(weight) = weight {
                            group.multiply_up(point, weight);
                        }
                    }
                    total.is_first = false;
                    if let Some(by_input) = by_input {
                        group.write_large(by_input);
                    }
                }
                total.add_to(sums.by_weight);
                (scratch.by_sum, scratch.by_points) = (by_sum, by_points);
            });
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
    let (batch, channels) = (layer.batch, shape.large_channels);
    let (small_len, large_len) = (shape.small_len(), shape.large_len());
    let (small_run, large_run) = group_lens(shape);
    let weights = out.by_input.is_some().then(|| {
        let models = weight.par_chunks(shape.weight_len());
        models
            .map(|weight| PointWeight::down(weight, shape))
            .collect::<Vec<_>>()
    });
    for_each_task(
        layer,
        images_per_task(shape),
        channels,
        small_len,
        out,
        |model, task, sums| {
            let images = task.images(batch);
            let (first, n) = (model * batch + images.start, images.len());
            let small = &small[first * small_len..][..n * small_len];
            let large = &large[first * large_len..][..n * large_len];
            let by_large = &by_large[first * large_len..][..n * large_len];
            let weight = weights.as_ref().map(|weights| &weights[model]);
            let mut by_input = task.by_input.map(|all| all.chunks_mut(small_run));
            with_scratch(|scratch| {
                let mut by_sum = std::mem::take(&mut scratch.by_sum);
                let mut by_points = std::mem::take(&mut scratch.by_points);
                let mut total = PointSum::new(shape, &mut by_points);
                for at in 0..large.len().div_ceil(large_run) {
                    let by_input = by_input.as_mut().and_then(Iterator::next);
                    let ahead = Ahead([
                        by_input.as_deref().unwrap_or_default(),
                        run(small, at + 1, small_run),
                        run(large, at + 1, large_run),
                        run(by_large, at + 1, large_run),
                    ]);
                    let (large, by_large) =
                        (run(large, at, large_run), run(by_large, at, large_run));
                    let gated = by_sum.unspecified(by_large.len());
                    gate(by_large, large, layer.activation, gated, sums.by_bias);
                    let mut group = Group::new(shape, large.len() / large_len, scratch);
                    group.transform_large(gated);
                    group.transform_small(run(small, at, small_run));
                    for point in 0..POINTS {
                        ahead.fetch(point);
                        total.add(point, &group);
                        if let Some(weight) = weight {
                            group.multiply_down(point, weight);
                        }
                    }
                    total.is_first = false;
                    if let Some(by_input) = by_input {
                        group.write_small(by_input);
                    }
                }
                total.add_to(sums.by_weight);
                (scratch.by_sum, scratch.by_points) = (by_sum, by_points);
            });
        },
    );
}

/// A few images of one model at the points.
///
/// A product of one side takes the place of the other, point by point: it is of the same size, and the next point does not
/// read it.
struct Group<'a> {
    shape: ConvShape,
    large_domain: Domain,
    small_domain: Domain,
    large: &'a mut [f32],
    small: &'a mut [f32],
}

impl<'a> Group<'a> {
    fn new(shape: ConvShape, images: usize, scratch: &'a mut Scratch) -> Self {
        let large_domain = Domain::large(shape, images);
        let small_domain = Domain::small(shape, images);
        Self {
            shape,
            large_domain,
            small_domain,
            large: Space::unspecified(&mut scratch.large, large_domain.len()),
            small: Space::unspecified(&mut scratch.small, small_domain.len()),
        }
    }

    fn transform_large(&mut self, large: &[f32]) {
        arch().dispatch(LargeToPoints {
            shape: self.shape,
            large,
            points: self.large,
            domain: self.large_domain,
        });
    }

    fn transform_small(&mut self, small: &[f32]) {
        arch().dispatch(SmallToPoints {
            shape: self.shape,
            small,
            points: self.small,
            domain: self.small_domain,
        });
    }

    /// The small images' place from the large ones and the weight.
    fn multiply_down(&mut self, point: usize, weight: &PointWeight) {
        arch().dispatch(Product {
            rows: self.small_domain.tiles,
            inner: self.large_domain.features,
            columns: self.small_domain.features,
            left: self.large_domain.as_left(point, self.large),
            right: weight.at(point),
            out: self.small_domain.at_mut(point, self.small),
            is_added: false,
        });
    }

    /// The large images' place from the small ones and the weight.
    fn multiply_up(&mut self, point: usize, weight: &PointWeight) {
        arch().dispatch(Product {
            rows: self.large_domain.tiles,
            inner: self.small_domain.features,
            columns: self.large_domain.features,
            left: self.small_domain.as_left(point, self.small),
            right: weight.at(point),
            out: self.large_domain.at_mut(point, self.large),
            is_added: false,
        });
    }

    fn write_small(&self, small: &mut [f32]) {
        arch().dispatch(PointsToSmall {
            shape: self.shape,
            points: self.small,
            domain: self.small_domain,
            small,
        });
    }

    fn write_large(&self, large: &mut [f32]) {
        arch().dispatch(PointsToLarge {
            shape: self.shape,
            points: self.large,
            domain: self.large_domain,
            large,
        });
    }
}

/// The gradient by the weight at the points, summed over groups.
struct PointSum<'a> {
    shape: ConvShape,
    domain: Domain,
    points: &'a mut [f32],
    is_first: bool,
}

impl<'a> PointSum<'a> {
    fn new(shape: ConvShape, space: &'a mut Space) -> Self {
        let domain = Domain {
            tiles: 4 * shape.large_channels,
            features: shape.small_channels,
        };
        Self {
            shape,
            domain,
            points: space.unspecified(domain.len()),
            is_first: true,
        }
    }

    fn add(&mut self, point: usize, group: &Group<'_>) {
        let columns = self.domain.features;
        arch().dispatch(Product {
            rows: self.domain.tiles,
            inner: group.large_domain.tiles,
            columns,
            left: group.large_domain.as_left_transposed(point, group.large),
            right: Right::by_rows(group.small_domain.at(point, group.small), columns),
            out: self.domain.at_mut(point, self.points),
            is_added: !self.is_first,
        });
    }

    fn add_to(self, by_weight: &mut [f32]) {
        arch().dispatch(AddPointsToWeight {
            shape: self.shape,
            points: self.points,
            domain: self.domain,
            by_weight,
        });
    }
}
