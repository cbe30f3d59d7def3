//! Measures a plain matrix product of a layer's shape, with all operands in cache.
//!
//! A convolution counts as the product of its unfolded input with its weight, a few images at a time. Several numbers
//! of images are measured, and the fastest counts. With several threads, each computes its own product.

use std::time::Duration;

use unravel_model::kernels::{LayerKind, RequestedGradients};
use unravel_model::network::LayerSpec;

use super::stack::uniform;
use crate::timing::{Clock, median_secs};

/// Numbers of images in one product.
const IMAGES: [usize; 4] = [1, 4, 16, 64];

/// Maximum number of rows of a product, unless one image has more.
const MAX_ROWS: usize = 1024;

/// The matrix products of one phase of one layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Products {
    /// Floating point operations; a multiply-add counts as two.
    pub flop: f64,
    /// Seconds at the ceiling's speed.
    pub secs: f64,
}

impl Products {
    fn and(self, other: Self) -> Self {
        Self {
            flop: self.flop + other.flop,
            secs: self.secs + other.secs,
        }
    }
}

/// `[rows, inner] [inner, columns]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct GemmShape {
    rows: usize,
    inner: usize,
    columns: usize,
    /// Whether the left matrix is column-major, as in a weight gradient.
    is_left_transposed: bool,
}

impl GemmShape {
    fn flop(&self) -> f64 {
        2.0 * self.rows as f64 * self.inner as f64 * self.columns as f64
    }
}

/// The operations and the time at the ceiling for each phase of a layer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ceilings {
    /// The forward pass.
    pub forward: Products,
    /// The weight gradient.
    pub grad_weight: Products,
    /// The input gradient.
    pub grad_input: Products,
}

impl Ceilings {
    /// Measures a layer with an input of shape `[M, N, inputs]`.
    #[must_use]
    pub fn of(
        spec: &LayerSpec,
        [models, batch, _]: [usize; 3],
        threads: usize,
        budget: Duration,
    ) -> Self {
        let (pixels, inner, columns) = match spec.kind {
            LayerKind::Linear => (1, spec.inputs, spec.outputs),
            LayerKind::Conv(s) | LayerKind::ConvTranspose(s) => {
                (s.small_pixels(), s.patch_len(), s.small_channels)
            }
        };
        let at_ceiling = |product: fn(usize, usize, usize) -> GemmShape| {
            let groups = IMAGES
                .iter()
                .filter(|images| match spec.kind {
                    LayerKind::Linear => **images == batch || batch < IMAGES[3],
                    _ => **images == 1 || **images * pixels <= MAX_ROWS,
                })
                .map(|images| product((*images).min(batch) * pixels, inner, columns));
            let rates = groups.map(|product| flop_per_sec(product, threads, budget));
            let flop = product(models * batch * pixels, inner, columns).flop();
            Products {
                flop,
                secs: flop / rates.fold(0.0, f64::max),
            }
        };
        let (unfolded, folded) = (at_ceiling(unfolded), at_ceiling(folded));
        let (forward, grad_input) = match spec.kind {
            LayerKind::ConvTranspose(_) => (folded, unfolded),
            _ => (unfolded, folded),
        };
        Self {
            forward,
            grad_weight: at_ceiling(grad_weight),
            grad_input,
        }
    }

    /// The sum over the requested gradients of a backward pass.
    #[must_use]
    pub fn backward(&self, wanted: RequestedGradients) -> Products {
        let nothing = Products {
            flop: 0.0,
            secs: 0.0,
        };
        let grad_weight = wanted.parameters.then_some(self.grad_weight);
        let grad_input = wanted.input.then_some(self.grad_input);
        [grad_weight, grad_input]
            .into_iter()
            .flatten()
            .fold(nothing, Products::and)
    }
}

/// Patches times weight: a convolution, a dense layer.
fn unfolded(rows: usize, inner: usize, columns: usize) -> GemmShape {
    GemmShape {
        rows,
        inner,
        columns,
        is_left_transposed: false,
    }
}

/// Small image times weight: a transposed convolution, an input gradient.
fn folded(rows: usize, inner: usize, columns: usize) -> GemmShape {
    unfolded(rows, columns, inner)
}

/// Patches, transposed, times small image: a weight gradient.
fn grad_weight(rows: usize, inner: usize, columns: usize) -> GemmShape {
    GemmShape {
        rows: inner,
        inner: rows,
        columns,
        is_left_transposed: true,
    }
}

/// Operations per second of all threads, each with its own product.
fn flop_per_sec(product: GemmShape, threads: usize, budget: Duration) -> f64 {
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| scope.spawn(|| product.flop() / secs(product, Clock::of(threads), budget)))
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or(f64::NAN))
            .sum()
    })
}

fn secs(product: GemmShape, clock: Clock, budget: Duration) -> f64 {
    let GemmShape {
        rows,
        inner,
        columns,
        is_left_transposed,
    } = product;
    let (left, right) = (
        uniform(rows * inner, 1.0, 0),
        uniform(inner * columns, 1.0, 1),
    );
    let mut out = vec![0.0f32; rows * columns];
    let (left_row_stride, left_column_stride) = if is_left_transposed {
        (1, rows)
    } else {
        (inner, 1)
    };
    // A single product may be too short for the clock.
    let repeats = (1e6 / product.flop()).ceil() as usize;
    let secs = median_secs(
        clock,
        budget,
        || (),
        |()| {
            for _ in 0..repeats {
                // SAFETY: `left` is rows x inner, `right` inner x columns and `out` rows x columns, with these strides.
                unsafe {
                    gemm::gemm(
                        rows,
                        columns,
                        inner,
                        out.as_mut_ptr(),
                        1,
                        columns as isize,
                        false,
                        left.as_ptr(),
                        left_column_stride as isize,
                        left_row_stride as isize,
                        right.as_ptr(),
                        1,
                        columns as isize,
                        0.0f32,
                        1.0f32,
                        false,
                        false,
                        false,
                        gemm::Parallelism::None,
                    );
                }
            }
        },
    );
    secs / repeats as f64
}

#[cfg(test)]
mod tests {
    use unravel_model::kernels::{Activation, ConvShape};

    use super::*;

    #[test]
    fn operations_are_those_of_the_direct_convolution() {
        let shape = ConvShape {
            height: 8,
            width: 8,
            large_channels: 3,
            small_channels: 5,
            kernel: 4,
        };
        let one = 2.0 * 64.0 * 16.0 * (4 * 4 * 3) as f64 * 5.0;
        let ceilings =
            |spec: &LayerSpec| Ceilings::of(spec, [1, 64, spec.inputs], 1, Duration::ZERO);
        let both = RequestedGradients {
            parameters: true,
            input: true,
        };
        for spec in [
            LayerSpec::conv(shape),
            LayerSpec::conv_transpose(shape, Activation::Relu),
        ] {
            assert_eq!(ceilings(&spec).forward.flop, one);
            assert_eq!(ceilings(&spec).backward(both).flop, 2.0 * one);
        }
        let dense = LayerSpec::linear(7, 3, Activation::Identity);
        assert_eq!(ceilings(&dense).forward.flop, 2.0 * 64.0 * 21.0);
    }
}
