//! Large images in the form that is the fastest for their shape.

use super::patches::{self, unfold};
use super::planes::{self, products_suit, split};
use super::rows::{self, RowPlanes};
use crate::kernels::cpu::arch::arch;
use crate::kernels::cpu::elementwise::activate;
use crate::kernels::cpu::matmul::{Matrix, Write, matmul};
use crate::kernels::cpu::product::{Left, Product, Right};
use crate::kernels::cpu::scratch::Space;
use crate::kernels::{Activation, ConvShape};

/// Images of one product.
pub fn images_per_product(shape: ConvShape) -> usize {
    match Form::of(shape) {
        Form::Planes | Form::Rows => 1,
        Form::Patches => patches::images_per_product(shape),
    }
}

/// A few large images before a product.
pub struct Prepared<'a> {
    shape: ConvShape,
    form: Form,
    values: &'a [f32],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Planes,
    Rows,
    Patches,
}

impl Form {
    fn of(shape: ConvShape) -> Self {
        match shape {
            _ if planes::suit(shape) => Self::Planes,
            _ if rows::suit(shape) => Self::Rows,
            _ => Self::Patches,
        }
    }
}

impl<'a> Prepared<'a> {
    /// Brings images into form; at most [`images_per_product`] of them.
    pub fn new(large: &[f32], shape: ConvShape, space: &'a mut Space) -> Self {
        let images = large.len() / shape.large_len();
        let form = Form::of(shape);
        let values = match form {
            Form::Planes => {
                let planes = space.unspecified(shape.patch_len() * shape.small_pixels());
                split(large, shape, planes);
                planes
            }
            Form::Rows => {
                let planes = space.unspecified(RowPlanes::len(shape));
                RowPlanes::write(large, shape, planes);
                planes
            }
            Form::Patches => {
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
            Form::Rows => {
                RowPlanes::down(self.values, weight, bias, activation, shape, product, small)
            }
            Form::Planes if products_suit(shape) => {
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
            Form::Planes | Form::Patches => {
                let weight = Matrix::new(weight, shape.patch_len(), shape.small_channels);
                matmul(
                    self.as_patches(),
                    weight,
                    small,
                    shape.small_channels,
                    Write::Replace,
                );
                activate(small, bias, activation);
            }
        }
    }

    /// `by_weight += patches^T * small`.
    pub fn add_weight_gradient(&self, small: &[f32], space: &mut Space, by_weight: &mut [f32]) {
        let channels = self.shape.small_channels;
        match self.form {
            Form::Rows => {
                RowPlanes::add_weight_gradient(self.values, small, self.shape, space, by_weight);
            }
            Form::Planes if products_suit(self.shape) => {
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
                    out: by_weight,
                    is_added: true,
                });
            }
            Form::Planes | Form::Patches => {
                let small = Matrix::new(small, small.len() / channels, channels);
                matmul(
                    self.as_patches().transposed(),
                    small,
                    by_weight,
                    channels,
                    Write::Add,
                );
            }
        }
    }

    /// `[pixels, patch_len]`.
    fn as_patches(&self) -> Matrix<'_> {
        let patch_len = self.shape.patch_len();
        let rows = self.values.len() / patch_len;
        match self.form {
            Form::Planes => Matrix::new(self.values, patch_len, rows).transposed(),
            Form::Rows | Form::Patches => Matrix::new(self.values, rows, patch_len),
        }
    }
}
