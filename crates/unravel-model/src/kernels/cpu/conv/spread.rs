//! The transposed convolution, from small to large.
//!
//! With stride 2 and a 4x4 kernel, an output pixel of row parity `py` and column parity `px` is a sum over 2x2 small
//! pixels: rows `y + py - 1` and `y + py`, columns `x + px - 1` and `x + px`, with the kernel's taps `ky = 3 - py - 2
//! t`, `kx = 3 - px - 2 j` for `t, j` in 0, 1. The convolution is therefore four dense 2x2 convolutions, one for each
//! parity, which write each output once. Adding up patches would write each output four times.

use super::padded::pad;
use super::patches::{self, fold};
use super::planes::{self, merge, products_suit};
use crate::kernels::cpu::arch::arch;
use crate::kernels::cpu::elementwise::{activate, activate_from};
use crate::kernels::cpu::linear::transpose;
use crate::kernels::cpu::matmul::{MatrixView, WriteMode, matmul};
use crate::kernels::cpu::product::{Left, Product, Right};
use crate::kernels::cpu::scratch::{Scratch, Space};
use crate::kernels::{Activation, ConvShape};

/// From this small width on, padded images are read in place. Below it, each pixel's neighbourhood is copied.
const MIN_WIDTH_IN_PLACE: usize = 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum SpreadMethod {
    /// For one channel: products with all taps, then a sum of planes.
    Planes,
    /// Four parities, from the padded images.
    InPlace,
    /// Four parities, from each pixel's 3x3 neighbourhood.
    Neighbourhoods,
    /// A sum of patches. Patches that do not overlap are copied.
    Patches,
}

impl SpreadMethod {
    fn of(shape: ConvShape) -> Self {
        match shape {
            _ if planes::suit(shape) => Self::Planes,
            ConvShape {
                kernel: 4,
                large_channels: 8..,
                ..
            } if shape.small_width() >= MIN_WIDTH_IN_PLACE => Self::InPlace,
            ConvShape {
                kernel: 4,
                large_channels: 8..,
                ..
            } => Self::Neighbourhoods,
            _ => Self::Patches,
        }
    }
}

/// Number of images in one product.
pub fn images_per_product(shape: ConvShape) -> usize {
    match SpreadMethod::of(shape) {
        SpreadMethod::Planes | SpreadMethod::InPlace => 1,
        SpreadMethod::Neighbourhoods | SpreadMethod::Patches => patches::images_per_product(shape),
    }
}

/// One model's weight, arranged for the transposed convolution.
pub struct SpreadWeight {
    shape: ConvShape,
    form: SpreadMethod,
    /// By parity: `[py, px, t, j, small_channels, large_channels]`. For planes: `[small_channels, taps]`. Otherwise in
    /// the original order.
    values: Vec<f32>,
}

impl SpreadWeight {
    /// Arranges a weight `[kernel, kernel, large_channels, small_channels]`.
    pub fn new(weight: &[f32], shape: ConvShape) -> Self {
        let form = SpreadMethod::of(shape);
        let values = match form {
            SpreadMethod::Planes => {
                let mut values = vec![0.0; weight.len()];
                transpose(weight, shape.patch_len(), shape.small_channels, &mut values);
                values
            }
            SpreadMethod::Patches => weight.to_vec(),
            SpreadMethod::InPlace | SpreadMethod::Neighbourhoods => by_parity(weight, shape),
        };
        Self {
            shape,
            form,
            values,
        }
    }

    /// `large = activation(conv_transpose(small, weight) + bias)` for at most [`images_per_product`] images.
    pub fn up(
        &self,
        small: &[f32],
        bias: Option<&[f32]>,
        activation: Activation,
        scratch: &mut Scratch,
        large: &mut [f32],
    ) {
        let shape = self.shape;
        let group = images_per_product(shape);
        let groups = small
            .chunks(group * shape.small_len())
            .zip(large.chunks_mut(group * shape.large_len()));
        for (small, large) in groups {
            match self.form {
                SpreadMethod::Planes => {
                    self.up_by_planes(small, scratch, large);
                    activate(large, bias, activation);
                }
                SpreadMethod::Patches => {
                    self.up_by_patches(small, scratch, large);
                    activate(large, bias, activation);
                }
                SpreadMethod::InPlace | SpreadMethod::Neighbourhoods => {
                    self.up_by_parity(small, bias, activation, scratch, large);
                }
            }
        }
    }

    fn up_by_planes(&self, small: &[f32], scratch: &mut Scratch, large: &mut [f32]) {
        let (shape, taps) = (self.shape, self.shape.patch_len());
        let (pixels, channels) = (shape.small_pixels(), shape.small_channels);
        let planes = scratch.large.unspecified(taps * pixels);
        if products_suit(shape) {
            let patches = scratch.product.unspecified(pixels * taps);
            arch().dispatch(Product {
                rows: pixels,
                inner: channels,
                columns: taps,
                left: Left {
                    values: small,
                    row_stride: channels,
                    inner_stride: 1,
                },
                right: Right::by_rows(&self.values, taps),
                out: patches,
                is_added: false,
            });
            transpose(patches, pixels, taps, planes);
        } else {
            let weight = MatrixView::new(&self.values, channels, taps).transposed();
            let small = MatrixView::new(small, pixels, channels);
            matmul(
                weight,
                small.transposed(),
                planes,
                pixels,
                WriteMode::Replace,
            );
        }
        merge(planes, shape, large);
    }

