//! Disentanglement and completeness of a matrix of importances (Eastwood & Williams 2018, section 2).

/// Added to each importance before its logarithm is taken, as disentanglement_lib does.
const TINY: f64 = 1e-11;

/// Disentanglement and completeness of a matrix of importances `[n_codes, n_factors]`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Concentration {
    /// Mean over the codes, weighted by their share of the total importance.
    pub(super) disentanglement: f64,
    /// Mean over the factors, weighted by their share of the total importance.
    pub(super) completeness: f64,
    /// 1 for a code that is important for only one factor, 0 for a code that is equally important for all, `[n_codes]`.
    pub(super) by_code: Vec<f64>,
    /// 1 for a factor for which only one code is important, 0 if all codes are equally important, `[n_factors]`; 0 for
    /// excluded factors.
    pub(super) by_factor: Vec<f64>,
}

/// Disentanglement and completeness; only the `factors` given count. Without any importance both are 0.
pub(super) fn concentration(
    importances: &[f64],
    n_factors: usize,
    factors: &[usize],
) -> Concentration {
    let rows: Vec<Vec<f64>> = importances
        .chunks_exact(n_factors)
        .map(|row| factors.iter().map(|&factor| row[factor]).collect())
        .collect();
    let columns: Vec<Vec<f64>> = (0..factors.len())
        .map(|k| rows.iter().map(|row| row[k]).collect())
        .collect();
    let by_code: Vec<f64> = rows.iter().map(|row| concentrated(row)).collect();
    let of_factors: Vec<f64> = columns.iter().map(|column| concentrated(column)).collect();
    let mut by_factor = vec![0.0; n_factors];
    for (&factor, &value) in factors.iter().zip(&of_factors) {
        by_factor[factor] = value;
    }
    Concentration {
        disentanglement: weighted_mean(&by_code, &rows),
        completeness: weighted_mean(&of_factors, &columns),
        by_code,
        by_factor,
    }
}

/// One minus the entropy of the shares divided by the entropy of equal shares. A single value has concentration 1,
/// unless it is zero.
fn concentrated(values: &[f64]) -> f64 {
    if values.len() == 1 {
        return f64::from(u8::from(0.0 < values[0]));
    }
    let total: f64 = values.iter().map(|value| value + TINY).sum();
    let entropy: f64 = values
        .iter()
        .map(|value| (value + TINY) / total)
        .map(|share| -share * share.ln())
        .sum();
    (1.0 - entropy / (values.len() as f64).ln()).clamp(0.0, 1.0)
}

/// The mean of the values, weighted by the sums of the rows; 0 if all sums are zero.
fn weighted_mean(values: &[f64], rows: &[Vec<f64>]) -> f64 {
    let weights: Vec<f64> = rows.iter().map(|row| row.iter().sum()).collect();
    let total: f64 = weights.iter().sum();
    if total == 0.0 {
        return 0.0;
    }
    let sum: f64 = values
        .iter()
        .zip(&weights)
        .map(|(value, weight)| value * weight)
        .sum();
    (sum / total).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_for_each_factor_is_concentrated() {
        let found = concentration(&[1.0, 0.0, 0.0, 1.0, 0.0, 0.0], 2, &[0, 1]);
        assert!(
            (found.disentanglement - 1.0).abs() < 1e-8 && (found.completeness - 1.0).abs() < 1e-8
        );
        assert!(
            found.by_code[2] < 1e-12,
            "a dead code is not concentrated: {found:?}"
        );
    }

    #[test]
    fn equal_shares_are_not_concentrated() {
        let found = concentration(&[0.5; 6], 2, &[0, 1]);
        assert!(found.disentanglement < 1e-12 && found.completeness < 1e-12);
    }

    #[test]
    fn codes_count_by_their_importance() {
        // The first code is important only for factor 0, the second for both: entropy of (1/4, 3/4) in bits is 0.811.
        let found = concentration(&[0.75, 0.0, 0.25, 0.75], 2, &[0, 1]);
        let second = 1.0 + (0.25 * 0.25_f64.log2() + 0.75 * 0.75_f64.log2());
        assert!((found.by_code[1] - second).abs() < 1e-9);
        assert!((found.disentanglement - (0.75 + second) / 1.75).abs() < 1e-9);
    }

    #[test]
    fn factors_left_out_and_no_importance_are_zero() {
        let found = concentration(&[1.0, 9.0, 0.0, 0.0], 2, &[0]);
        assert_eq!((found.by_factor[1], found.disentanglement), (0.0, 1.0));
        let found = concentration(&[0.0; 4], 2, &[0, 1]);
        assert_eq!((found.disentanglement, found.completeness), (0.0, 0.0));
    }
}
