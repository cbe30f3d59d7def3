//! Strided convolutions as one gather and one matrix product each, for all models at once, in Burn operations.
//!
//! The reference assembles patches tap by tap, in some 35 operations. On a GPU, each of them is a launch and a pass
//! over memory. Here, a table with the row number of each tap of each patch, made once per geometry, allows a single
//! pass. The patches of a batch take 4 launches (3 to append the padding's zeros to each image, 1 for the gather), and
//! the product takes 1. The way back to an image takes 3 launches for the zeros, 1 for the product and 2 for gather and
//! sum. Taps in the padding read a pixel of zeros that is appended to each image.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use burn::tensor::{Int, Tensor, TensorData, backend::Backend};

use super::reference::finish;
use super::{Activation, ConvShape};

/// As [`Kernels::down`](super::Kernels::down).
pub fn down<B: Backend>(
    large: Tensor<B, 3>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 2>>,
    activation: Activation,
    shape: ConvShape,
) -> Tensor<B, 3> {
    let [models, batch, _] = large.dims();
    let weight = weight.reshape([models, shape.patch_len(), shape.small_channels]);
    let sum = patches(large, shape).matmul(weight); // [M, N * pixels, Cs]
    finish(sum, bias, activation).reshape([models, batch, shape.small_len()])
}

/// As [`Kernels::up`](super::Kernels::up).
pub fn up<B: Backend>(
    small: Tensor<B, 3>,
    weight: Tensor<B, 2>,
    bias: Option<Tensor<B, 2>>,
    activation: Activation,
    shape: ConvShape,
) -> Tensor<B, 3> {
    let [models, batch, _] = small.dims();
    let (pixels, channels) = (shape.small_pixels(), shape.small_channels);
    let weight = weight.reshape([models, shape.patch_len(), channels]);
    // The pixel of zeros is appended to the small image, where it costs least: its patch is zero too.
    let small = padded(small.reshape([models * batch, pixels, channels]), shape);
    let rows = small.dims()[1];
    let small = small.reshape([models, batch * rows, channels]);
    let taps = small.matmul(weight.swap_dims(1, 2)).reshape([
        models * batch,
        rows * shape.kernel * shape.kernel,
        shape.large_channels,
    ]);
    let large_pixels = shape.height * shape.width;
    let parts = n_parts(shape);
    let rows = table(RowTable::Parts, shape, &taps.device());
    let gathered = taps.select(1, rows);
    let sum = match parts {
        1 => gathered,
        _ => gathered
            .reshape([models * batch * large_pixels, parts, shape.large_channels])
            .sum_dim(1),
    };
    let sum = sum.reshape([models, batch * large_pixels, shape.large_channels]);
    finish(sum, bias, activation).reshape([models, batch, shape.large_len()])
}

/// As [`Kernels::weight_gradient`](super::Kernels::weight_gradient).
pub fn weight_gradient<B: Backend>(
    large: Tensor<B, 3>,
    small: Tensor<B, 3>,
    shape: ConvShape,
) -> Tensor<B, 2> {
    let [models, batch, _] = large.dims();
    let small = small.reshape([models, batch * shape.small_pixels(), shape.small_channels]);
    patches(large, shape)
        .swap_dims(1, 2)
        .matmul(small)
        .reshape([models, shape.weight_len()])
}

/// The patches under each small pixel: `[M, N, large_len]` to `[M, N * small_pixels, patch_len]`.
fn patches<B: Backend>(large: Tensor<B, 3>, shape: ConvShape) -> Tensor<B, 3> {
    let [models, batch, _] = large.dims();
    let pixels = shape.height * shape.width;
    let images = large.reshape([models * batch, pixels, shape.large_channels]);
    let rows = table(RowTable::Taps, shape, &images.device());
    padded(images, shape).select(1, rows).reshape([
        models,
        batch * shape.small_pixels(),
        shape.patch_len(),
    ])
}

/// Images `[images, pixels, channels]`, with a pixel of zeros appended if the geometry has padding.
fn padded<B: Backend>(images: Tensor<B, 3>, shape: ConvShape) -> Tensor<B, 3> {
    if shape.padding() == 0 {
        return images;
    }
    let [n, _, channels] = images.dims();
    let zeros = Tensor::zeros([n, 1, channels], (&images.device(), images.dtype()));
    Tensor::cat(vec![images, zeros], 1)
}

/// Number of small pixels, along one axis, that contribute to a large pixel.
fn n_parts(shape: ConvShape) -> usize {
    (shape.kernel / 2) * (shape.kernel / 2)
}

/// The two tables of row numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum RowTable {
    /// For each small pixel and each tap of its patch: the pixel of the large image.
    Taps,
    /// For each large pixel: the taps of small pixels that are summed into it.
    Parts,
}

