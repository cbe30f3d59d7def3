//! The layout without copied patches: overlapping runs of the padded image, read with a stride.
//!
//! The padded image has `H + 2` rows of `W + 2` pixels. Its even and odd rows are stored in two planes of `H / 2 + 1`
//! rows. In a plane, the patches of one kernel row begin two pixels apart. Between the last patch of a row and the
//! first patch of the next row, there is one patch that spans both rows. The product therefore has `W / 2 + 1` rows for
//! each row of small pixels, and the last of them is discarded.

use crate::kernels::cpu::elementwise::activate_from;
use crate::kernels::cpu::matmul::{MatrixView, WriteMode, matmul};
use crate::kernels::cpu::scratch::Space;
use crate::kernels::{Activation, ConvShape};

/// From this small width on, the discarded patches cost less than copying.
const MIN_SMALL_WIDTH: usize = 16;

/// Whether images of this shape are stored as row planes.
pub fn suit(shape: ConvShape) -> bool {
    shape.kernel == 4 && MIN_SMALL_WIDTH <= shape.small_width() && 8 <= shape.large_channels
}

/// An image as its even and odd padded rows.
pub struct RowPlanes;

impl RowPlanes {
    /// Number of values in both planes, with room for the last discarded patch.
    pub fn len(shape: ConvShape) -> usize {
        2 * plane_len(shape) + 4 * shape.large_channels
    }

    /// Copies an image into the two planes.
    pub fn write(large: &[f32], shape: ConvShape, planes: &mut [f32]) {
        let (channels, row_len) = (shape.large_channels, row_len(shape));
        let plane_len = plane_len(shape);
        planes[..row_len].fill(0.0);
        planes[2 * plane_len - row_len..].fill(0.0);
        for (at, row) in large.chunks_exact(shape.width * channels).enumerate() {
            let padded = at + 1;
            let start = (padded % 2) * plane_len + (padded / 2) * row_len;
            let target = &mut planes[start..][..row_len];
            target[..channels].fill(0.0);
            target[channels..row_len - channels].copy_from_slice(row);
            target[row_len - channels..].fill(0.0);
        }
    }

    /// `small = activation(conv(large, weight) + bias)`.
    pub fn down(
        planes: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
        activation: Activation,
        shape: ConvShape,
        product: &mut Space,
        small: &mut [f32],
    ) {
        let channels = shape.small_channels;
        let run_len = shape.kernel * shape.large_channels;
        let product = product.unspecified(n_rows(shape) * channels);
        for (ky, weight) in weight.chunks_exact(run_len * channels).enumerate() {
            let weight = MatrixView::new(weight, run_len, channels);
            let write = if ky == 0 {
                WriteMode::Replace
            } else {
                WriteMode::Add
            };
            matmul(runs(planes, ky, shape), weight, product, channels, write);
        }
        let kept = shape.small_width() * channels;
        let rows = product
            .chunks_exact(kept + channels)
            .zip(small.chunks_exact_mut(kept));
        for (row, small) in rows {
            activate_from(&row[..kept], small, bias, activation);
        }
    }

    /// `grad_weight += patches^T * small`.
    pub fn add_weight_gradient(
        planes: &[f32],
        small: &[f32],
        shape: ConvShape,
        space: &mut Space,
        grad_weight: &mut [f32],
    ) {
        let channels = shape.small_channels;
        let run_len = shape.kernel * shape.large_channels;
        // The discarded patches have gradient zero.
        let kept = shape.small_width() * channels;
        let padded = space.unspecified(n_rows(shape) * channels);
        let rows = small
            .chunks_exact(kept)
            .zip(padded.chunks_exact_mut(kept + channels));
        for (row, target) in rows {
            target[..kept].copy_from_slice(row);
            target[kept..].fill(0.0);
        }
        let small = MatrixView::new(padded, n_rows(shape), channels);
        for (ky, grad_weight) in grad_weight.chunks_exact_mut(run_len * channels).enumerate() {
            matmul(
                runs(planes, ky, shape).transposed(),
                small,
                grad_weight,
                channels,
                WriteMode::Add,
            );
        }
    }
}

/// Number of values in a padded row.
fn row_len(shape: ConvShape) -> usize {
    (shape.width + 2) * shape.large_channels
}

fn plane_len(shape: ConvShape) -> usize {
    (shape.small_height() + 1) * row_len(shape)
}

/// Number of rows of the product, with the discarded ones.
fn n_rows(shape: ConvShape) -> usize {
    shape.small_height() * (shape.small_width() + 1)
}

/// The runs that kernel row `ky` reads: `[n_rows, 4 * large_channels]`.
fn runs(planes: &[f32], ky: usize, shape: ConvShape) -> MatrixView<'_> {
    let start = (ky % 2) * plane_len(shape) + (ky / 2) * row_len(shape);
    let (run_len, stride) = (
        shape.kernel * shape.large_channels,
        2 * shape.large_channels,
    );
    MatrixView::with_row_stride(&planes[start..], n_rows(shape), run_len, stride)
}
