//! Fully connected layers: matrix products, divided into fixed blocks of rows or columns.

use rayon::prelude::*;

use super::arch::arch;
use super::buffer::Buffer;
use super::elementwise::activate;
use super::matmul::{MatrixView, WriteMode, matmul};
use crate::kernels::Activation;

/// Number of images in a task. Each result is one dot product, so the division changes no result.
const IMAGES_PER_TASK: usize = 64;

/// Number of rows of a weight gradient in a task.
const ROWS_PER_TASK: usize = 256;

/// The sizes of a layer.
#[derive(Clone, Copy)]
pub struct Dims {
    pub batch: usize,
    pub inputs: usize,
    pub outputs: usize,
}

impl Dims {
    fn weight<'a>(&self, weight: &'a [f32], model: usize) -> MatrixView<'a> {
        let len = self.inputs * self.outputs;
        MatrixView::new(&weight[model * len..][..len], self.inputs, self.outputs)
    }
}

/// `output = activation(input * weight + bias)`.
pub fn forward(
    input: &[f32],
    weight: &[f32],
    bias: &[f32],
    activation: Activation,
    dims: Dims,
    output: &mut [f32],
) {
    let Dims {
        batch,
        inputs,
        outputs,
    } = dims;
    output
        .par_chunks_mut(batch * outputs)
        .enumerate()
        .for_each(|(model, output)| {
            let input = &input[model * batch * inputs..][..batch * inputs];
            let bias = &bias[model * outputs..][..outputs];
            let tasks = output.par_chunks_mut(IMAGES_PER_TASK * outputs);
            tasks
                .zip(input.par_chunks(IMAGES_PER_TASK * inputs))
                .for_each(|(output, input)| {
                    let input = MatrixView::new(input, input.len() / inputs, inputs);
                    matmul(
                        input,
                        dims.weight(weight, model),
                        output,
                        outputs,
                        WriteMode::Replace,
                    );
                    activate(output, Some(bias), activation);
                });
        });
}

/// `grad_input = gradient * weight^T`. The weight is transposed first, because a product that reads it column by column
/// spends more time on reading than on multiplication.
pub fn input_gradient(gradient: &[f32], weight: &[f32], dims: Dims, grad_input: &mut [f32]) {
    let Dims {
        batch,
        inputs,
        outputs,
    } = dims;
    let len = inputs * outputs;
    grad_input
        .par_chunks_mut(batch * inputs)
        .enumerate()
        .for_each(|(model, grad_input)| {
            let gradient = &gradient[model * batch * outputs..][..batch * outputs];
            let mut transposed = Buffer::unspecified(len);
            transpose(
                &weight[model * len..][..len],
                inputs,
                outputs,
                transposed.values_mut(),
            );
            let weight = MatrixView::new(transposed.values(), outputs, inputs);
            let tasks = grad_input.par_chunks_mut(IMAGES_PER_TASK * inputs);
            tasks
                .zip(gradient.par_chunks(IMAGES_PER_TASK * outputs))
                .for_each(|(grad_input, gradient)| {
                    let gradient = MatrixView::new(gradient, gradient.len() / outputs, outputs);
                    matmul(gradient, weight, grad_input, inputs, WriteMode::Replace);
                });
        });
}

/// Transposes `[rows, columns]` to `[columns, rows]`, in square tiles that fit into registers.
pub fn transpose(from: &[f32], rows: usize, columns: usize, to: &mut [f32]) {
    const TILE: usize = 16;
    let strip = |top: usize, to: &mut [f32]| {
        for left in (0..columns).step_by(TILE) {
            if rows < top + TILE || columns < left + TILE {
                for column in left..columns.min(left + TILE) {
                    for row in top..rows.min(top + TILE) {
                        to[column * rows + row] = from[row * columns + left + (column - left)];
                    }
                }
                continue;
            }
            let mut tile = [[0.0; TILE]; TILE];
            for (row, line) in tile.iter_mut().enumerate() {
                line.copy_from_slice(&from[(top + row) * columns + left..][..TILE]);
            }
            for column in 0..TILE {
                let target = &mut to[(left + column) * rows + top..][..TILE];
                for (value, line) in target.iter_mut().zip(&tile) {
                    *value = line[column];
                }
            }
        }
    };
    arch().dispatch(|| (0..rows).step_by(TILE).for_each(|top| strip(top, to)));
}

/// `grad_weight = input^T * gradient`, summed over the batch.
pub fn weight_gradient(input: &[f32], gradient: &[f32], dims: Dims, grad_weight: &mut [f32]) {
    let Dims {
        batch,
        inputs,
        outputs,
    } = dims;
    grad_weight
        .par_chunks_mut(inputs * outputs)
        .enumerate()
        .for_each(|(model, grad_weight)| {
            let input = &input[model * batch * inputs..][..batch * inputs];
            let gradient = MatrixView::new(&gradient[model * batch * outputs..], batch, outputs);
            let tasks = grad_weight
                .par_chunks_mut(ROWS_PER_TASK * outputs)
                .enumerate();
            tasks.for_each(|(at, grad_weight)| {
                let rows = grad_weight.len() / outputs;
                let columns = &input[at * ROWS_PER_TASK..];
                let input = MatrixView::with_row_stride(columns, batch, rows, inputs);
                matmul(
                    input.transposed(),
                    gradient,
                    grad_weight,
                    outputs,
                    WriteMode::Replace,
                );
            });
        });
}
