//! The weight and input gradients, in one pass over the images.

use rayon::prelude::*;

use super::ahead::{Ahead, run};
use super::group::{ImageGroup, PointSum};
use super::weight::PointWeight;
use super::{POINTS, group_lens, images_per_task};
use crate::kernels::cpu::buffer::Buffer;
use crate::kernels::cpu::conv::{Backward, ConvLayer, add_in_order, for_each_task};
use crate::kernels::cpu::elementwise::gate;
use crate::kernels::cpu::scratch::with_scratch;

/// Weight gradient, summed over the batch in a fixed order.
pub fn weight_gradient(large: &[f32], small: &[f32], layer: ConvLayer, grad_weight: &mut [f32]) {
    let shape = layer.shape;
    let (small_len, large_len) = group_lens(shape);
    let task = images_per_task(shape);
    let models = large
        .par_chunks(layer.large_len())
        .zip(small.par_chunks(layer.small_len()))
        .zip(grad_weight.par_chunks_mut(shape.weight_len()));
    models.for_each(|((large, small), grad_weight)| {
        let tasks = large
            .par_chunks(task * shape.large_len())
            .zip(small.par_chunks(task * shape.small_len()));
        let sums = tasks.map(|(large, small)| {
            let mut sum = Buffer::zeros(shape.weight_len());
            with_scratch(|scratch| {
                let mut by_points = std::mem::take(&mut scratch.by_points);
                let mut total = PointSum::new(shape, &mut by_points);
                for (large, small) in large.chunks(large_len).zip(small.chunks(small_len)) {
                    let mut group =
                        ImageGroup::new(shape, large.len() / shape.large_len(), scratch);
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
        add_in_order(&sums.collect::<Vec<Buffer>>(), grad_weight);
    });
}

/// Backward pass of [`super::down`] with an activation, from its result and the result's gradient, in one pass.
pub fn down_backward(
    large: &[f32],
    weight: &[f32],
    (small, grad_small): (&[f32], &[f32]),
    layer: ConvLayer,
    out: Backward<'_>,
) {
    let shape = layer.shape;
    let (batch, channels) = (layer.batch, shape.small_channels);
    let (small_len, large_len) = (shape.small_len(), shape.large_len());
    let (small_run, large_run) = group_lens(shape);
    let weights = out.grad_input.is_some().then(|| {
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
            let grad_small = &grad_small[first * small_len..][..n * small_len];
            let weight = weights.as_ref().map(|weights| &weights[model]);
            let mut grad_input = task.grad_input.map(|all| all.chunks_mut(large_run));
            with_scratch(|scratch| {
                let mut grad_sum = std::mem::take(&mut scratch.grad_sum);
                let mut by_points = std::mem::take(&mut scratch.by_points);
                let mut total = PointSum::new(shape, &mut by_points);
                for at in 0..small.len().div_ceil(small_run) {
                    let grad_input = grad_input.as_mut().and_then(Iterator::next);
                    let ahead = Ahead([
                        grad_input.as_deref().unwrap_or_default(),
                        run(large, at + 1, large_run),
                        run(small, at + 1, small_run),
                        run(grad_small, at + 1, small_run),
                    ]);
                    let (small, grad_small) =
                        (run(small, at, small_run), run(grad_small, at, small_run));
                    let gated = grad_sum.unspecified(grad_small.len());
                    gate(grad_small, small, layer.activation, gated, sums.grad_bias);
                    let mut group = ImageGroup::new(shape, small.len() / small_len, scratch);
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
                    if let Some(grad_input) = grad_input {
                        group.write_large(grad_input);
                    }
                }
                total.add_to(sums.grad_weight);
                (scratch.grad_sum, scratch.by_points) = (grad_sum, by_points);
            });
        },
    );
}

/// Backward pass of [`super::up`] with an activation, from its result and the result's gradient.
pub fn up_backward(
    small: &[f32],
    weight: &[f32],
    (large, grad_large): (&[f32], &[f32]),
    layer: ConvLayer,
    out: Backward<'_>,
) {
    let shape = layer.shape;
    let (batch, channels) = (layer.batch, shape.large_channels);
    let (small_len, large_len) = (shape.small_len(), shape.large_len());
    let (small_run, large_run) = group_lens(shape);
    let weights = out.grad_input.is_some().then(|| {
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
            let grad_large = &grad_large[first * large_len..][..n * large_len];
            let weight = weights.as_ref().map(|weights| &weights[model]);
            let mut grad_input = task.grad_input.map(|all| all.chunks_mut(small_run));
            with_scratch(|scratch| {
                let mut grad_sum = std::mem::take(&mut scratch.grad_sum);
                let mut by_points = std::mem::take(&mut scratch.by_points);
                let mut total = PointSum::new(shape, &mut by_points);
                for at in 0..large.len().div_ceil(large_run) {
                    let grad_input = grad_input.as_mut().and_then(Iterator::next);
                    let ahead = Ahead([
                        grad_input.as_deref().unwrap_or_default(),
                        run(small, at + 1, small_run),
                        run(large, at + 1, large_run),
                        run(grad_large, at + 1, large_run),
                    ]);
                    let (large, grad_large) =
                        (run(large, at, large_run), run(grad_large, at, large_run));
                    let gated = grad_sum.unspecified(grad_large.len());
                    gate(grad_large, large, layer.activation, gated, sums.grad_bias);
                    let mut group = ImageGroup::new(shape, large.len() / large_len, scratch);
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
                    if let Some(grad_input) = grad_input {
                        group.write_small(grad_input);
                    }
                }
                total.add_to(sums.grad_weight);
                (scratch.grad_sum, scratch.by_points) = (grad_sum, by_points);
            });
        },
    );
}