    fn up_by_patches(&self, small: &[f32], scratch: &mut Scratch, large: &mut [f32]) {
        let shape = self.shape;
        let rows = small.len() / shape.small_channels;
        let patches = scratch.product.unspecified(rows * shape.patch_len());
        let weight = MatrixView::new(&self.values, shape.patch_len(), shape.small_channels);
        let small = MatrixView::new(small, rows, shape.small_channels);
        matmul(
            small,
            weight.transposed(),
            patches,
            shape.patch_len(),
            WriteMode::Replace,
        );
        large.fill(0.0);
        fold(patches, shape, large);
    }

    fn up_by_parity(
        &self,
        small: &[f32],
        bias: Option<&[f32]>,
        activation: Activation,
        scratch: &mut Scratch,
        large: &mut [f32],
    ) {
        let shape = self.shape;
        let source = PixelPairs::new(small, shape, self.form, &mut scratch.small);
        let pair_len = 2 * shape.large_channels; // two neighbouring output pixels
        let product = scratch.product.unspecified(source.n_rows * pair_len);
        let (channels, n_parity) = (shape.large_channels, self.values.len() / 4);
        for py in 0..2 {
            for px in 0..2 {
                let weight = &self.values[(2 * py + px) * n_parity..][..n_parity];
                for (t, weight) in weight.chunks_exact(n_parity / 2).enumerate() {
                    let weight = MatrixView::new(weight, 2 * shape.small_channels, channels);
                    let write = if t == 0 {
                        WriteMode::Replace
                    } else {
                        WriteMode::Add
                    };
                    let out = &mut product[px * channels..];
                    matmul(source.pairs(py + t, px), weight, out, pair_len, write);
                }
            }
            // Each row of small pixels is one row of the large image here.
            let row_len = shape.width * channels;
            let rows = product.chunks_exact(source.row_pitch * pair_len);
            let targets = large.chunks_exact_mut(row_len).skip(py).step_by(2);
            for (row, target) in rows.zip(targets) {
                activate_from(&row[..row_len], target, bias, activation);
            }
        }
    }
}

/// `[ky, kx, large, small]` to `[py, px, t, j, small, large]`.
fn by_parity(weight: &[f32], shape: ConvShape) -> Vec<f32> {
    let (large, small) = (shape.large_channels, shape.small_channels);
    let mut arranged = Vec::with_capacity(weight.len());
    for at in 0..16 {
        let [py, px, t, j] = [at / 8, at / 4 % 2, at / 2 % 2, at % 2];
        let (ky, kx) = (3 - py - 2 * t, 3 - px - 2 * j);
        let tap = &weight[(4 * ky + kx) * large * small..][..large * small];
        for s in 0..small {
            arranged.extend(tap.iter().skip(s).step_by(small));
        }
    }
    arranged
}

/// Small images, from which pairs of adjacent pixels are read as rows of a matrix.
struct PixelPairs<'a> {
    values: &'a [f32],
    channels: usize,
    /// Number of rows of a product.
    n_rows: usize,
    /// Number of rows of a product for each row of small pixels.
    row_pitch: usize,
    /// Values between the starts of two matrix rows.
    row_stride: usize,
    /// Values between the starts of two rows of pixels, in one matrix row.
    pixel_row_stride: usize,
}

impl<'a> PixelPairs<'a> {
    fn new(small: &[f32], shape: ConvShape, form: SpreadMethod, space: &'a mut Space) -> Self {
        let (height, width) = (shape.small_height(), shape.small_width());
        let channels = shape.small_channels;
        let size = [height, width, channels];
        let padded_len = (height + 2) * (width + 2) * channels;
        if form == SpreadMethod::InPlace {
            // Room for the runs of the last matrix rows, which are discarded.
            let values = space.unspecified(padded_len + 3 * channels);
            pad(small, size, values);
            return Self {
                values,
                channels,
                n_rows: height * (width + 2),
                row_pitch: width + 2,
                row_stride: channels,
                pixel_row_stride: (width + 2) * channels,
            };
        }
        let images = small.len() / shape.small_len();
        let n_rows = images * height * width;
        let values = space.unspecified(n_rows * 9 * channels);
        copy_neighbourhoods(small, size, values);
        Self {
            values,
            channels,
            n_rows,
            row_pitch: width,
            row_stride: 9 * channels,
            pixel_row_stride: 3 * channels,
        }
    }

    /// The pixels at columns `x + dx - 1` and `x + dx` of row `y + dy - 1`: `[n_rows, 2 * channels]`.
    fn pairs(&self, dy: usize, dx: usize) -> MatrixView<'_> {
        let start = dy * self.pixel_row_stride + dx * self.channels;
        let pair_len = 2 * self.channels;
        MatrixView::with_row_stride(
            &self.values[start..],
            self.n_rows,
            pair_len,
            self.row_stride,
        )
    }
}

/// Copies the 3x3 pixels around each pixel, with zeros outside the image: `[images * height * width, 9 * channels]`.
fn copy_neighbourhoods(small: &[f32], [height, width, channels]: [usize; 3], out: &mut [f32]) {
    let images = small.chunks_exact(height * width * channels);
    let targets = out.chunks_exact_mut(height * width * 9 * channels);
    for (image, target) in images.zip(targets) {
        for (at, target) in target.chunks_exact_mut(9 * channels).enumerate() {
            let (y, x) = (at / width, at % width);
            for (dy, run) in target.chunks_exact_mut(3 * channels).enumerate() {
                let Some(row) = (y + dy).checked_sub(1).filter(|row| *row < height) else {
                    run.fill(0.0);
                    continue;
                };
                let row = &image[row * width * channels..][..width * channels];
                let skip = if x == 0 { channels } else { 0 };
                let first = (x * channels).saturating_sub(channels);
                let last = ((x + 2) * channels).min(row.len());
                let n = last - first;
                run[..skip].fill(0.0);
                run[skip..skip + n].copy_from_slice(&row[first..last]);
                run[skip + n..].fill(0.0);
            }
        }
    }
}
