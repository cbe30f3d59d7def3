//! Symmetric positive definite systems.

use super::vectors::dot;

/// Solves `matrix · x = right` in place; `matrix` is `[n, n]`, symmetric, of which the lower triangle is read.
///
/// The system is scaled to a unit diagonal first, so unknowns of very different sizes do no harm. False if the matrix is
/// not positive definite, as far as rounding can tell; `right` is then of no use.
pub fn solve(matrix: Vec<f64>, right: &mut [f64]) -> bool {
    let factor = Factor::new(matrix, right.len());
    if let Some(factor) = &factor {
        factor.solve(right);
    }
    factor.is_some()
}

/// A matrix in a form that makes it easy to solve with.
pub struct Factor {
    /// Lower triangle L with `L·Lᵀ` the matrix scaled to a unit diagonal, `[n, n]`.
    lower: Vec<f64>,
    /// One over the root of each diagonal element, `[n]`.
    scales: Vec<f64>,
}

impl Factor {
    /// Factorises a symmetric `[n, n]` matrix, of which the lower triangle is read; none if it is not positive definite.
    pub fn new(mut matrix: Vec<f64>, n: usize) -> Option<Self> {
        let scales: Vec<f64> = (0..n).map(|i| matrix[i * n + i].sqrt().recip()).collect();
        if scales.iter().any(|scale| !scale.is_finite()) {
            return None;
        }
        for (row, &row_scale) in matrix.chunks_exact_mut(n).zip(&scales) {
            for (value, scale) in row.iter_mut().zip(&scales) {
                *value *= row_scale * scale;
            }
        }
        factorise(&mut matrix, n).then_some(Self {
            lower: matrix,
            scales,
        })
    }

    /// The same for a positive semidefinite matrix, to whose diagonal is added as little as makes it definite.
    pub fn new_with_ridge(matrix: Vec<f64>, n: usize) -> Self {
        let largest = (0..n)
            .map(|i| matrix[i * n + i])
            .fold(f64::MIN_POSITIVE, f64::max);
        let mut ridge = 1e-12;
        loop {
            let mut raised = matrix.clone();
            for i in 0..n {
                raised[i * n + i] = raised[i * n + i] * (1.0 + ridge) + 1e-12 * ridge * largest;
            }
            if let Some(factor) = Self::new(raised, n) {
                return factor;
            }
            ridge *= 100.0;
            if 1e6 < ridge {
                // Not semidefinite, or not finite: the identity does no harm.
                return Self::identity(n);
            }
        }
    }

    fn identity(n: usize) -> Self {
        let mut lower = vec![0.0; n * n];
        for i in 0..n {
            lower[i * n + i] = 1.0;
        }
        Self {
            lower,
            scales: vec![1.0; n],
        }
    }

    /// Replaces `right` by the solution of `matrix · x = right`.
    pub fn solve(&self, right: &mut [f64]) {
        let n = right.len();
        for (right, scale) in right.iter_mut().zip(&self.scales) {
            *right *= scale;
        }
        for i in 0..n {
            let (done, rest) = right.split_at_mut(i);
            let row = &self.lower[i * n..][..=i];
            rest[0] = (rest[0] - dot(&row[..i], done)) / row[i];
        }
        for i in (0..n).rev() {
            right[i] /= self.lower[i * n + i];
            let solved = right[i];
            for (value, factor) in right[..i].iter_mut().zip(&self.lower[i * n..][..i]) {
                *value -= factor * solved;
            }
        }
        for (right, scale) in right.iter_mut().zip(&self.scales) {
            *right *= scale;
        }
    }
}

/// Replaces the lower triangle by L with `L·Lᵀ = matrix`.
fn factorise(matrix: &mut [f64], n: usize) -> bool {
    for i in 0..n {
        let (above, rest) = matrix.split_at_mut(i * n);
        let row = &mut rest[..n];
        for j in 0..i {
            let other = &above[j * n..][..=j];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        // The diagonal was scaled to one: a pivot of a few ulps is nothing but rounding.
        if pivot.is_nan() || pivot < 16.0 * f64::EPSILON {
            return false;
        }
        row[i] = pivot.sqrt();
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_with_badly_scaled_unknowns_is_solved() {
        // [[4, 2], [2, 3]] with the second unknown in units a million times smaller; solution (1, 2e6).
        let matrix = vec![4.0, 2e-6, 2e-6, 3e-12];
        let mut right = [4.0 + 4.0, 2e-6 + 6e-6];
        assert!(solve(matrix, &mut right));
        assert!(
            (right[0] - 1.0).abs() < 1e-12 && (right[1] - 2e6).abs() < 1e-6,
            "{right:?}"
        );
    }

    #[test]
    fn a_singular_matrix_is_refused() {
        assert!(!solve(vec![1.0, 1.0, 1.0, 1.0], &mut [1.0, 1.0]));
        assert!(!solve(vec![0.0], &mut [1.0]));
        assert!(!solve(vec![-1.0], &mut [1.0]));
    }

    #[test]
    fn a_ridge_makes_do_with_a_singular_matrix() {
        let mut right = [2.0, 2.0];
        Factor::new_with_ridge(vec![1.0; 4], 2).solve(&mut right);
        assert!((right[0] + right[1] - 2.0).abs() < 1e-6, "{right:?}");
        let mut right = [0.0, 3.0];
        Factor::new_with_ridge(vec![0.0, 0.0, 0.0, 1.5], 2).solve(&mut right);
        assert!((right[1] - 2.0).abs() < 1e-6, "{right:?}");
    }
}
