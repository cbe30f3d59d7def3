//! Gradients by the weight and by the input, in one sweep over the images.

use rayon::prelude::*;

use super::ahead::{Ahead, run};
use super::group::{Group, PointSum};
use super::weight::PointWeight;
use super::{POINTS, group_lens, images_per_task};
use crate::kernels::cpu::buffer::Buffer;
use crate::kernels::cpu::conv::{Backward, Layer, add_in_order, for_each_task};
use crate::kernels::cpu::elementwise::gate;
use crate::kernels::cpu::scratch::with_scratch;

/// Gradient by the weight, summed over the batch in a fixed order.
pub fn weight_gradient(large: &[f32], small: &[f32], layer: Layer, by_weight: &mut [f32]) {
    let shape = layer.shape;
    let (small_len, large_len) = group_lens(shape);
    let task = images_per_task(shape);
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
                for (large, small) in large.chunks(large_len).zip(small.chunks(small_len)) {
                    let mut group = Group::new(shape, large.len() / shape.large_len(), scratch);
                    group.transform_large(large);
                    group.transform_small(small);
                    for point in 0..POINTS {
                        total.add(point, &group);
                    }
                    total.has_group = true;
                }
                total.add_to(sum.values_mut());
                scratch.by_points = by_points;
            });
            sum
        });
        add_in_order(&sums.collect::<Vec<Buffer>>(), by_weight);
    });
}

/// Backward pass of [`super::down`] with an activation: from the gradient by its result, in one sweep over the images.
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
                    total.has_group = true;
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

/// Backward pass of [`super::up`] with an activation.
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
                    total.has_group = true;
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