/// Computes the row numbers of a table.
fn rows(table: RowTable, shape: ConvShape) -> Vec<i32> {
    let (kernel, padding) = (shape.kernel, shape.padding());
    let (height, width) = (shape.small_height(), shape.small_width());
    let mut rows = Vec::new();
    match table {
        RowTable::Taps => {
            let zero = shape.height * shape.width;
            for (small_y, small_x) in places(height, width) {
                for (y, x) in places(kernel, kernel) {
                    // A negative number wraps around to one beyond any image.
                    let y = (2 * small_y + y).wrapping_sub(padding);
                    let x = (2 * small_x + x).wrapping_sub(padding);
                    let is_inside = y < shape.height && x < shape.width;
                    rows.push(if is_inside { y * shape.width + x } else { zero });
                }
            }
        }
        RowTable::Parts => {
            let (taps, zero) = (kernel * kernel, height * width * kernel * kernel);
            for (y, x) in places(shape.height, shape.width) {
                let (y, x) = (y + padding, x + padding);
                for (back_y, back_x) in places(kernel / 2, kernel / 2) {
                    let small_y = (y / 2).wrapping_sub(back_y);
                    let small_x = (x / 2).wrapping_sub(back_x);
                    let tap = (y % 2 + 2 * back_y) * kernel + x % 2 + 2 * back_x;
                    let is_inside = small_y < height && small_x < width;
                    rows.push(if is_inside {
                        (small_y * width + small_x) * taps + tap
                    } else {
                        zero
                    });
                }
            }
        }
    }
    rows.into_iter().map(|row| row as i32).collect()
}

/// Rows and columns in row-major order.
fn places(height: usize, width: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..height).flat_map(move |y| (0..width).map(move |x| (y, x)))
}

type RowTableCache = HashMap<(TypeId, String, RowTable, ConvShape), Box<dyn Any + Send>>;

/// Returns a table on the device. It is sent once.
fn table<B: Backend>(table: RowTable, shape: ConvShape, device: &B::Device) -> Tensor<B, 1, Int> {
    static TABLES: OnceLock<Mutex<RowTableCache>> = OnceLock::new();
    let mut tables = TABLES
        .get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let key = (TypeId::of::<B>(), format!("{device:?}"), table, shape);
    let new = || -> Box<dyn Any + Send> {
        let rows = rows(table, shape);
        let dims = [rows.len()];
        Box::new(Tensor::<B, 1, Int>::from_data(
            TensorData::new(rows, dims),
            device,
        ))
    };
    let known = tables.entry(key).or_insert_with(new);
    known
        .downcast_ref::<Tensor<B, 1, Int>>()
        .expect("the key names the type")
        .clone()
}

#[cfg(test)]
mod tests {
    use burn::backend::Flex;
    use burn::tensor::DType;

    use super::*;
    use crate::kernels::reference;
    use crate::random::{Purpose, Stream};

    fn random<const D: usize>(dims: [usize; D], key: u64) -> Tensor<Flex, D> {
        let mut values = vec![0.0; dims.iter().product()];
        Stream::new(key, Purpose::Noise, 0).normal(&mut values);
        let values: Vec<f64> = values.into_iter().map(f64::from).collect();
        Tensor::from_data(
            TensorData::new(values, dims),
            (&Default::default(), DType::F64),
        )
    }

    #[track_caller]
    fn assert_same<const D: usize>(found: Tensor<Flex, D>, expected: Tensor<Flex, D>) {
        assert_eq!(found.dims(), expected.dims());
        let distance = (found - expected).abs().max().into_data();
        assert!(distance.to_vec::<f64>().unwrap()[0] < 1e-12);
    }

    #[test]
    fn gathered_convolutions_are_the_reference() {
        let (models, batch) = (3, 2);
        for kernel in [2, 4] {
            for (height, width, large_channels, small_channels) in
                [(8, 8, 1, 3), (4, 6, 5, 2), (2, 2, 2, 1)]
            {
                let shape = ConvShape {
                    height,
                    width,
                    large_channels,
                    small_channels,
                    kernel,
                };
                let large = random([models, batch, shape.large_len()], 1);
                let small = random([models, batch, shape.small_len()], 2);
                let weight = random([models, shape.weight_len()], 3);
                let relu = Activation::Relu;
                for has_bias in [false, true] {
                    let bias = |channels| has_bias.then(|| random([models, channels], 4));
                    let of =
                        |f: fn(_, _, _, _, _) -> Tensor<Flex, 3>, x: &Tensor<Flex, 3>, channels| {
                            f(x.clone(), weight.clone(), bias(channels), relu, shape)
                        };
                    assert_same(
                        of(down, &large, small_channels),
                        of(reference::down, &large, small_channels),
                    );
                    assert_same(
                        of(up, &small, large_channels),
                        of(reference::up, &small, large_channels),
                    );
                }
                assert_same(
                    weight_gradient(large.clone(), small.clone(), shape),
                    reference::weight_gradient(large, small, shape),
                );
            }
        }
    }
}
