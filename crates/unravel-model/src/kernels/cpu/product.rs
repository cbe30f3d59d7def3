//! Matrix products by register blocks, for operands that lie as they are read: nothing is packed.
//!
//! A block is a few rows by one or two vectors of columns, over all inner terms. Every element is one chain of
//! multiply-adds in the order of its inner terms, whatever block it falls into; so it does not depend on how many rows a
//! product has.

// Bodies of loops over rows and columns must be inlined, which closures of iterators are not always.
#![expect(clippy::needless_range_loop)]

use pulp::{Simd, WithSimd};

use super::lanes::Lanes;

/// Columns of the right matrix that may lie together.
pub const PANEL: usize = 32;

/// Columns come in multiples of this many, which the vectors of every instruction set divide.
pub const COLUMNS: usize = 16;

/// The left matrix: element `(row, inner)` is at `row * row_stride + inner * inner_stride`.
#[derive(Clone, Copy)]
pub struct Left<'a> {
    pub values: &'a [f32],
    pub row_stride: usize,
    pub inner_stride: usize,
}

/// The right matrix, cut into panels of [`PANEL`] columns, whose columns are neighbours.
#[derive(Clone, Copy)]
pub struct Right<'a> {
    pub values: &'a [f32],
    pub panel_stride: usize,
    pub inner_stride: usize,
}

impl<'a> Right<'a> {
    /// Row by row, without gaps.
    pub fn by_rows(values: &'a [f32], columns: usize) -> Self {
        Self {
            values,
            panel_stride: PANEL,
            inner_stride: columns,
        }
    }
}

/// `out = left * right`, or `out += left * right`; `out` is row by row without gaps.
pub struct Product<'a> {
    pub rows: usize,
    pub inner: usize,
    /// A multiple of [`COLUMNS`], and of [`PANEL`] where it is larger than that.
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
        let block = Block {
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
            // SAFETY: the assertions above keep every element of a block within its slice: a block has at most `ROWS`
            // rows of the `rows`, and its columns lie within one panel, whose width they divide.
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
struct Block {
    inner: usize,
    left_row: usize,
    left_inner: usize,
    right_inner: usize,
    out_row: usize,
    is_added: bool,
}

impl Block {
    /// # Safety
    /// `ROWS` rows and `VECTORS` vectors of columns, and `inner` terms, lie within what the pointers point to.
    #[inline(always)]
    unsafe fn multiply<S: Simd, const ROWS: usize, const VECTORS: usize>(
        self,
        v: Lanes<S>,
        left: *const f32,
        right: *const f32,
        out: *mut f32,
    ) {
        let mut sums = [[v.splat(0.0); VECTORS]; ROWS];
        // SAFETY: the caller's.
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
