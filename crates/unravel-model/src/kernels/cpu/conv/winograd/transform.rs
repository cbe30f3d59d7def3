//! The transforms of F(4x4, 2x2) and their adjoints, in one dimension and in two, on vectors of channels.
//!
//! The four outputs of a 2-tap filter are values of a product of two polynomials of degree 1 and 3. They are computed
//! from its values at the points 0, 1, -1, 2 and infinity: `y = A^T [(G g) (B^T d)]` with
//!
//! ```text
//!        2 -1 -2  1  0            1/2    0              1 0 0 0
//!        0 -2 -1  1  0           -1/2 -1/2              1 1 1 1
//! B^T =  0  2 -3  1  0      G =  -1/6  1/6         A =  1 -1 1 -1
//!        0 -1  0  1  0            1/6  1/3              1 2 4 8
//!        0  2 -1 -2  1             0    1               0 0 0 1
//! ```

use pulp::Simd;

use super::{SPAN, TILE};
use crate::kernels::cpu::lanes::Lanes;

/// `B^T d`.
#[inline(always)]
fn large_to_points<S: Simd>(v: Lanes<S>, d: [S::f32s; SPAN]) -> [S::f32s; SPAN] {
    let three = v.splat(3.0);
    let odd = v.sub(d[3], d[1]);
    let even = v.sub(d[0], d[2]);
    let last = v.sub(d[4], d[2]);
    [
        v.mul_add(v.splat(2.0), even, odd),
        v.sub(odd, v.add(d[1], d[2])),
        v.mul_add(three, v.sub(d[1], d[2]), odd),
        odd,
        v.mul_add(v.splat(-2.0), odd, last),
    ]
}

/// `B m`: the adjoint of [`large_to_points`].
#[inline(always)]
fn points_to_large<S: Simd>(v: Lanes<S>, m: [S::f32s; SPAN]) -> [S::f32s; SPAN] {
    let (two, three) = (v.splat(2.0), v.splat(3.0));
    let twice = v.mul(two, m[0]);
    let third = v.mul_add(
        v.splat(-2.0),
        m[4],
        v.add(v.add(m[0], m[1]), v.add(m[2], m[3])),
    );
    let first = v.sub(v.mul_add(three, m[2], v.neg(m[1])), third);
    let second = v.add(v.mul_add(three, m[2], twice), v.add(m[1], m[4]));
    [twice, first, v.neg(second), third, m[4]]
}

/// `A s`.
#[inline(always)]
fn small_to_points<S: Simd>(v: Lanes<S>, s: [S::f32s; TILE]) -> [S::f32s; SPAN] {
    let two = v.splat(2.0);
    let (even, odd) = (v.add(s[0], s[2]), v.add(s[1], s[3]));
    let at_two = v.mul_add(two, v.mul_add(two, v.mul_add(two, s[3], s[2]), s[1]), s[0]);
    [s[0], v.add(even, odd), v.sub(even, odd), at_two, s[3]]
}

/// `A^T m`: the adjoint of [`small_to_points`].
#[inline(always)]
fn points_to_small<S: Simd>(v: Lanes<S>, m: [S::f32s; SPAN]) -> [S::f32s; TILE] {
    let (sum, difference) = (v.add(m[1], m[2]), v.sub(m[1], m[2]));
    [
        v.add(m[0], v.add(sum, m[3])),
        v.mul_add(v.splat(2.0), m[3], difference),
        v.mul_add(v.splat(4.0), m[3], sum),
        v.add(v.mul_add(v.splat(8.0), m[3], difference), m[4]),
    ]
}

/// `G g`.
#[inline(always)]
fn weight_to_points<S: Simd>(v: Lanes<S>, g: [S::f32s; 2]) -> [S::f32s; SPAN] {
    let half = v.splat(-0.5);
    let sixth = v.splat(1.0 / 6.0);
    [
        v.mul(v.splat(0.5), g[0]),
        v.mul(half, v.add(g[0], g[1])),
        v.mul(sixth, v.sub(g[1], g[0])),
        v.mul(sixth, v.mul_add(v.splat(2.0), g[1], g[0])),
        g[1],
    ]
}

/// `G^T m`: the adjoint of [`weight_to_points`].
#[inline(always)]
fn points_to_weight<S: Simd>(v: Lanes<S>, m: [S::f32s; SPAN]) -> [S::f32s; 2] {
    let (half, sixth) = (v.splat(0.5), v.splat(1.0 / 6.0));
    let first = v.mul_add(half, v.sub(m[0], m[1]), v.mul(sixth, v.sub(m[3], m[2])));
    let tail = v.mul_add(v.splat(1.0 / 3.0), m[3], m[4]);
    let second = v.add(v.mul_add(sixth, m[2], v.mul(v.splat(-0.5), m[1])), tail);
    [first, second]
}

