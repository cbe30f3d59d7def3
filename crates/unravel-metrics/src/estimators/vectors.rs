//! Sums over vectors of `f64`, in a fixed order.

/// Checks that there is one row of features for each label.
///
/// # Panics
/// If not.
#[track_caller]
pub(super) fn check_rows<F, L>(features: &[F], n_features: usize, labels: &[L]) {
    let expected = labels.len() * n_features;
    assert_eq!(
        features.len(),
        expected,
        "one row of features for each label"
    );
}

/// The dot product of two vectors of one length.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Adds `scale * values` to `sum`.
pub(super) fn add_scaled(sum: &mut [f64], scale: f64, values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += scale * value;
    }
}

/// Adds `values` to `sum`.
pub(super) fn add(sum: &mut [f64], values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}
