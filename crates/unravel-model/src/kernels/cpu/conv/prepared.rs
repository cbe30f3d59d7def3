//! Large images in the layout that is the fastest for their shape.

use super::patches::{self, unfold};
use super::planes::{self, products_suit, split};
use super::rows::{self, RowPlanes};
use crate::kernels::cpu::arch::arch;
use crate::kernels::cpu::elementwise::activate;
use crate::kernels::cpu::matmul::{MatrixView, WriteMode, matmul};
use crate::kernels::cpu::product::{Left, Product, Right};
use crate::kernels::cpu::scratch::Space;
use crate::kernels::{Activation, ConvShape};

/// Number of images in one product.
pub fn images_per_product(shape: ConvShape) -> usize {
    match ImageLayout::of(shape) {
        ImageLayout::Planes | ImageLayout::Rows => 1,
        ImageLayout::Patches => patches::images_per_product(shape),
    }
}

/// A few large images in the layout for a product.
pub struct PreparedImages<'a> {
    shape: ConvShape,
    form: ImageLayout,
    values: &'a [f32],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ImageLayout {
    Planes,
    Rows,
    Patches,
}

impl ImageLayout {
    fn of(shape: ConvShape) -> Self {
        match shape {
            _ if planes::suit(shape) => Self::Planes,
            _ if rows::suit(shape) => Self::Rows,
            _ => Self::Patches,
        }
    }
}

impl<'a> PreparedImages<'a> {
    /// Converts at most [`images_per_product`] images.
    pub fn new(large: &[f32], shape: ConvShape, space: &'a mut Space) -> Self {
        let images = large.len() / shape.large_len();
        let form = ImageLayout::of(shape);
        let values = match form {
            ImageLayout::Planes => {
                let planes = space.unspecified(shape.patch_len() * shape.small_pixels());
                split(large, shape, planes);
                planes
            }
            ImageLayout::Rows => {
                let planes = space.unspecified(RowPlanes::len(shape));
                RowPlanes::write(large, shape, planes);
                planes
            }
            ImageLayout::Patches => {
                let len = images * shape.small_pixels() * shape.patch_len();
                let patches = space.unspecified(len);
                unfold(large, shape, patches);
                patches
            }
        };
        Self {
            shape,
            form,
            values,
        }
    }

    /// `small = activation(conv(large, weight) + bias)`.
    pub fn down(
        &self,
        weight: &[f32],
        bias: Option<&[f32]>,
        activation: Activation,
        product: &mut Space,
        small: &mut [f32],
    ) {
        let shape = self.shape;
        match self.form {
            ImageLayout::Rows => {
                RowPlanes::down(self.values, weight, bias, activation, shape, product, small)
            }
            ImageLayout::Planes if products_suit(shape) => {
                let pixels = shape.small_pixels();
                arch().dispatch(Product {
                    rows: pixels,
                    inner: shape.patch_len(),
                    columns: shape.small_channels,
                    left: Left {
                        values: self.values,
                        row_stride: 1,
                        inner_stride: pixels,
                    },
                    right: Right::by_rows(weight, shape.small_channels),
                    out: small,
                    is_added: false,
                });
                activate(small, bias, activation);
            }
            ImageLayout::Planes | ImageLayout::Patches => {
                let weight = MatrixView::new(weight, shape.patch_len(), shape.small_channels);
                matmul(
                    self.as_patches(),
                    weight,
                    small,
                    shape.small_channels,
                    WriteMode::Replace,
                );
                activate(small, bias, activation);
            }
        }
    }

    /// `grad_weight += patches^T * small`.
    pub fn add_weight_gradient(&self, small: &[f32], space: &mut Space, grad_weight: &mut [f32]) {
        let channels = self.shape.small_channels;
        match self.form {
            ImageLayout::Rows => {
                RowPlanes::add_weight_gradient(self.values, small, self.shape, space, grad_weight);
            }
            ImageLayout::Planes if products_suit(self.shape) => {
                let pixels = self.shape.small_pixels();
                arch().dispatch(Product {
                    rows: self.shape.patch_len(),
                    inner: pixels,
                    columns: channels,
                    left: Left {
                        values: self.values,
                        row_stride: pixels,
                        inner_stride: 1,
                    },
                    right: Right::by_rows(small, channels),
                    out: grad_weight,
                    is_added: true,
                });
            }
            ImageLayout::Planes | ImageLayout::Patches => {
                let small = MatrixView::new(small, small.len() / channels, channels);
                matmul(
                    self.as_patches().transposed(),
                    small,
                    grad_weight,
                    channels,
                    WriteMode::Add,
                );
            }
        }
    }

    /// `[pixels, patch_len]`.
    fn as_patches(&self) -> MatrixView<'_> {
        let patch_len = self.shape.patch_len();
        let rows = self.values.len() / patch_len;
        match self.form {
            ImageLayout::Planes => MatrixView::new(self.values, patch_len, rows).transposed(),
            ImageLayout::Rows | ImageLayout::Patches => {
                MatrixView::new(self.values, rows, patch_len)
            }
        }
    }
}