/// Applies a transform to each column, then to each row.
macro_rules! in_two_dimensions {
    ($(#[$doc:meta])* $name:ident, $one:ident, $from:expr, $to:expr) => {
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<S: Simd>(v: Lanes<S>, from: [[S::f32s; $from]; $from]) -> [[S::f32s; $to]; $to] {
            let mut between = [[v.splat(0.0); $from]; $to];
            for column in 0..$from {
                let mut values = [v.splat(0.0); $from];
                for row in 0..$from {
                    values[row] = from[row][column];
                }
                let values = $one(v, values);
                for row in 0..$to {
                    between[row][column] = values[row];
                }
            }
            let mut to = [[v.splat(0.0); $to]; $to];
            for row in 0..$to {
                to[row] = $one(v, between[row]);
            }
            to
        }
    };
}

in_two_dimensions!(
    /// `B^T d B`.
    large_tile_to_points, large_to_points, SPAN, SPAN
);
in_two_dimensions!(
    /// `B m B^T`.
    points_to_large_tile, points_to_large, SPAN, SPAN
);
in_two_dimensions!(
    /// `A s A^T`.
    small_tile_to_points, small_to_points, TILE, SPAN
);
in_two_dimensions!(
    /// `A^T m A`.
    points_to_small_tile, points_to_small, SPAN, TILE
);
in_two_dimensions!(
    /// `G g G^T`.
    taps_to_points, weight_to_points, 2, SPAN
);
in_two_dimensions!(
    /// `G^T m G`.
    points_to_taps, points_to_weight, SPAN, 2
);

#[cfg(test)]
mod tests {
    use super::*;

    const B_T: [[f64; 5]; 5] = [
        [2.0, -1.0, -2.0, 1.0, 0.0],
        [0.0, -2.0, -1.0, 1.0, 0.0],
        [0.0, 2.0, -3.0, 1.0, 0.0],
        [0.0, -1.0, 0.0, 1.0, 0.0],
        [0.0, 2.0, -1.0, -2.0, 1.0],
    ];
    const G: [[f64; 2]; 5] = [
        [0.5, 0.0],
        [-0.5, -0.5],
        [-1.0 / 6.0, 1.0 / 6.0],
        [1.0 / 6.0, 1.0 / 3.0],
        [0.0, 1.0],
    ];
    const A: [[f64; 4]; 5] = [
        [1.0, 0.0, 0.0, 0.0],
        [1.0, 1.0, 1.0, 1.0],
        [1.0, -1.0, 1.0, -1.0],
        [1.0, 2.0, 4.0, 8.0],
        [0.0, 0.0, 0.0, 1.0],
    ];

    /// The matrix of a transform, column by column.
    fn matrix<const FROM: usize, const TO: usize>(
        transform: impl Fn([f32; FROM]) -> [f32; TO],
    ) -> [[f64; FROM]; TO] {
        let mut matrix = [[0.0; FROM]; TO];
        for column in 0..FROM {
            let unit = std::array::from_fn(|at| f32::from(u8::from(at == column)));
            for (row, value) in transform(unit).into_iter().enumerate() {
                matrix[row][column] = f64::from(value);
            }
        }
        matrix
    }

    fn transposed<const ROWS: usize, const COLUMNS: usize>(
        matrix: [[f64; COLUMNS]; ROWS],
    ) -> [[f64; ROWS]; COLUMNS] {
        std::array::from_fn(|column| std::array::from_fn(|row| matrix[row][column]))
    }

    #[track_caller]
    fn check<const COLUMNS: usize>(got: &[[f64; COLUMNS]], expected: &[[f64; COLUMNS]]) {
        for (got, expected) in got.iter().flatten().zip(expected.iter().flatten()) {
            assert!((got - expected).abs() < 1e-7, "{got} for {expected}");
        }
    }

    #[test]
    fn the_matrices_compute_a_filter() {
        // y_i = g_0 d_i + g_1 d_{i+1}, as a trilinear form in unit vectors.
        for i in 0..4 {
            for tap in 0..2 {
                for at in 0..5 {
                    let value: f64 = (0..5).map(|p| A[p][i] * G[p][tap] * B_T[p][at]).sum();
                    let expected = f64::from(u8::from(at == i + tap));
                    assert!((value - expected).abs() < 1e-12);
                }
            }
        }
    }

    #[test]
    fn each_transform_is_its_matrix_and_each_adjoint_its_transpose() {
        let v = Lanes(pulp::Scalar);
        check(&matrix(|d| large_to_points(v, d)), &B_T);
        check(&matrix(|m| points_to_large(v, m)), &transposed(B_T));
        check(&matrix(|s| small_to_points(v, s)), &A);
        check(&matrix(|m| points_to_small(v, m)), &transposed(A));
        check(&matrix(|g| weight_to_points(v, g)), &G);
        check(&matrix(|m| points_to_weight(v, m)), &transposed(G));
    }
}
