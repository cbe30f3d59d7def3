//! Single-threaded matrix products on slices. The callers divide work among threads.

/// A matrix within a slice: element `(row, column)` is at `row * row_stride + column * column_stride`.
#[derive(Clone, Copy)]
pub struct MatrixView<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> MatrixView<'a> {
    /// A row-major matrix.
    pub fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::with_row_stride(values, rows, columns, columns)
    }

    /// A row-major matrix whose rows begin `row_stride` values apart.
    pub fn with_row_stride(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Self {
        assert!(rows == 0 || (rows - 1) * row_stride + columns <= values.len());
        Self {
            values,
            rows,
            columns,
            row_stride,
            column_stride: 1,
        }
    }

    /// The transpose, without a copy.
    pub fn transposed(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// Whether a product replaces the output or is added to it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum WriteMode {
    Replace,
    Add,
}

/// `out = lhs * rhs` or `out += lhs * rhs`. `out` is row-major; its rows begin `out_stride` values apart.
pub fn matmul(
    lhs: MatrixView,
    rhs: MatrixView,
    out: &mut [f32],
    out_stride: usize,
    write: WriteMode,
) {
    assert_eq!(lhs.columns, rhs.rows);
    assert!(lhs.rows == 0 || (lhs.rows - 1) * out_stride + rhs.columns <= out.len());
    // SAFETY: the constructors and the assertions above keep every index within its slice, and `out` is exclusive.
    unsafe {
        gemm::gemm(
            lhs.rows,
            rhs.columns,
            lhs.columns,
            out.as_mut_ptr(),
            1,
            out_stride as isize,
            write == WriteMode::Add,
            lhs.values.as_ptr(),
            lhs.column_stride as isize,
            lhs.row_stride as isize,
            rhs.values.as_ptr(),
            rhs.column_stride as isize,
            rhs.row_stride as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}
