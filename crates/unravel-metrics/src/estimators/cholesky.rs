//! Symmetric positive definite systems.

/// Solves `matrix · x = right` in place; `matrix` is `[n, n]`, symmetric, of which the lower triangle is read.
///
/// The system is scaled to a unit diagonal first, so unknowns of very different sizes do no harm. False if the matrix is
/// not positive definite, as far as rounding can tell; `right` is then of no use.
pub fn solve(matrix: &mut [f64], right: &mut [f64]) -> bool {
    let n = right.len();
    let scales: Vec<f64> = (0..n).map(|i| matrix[i * n + i].sqrt().recip()).collect();
    if scales.iter().any(|scale| !scale.is_finite()) {
        return false;
    }
    for (row, (right, &row_scale)) in matrix
        .chunks_exact_mut(n)
        .zip(right.iter_mut().zip(&scales))
    {
        *right *= row_scale;
        for (value, scale) in row.iter_mut().zip(&scales) {
            *value *= row_scale * scale;
        }
    }
    if !factorise(matrix, n) {
        return false;
    }
    for i in 0..n {
        let (done, rest) = right.split_at_mut(i);
        let row = &matrix[i * n..][..=i];
        rest[0] = (rest[0] - dot(&row[..i], done)) / row[i];
    }
    for i in (0..n).rev() {
        right[i] /= matrix[i * n + i];
        let solved = right[i];
        for (value, factor) in right[..i].iter_mut().zip(&matrix[i * n..][..i]) {
            *value -= factor * solved;
        }
    }
    for (value, scale) in right.iter_mut().zip(&scales) {
        *value *= scale;
    }
    true
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

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_system_with_badly_scaled_unknowns_is_solved() {
        // [[4, 2], [2, 3]] with the second unknown in units a million times smaller; solution (1, 2e6).
        let mut matrix = [4.0, 2e-6, 2e-6, 3e-12];
        let mut right = [4.0 + 4.0, 2e-6 + 6e-6];
        assert!(solve(&mut matrix, &mut right));
        assert!(
            (right[0] - 1.0).abs() < 1e-12 && (right[1] - 2e6).abs() < 1e-6,
            "{right:?}"
        );
    }

    #[test]
    fn a_singular_matrix_is_refused() {
        assert!(!solve(&mut [1.0, 1.0, 1.0, 1.0], &mut [1.0, 1.0]));
        assert!(!solve(&mut [0.0], &mut [1.0]));
        assert!(!solve(&mut [-1.0], &mut [1.0]));
    }
}
