//! Matrix products by register blocks, without packing: the operands already have the layout in which they are
//! read.
//!
//! A block has a few rows and one or two vectors of columns, for all inner terms. Each element of the result is one
//! chain of multiply-adds in the order of the inner terms, in whichever block it is. It therefore does not depend on
//! the number of rows.

// Loops over rows and columns must be inlined. Closures of iterators are not always inlined.
#![expect(clippy::needless_range_loop)]

use pulp::{Simd, WithSimd};

use super::lanes::Lanes;

/// Maximum number of adjacent columns of the right matrix.
pub const PANEL: usize = 32;

/// The number of columns is a multiple of this. The vector length of every instruction set divides it.
pub const COLUMNS: usize = 16;

/// The left matrix: element `(row, inner)` is at `row * row_stride + inner * inner_stride`.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub values: &'a [f32],
    pub row_stride: usize,
    pub inner_stride: usize,
}

/// The right matrix, divided into panels of [`PANEL`] adjacent columns.
#[derive(Clone, Copy)]
pub struct Right<'a> {
    pub values: &'a [f32],
    pub panel_stride: usize,
    pub inner_stride: usize,
}

impl<'a> Right<'a> {
    /// A row-major matrix without gaps.
    pub fn by_rows(values: &'a [f32], columns: usize) -> Self {
        Self {
            values,
            panel_stride: PANEL,
            inner_stride: columns,
        }
    }
}

/// `out = left * right`, or `out += left * right`. `out` is row-major without gaps.
pub struct Product<'a> {
    pub rows: usize,
    pub inner: usize,
    /// A multiple of [`COLUMNS`], and of [`PANEL`] if it is larger than that.
    pub columns: usize,
    pub left: Left<'a>,
    pub right: Right<'a>,
    pub out: &'a mut [f32],
    pub is_added: bool,
}

impl WithSimd for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let v = Lanes(simd);
        match (S::REGISTER_COUNT, self.columns % (2 * Lanes::<S>::N)) {
            (32.., 0) => self.by_blocks::<S, 8, 2>(v),
            (32.., _) => self.by_blocks::<S, 8, 1>(v),
            (_, 0) => self.by_blocks::<S, 4, 2>(v),
            (_, _) => self.by_blocks::<S, 4, 1>(v),
        }
    }
}

impl Product<'_> {
    #[inline(always)]
    fn by_blocks<S: Simd, const ROWS: usize, const VECTORS: usize>(self, v: Lanes<S>) {
        let Self {
            rows,
            inner,
            columns,
            left,
            right,
            out,
            is_added,
        } = self;
        if rows == 0 || inner == 0 || columns == 0 {
            return;
        }
        let panel = PANEL.min(columns);
        assert!(columns.is_multiple_of(COLUMNS) && columns.is_multiple_of(panel));
        let left_end = (rows - 1) * left.row_stride + (inner - 1) * left.inner_stride;
        let last_panel = (columns / panel - 1) * right.panel_stride;
        let right_end = last_panel + (inner - 1) * right.inner_stride + panel;
        assert!(left_end < left.values.len() && right_end <= right.values.len());
        assert!(rows * columns <= out.len());
        let block = RegisterBlock {
            inner,
            left_row: left.row_stride,
            left_inner: left.inner_stride,
            right_inner: right.inner_stride,
            out_row: columns,
            is_added,
        };
        for column in (0..columns).step_by(VECTORS * Lanes::<S>::N) {
            let start = column / panel * right.panel_stride + column % panel;
            let mut row = 0;
            // SAFETY: the assertions above keep each element of a block within its slice: a block has at most `ROWS` of
            // the `rows`, and its columns are within one panel, whose width they divide.
            unsafe {
                let right = right.values.as_ptr().add(start);
                let left = left.values.as_ptr();
                let out = out.as_mut_ptr().add(column);
                while row + ROWS <= rows {
                    let (left, out) = (left.add(row * block.left_row), out.add(row * columns));
                    block.multiply::<S, ROWS, VECTORS>(v, left, right, out);
                    row += ROWS;
                }
                while row < rows {
                    let (left, out) = (left.add(row * block.left_row), out.add(row * columns));
                    block.multiply::<S, 1, VECTORS>(v, left, right, out);
                    row += 1;
                }
            }
        }
    }
}

#[derive(Clone, Copy)]
struct RegisterBlock {
    inner: usize,
    left_row: usize,
    left_inner: usize,
    right_inner: usize,
    out_row: usize,
    is_added: bool,
}

impl RegisterBlock {
    /// # Safety
    /// The pointers are valid for `ROWS` rows, `VECTORS` vectors of columns and `inner` terms.
    #[inline(always)]
    unsafe fn multiply<S: Simd, const ROWS: usize, const VECTORS: usize>(
        self,
        v: Lanes<S>,
        left: *const f32,
        right: *const f32,
        out: *mut f32,
    ) {
        let mut sums = [[v.splat(0.0); VECTORS]; ROWS];
        // SAFETY: guaranteed by the caller.
        unsafe {
            let (mut left, mut right) = (left, right);
            for _ in 0..self.inner {
                let mut columns = [v.splat(0.0); VECTORS];
                for at in 0..VECTORS {
                    columns[at] = v.load(right.add(at * Lanes::<S>::N));
                }
                for row in 0..ROWS {
                    let value = v.splat(*left.add(row * self.left_row));
                    for at in 0..VECTORS {
                        sums[row][at] = v.mul_add(value, columns[at], sums[row][at]);
                    }
                }
                left = left.wrapping_add(self.left_inner);
                right = right.wrapping_add(self.right_inner);
            }
            for row in 0..ROWS {
                for at in 0..VECTORS {
                    let out = out.add(row * self.out_row + at * Lanes::<S>::N);
                    let mut sum = sums[row][at];
                    if self.is_added {
                        sum = v.add(v.load(out), sum);
                    }
                    v.store(out, sum);
                }
            }
        }
    }
}
