//! Eigenvalues of symmetric matrices.

/// The maximum number of sweeps; about ten are needed for hundreds of rows.
const MAX_SWEEPS: usize = 60;

/// Eigenvalues of the symmetric `[n, n]` matrix, in no particular order, by Jacobi rotations.
pub(crate) fn eigenvalues(mut matrix: Vec<f64>, n: usize) -> Vec<f64> {
    debug_assert_eq!(matrix.len(), n * n);
    let scale: f64 = matrix.iter().map(|x| x * x).sum();
    for _ in 0..MAX_SWEEPS {
        let off_diagonal = (0..n).flat_map(|i| (0..i).map(move |j| i * n + j));
        let rest: f64 = off_diagonal.map(|at| matrix[at] * matrix[at]).sum();
        if rest <= 1e-34 * scale {
            break;
        }
        for p in 0..n {
            for q in p + 1..n {
                rotate(&mut matrix, n, p, q);
            }
        }
    }
    (0..n).map(|i| matrix[i * n + i]).collect()
}

/// Rotates rows p and q so that their off-diagonal element becomes zero.
fn rotate(matrix: &mut [f64], n: usize, p: usize, q: usize) {
    let off = matrix[p * n + q];
    if off == 0.0 {
        return;
    }
    let theta = (matrix[q * n + q] - matrix[p * n + p]) / (2.0 * off);
    let tan = theta.signum() / (theta.abs() + theta.hypot(1.0));
    let cos = 1.0 / tan.hypot(1.0);
    let sin = tan * cos;
    for k in 0..n {
        let (a, b) = (matrix[k * n + p], matrix[k * n + q]);
        matrix[k * n + p] = cos * a - sin * b;
        matrix[k * n + q] = sin * a + cos * b;
    }
    for k in 0..n {
        let (a, b) = (matrix[p * n + k], matrix[q * n + k]);
        matrix[p * n + k] = cos * a - sin * b;
        matrix[q * n + k] = sin * a + cos * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(mut values: Vec<f64>) -> Vec<f64> {
        values.sort_by(f64::total_cmp);
        values
    }

    #[test]
    fn eigenvalues_of_known_matrices() {
        assert_eq!(eigenvalues(vec![4.0], 1), [4.0]);
        let found = sorted(eigenvalues(vec![2.0, 1.0, 1.0, 2.0], 2));
        assert!((found[0] - 1.0).abs() < 1e-15 && (found[1] - 3.0).abs() < 1e-14);
        assert_eq!(eigenvalues(vec![0.0; 9], 3), [0.0; 3]);
        // Second differences: 2 - 2 cos(kπ / (n + 1)).
        let n = 12_usize;
        let laplacian = (0..n * n).map(|at| match (at / n).abs_diff(at % n) {
            0 => 2.0,
            1 => -1.0,
            _ => 0.0,
        });
        let found = sorted(eigenvalues(laplacian.collect(), n));
        for (k, found) in found.into_iter().enumerate() {
            let angle = (k + 1) as f64 * std::f64::consts::PI / (n + 1) as f64;
            assert!((found - (2.0 - 2.0 * angle.cos())).abs() < 1e-14);
        }
    }
}
