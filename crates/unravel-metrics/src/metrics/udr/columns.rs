//! The codes of a model as columns, and their similarity to those of another model.

use super::{Representation, Similarity};
use crate::estimators::lasso::Lasso;
use crate::metrics::active_units::INFORMATIVE_KL_NATS;

/// Weight of the lasso's penalty on standardised codes.
const LASSO_ALPHA: f64 = 0.1;

/// The standardised informative codes of a model, as columns. Constant columns are zero.
pub(super) struct Columns(Vec<Vec<f64>>);

impl Columns {
    pub(super) fn new(model: &Representation, similarity: Similarity) -> Self {
        let n_codes = model.kl_nats.len();
        let informative = (0..n_codes).filter(|&code| INFORMATIVE_KL_NATS < model.kl_nats[code]);
        let column = |code: usize| {
            let values = model
                .codes
                .iter()
                .skip(code)
                .step_by(n_codes)
                .map(|&x| f64::from(x))
                .collect();
            standardised(match similarity {
                Similarity::Lasso => values,
                Similarity::Spearman => ranks(&values),
            })
        };
        Self(informative.map(column).collect())
    }

    pub(super) fn score_with(&self, second: &Self, similarity: Similarity) -> f64 {
        let similar = match similarity {
            Similarity::Lasso => self.lasso(second),
            Similarity::Spearman => self.products(second),
        };
        relative_strength(&similar, second.0.len())
    }

    /// Mean products with the columns of another model. They are correlations, because columns are standardised.
    /// `[own, other]`.
    fn products(&self, other: &Self) -> Vec<f64> {
        let pairs = self
            .0
            .iter()
            .flat_map(|own| other.0.iter().map(move |other| (own, other)));
        pairs
            .map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / a.len().max(1) as f64)
            .collect()
    }

    /// Coefficients of the regressions of the other model's columns on these, `[own, other]`.
    fn lasso(&self, other: &Self) -> Vec<f64> {
        let (own, n_other) = (self.products(self), other.0.len());
        let targets = self.products(other);
        let mut all = vec![0.0; targets.len()];
        for target in 0..n_other {
            let correlations: Vec<f64> = targets
                .iter()
                .skip(target)
                .step_by(n_other)
                .copied()
                .collect();
            for (row, coefficient) in Lasso::new(LASSO_ALPHA)
                .fit(&own, &correlations)
                .into_iter()
                .enumerate()
            {
                all[row * n_other + target] = coefficient;
            }
        }
        all
    }
}

/// Mean 0 and standard deviation 1; zeros for a constant column.
fn standardised(mut values: Vec<f64>) -> Vec<f64> {
    let n = values.len() as f64;
    let origin = values.first().copied().unwrap_or(0.0);
    let mean = values.iter().map(|x| x - origin).sum::<f64>() / n;
    values.iter_mut().for_each(|x| *x = *x - origin - mean);
    let sd = (values.iter().map(|x| x * x).sum::<f64>() / n).sqrt();
    let scale = if 0.0 < sd { 1.0 / sd } else { 0.0 };
    values.iter_mut().for_each(|x| *x *= scale);
    values
}

/// The rank of each value; equal values get their mean rank.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let mut ranks = vec![0.0; values.len()];
    let mut first = 0;
    for equal in order.chunk_by(|&a, &b| values[a] == values[b]) {
        let rank = first as f64 + (equal.len() - 1) as f64 / 2.0;
        equal.iter().for_each(|&at| ranks[at] = rank);
        first += equal.len();
    }
    ranks
}

/// The degree to which rows and columns of absolute similarities have only one large entry; 0 for an empty matrix.
fn relative_strength(similar: &[f64], n_cols: usize) -> f64 {
    if similar.is_empty() {
        return 0.0;
    }
    let strength = |values: &mut dyn Iterator<Item = &f64>| {
        let (largest, sum) = values.fold((0.0_f64, 0.0), |(largest, sum), x| {
            (largest.max(x.abs()), sum + x.abs())
        });
        if sum == 0.0 {
            0.0
        } else {
            largest * largest / sum
        }
    };
    let n_rows = similar.len() / n_cols;
    let rows: f64 = similar
        .chunks_exact(n_cols)
        .map(|row| strength(&mut row.iter()))
        .sum();
    let cols: f64 = (0..n_cols)
        .map(|col| strength(&mut similar.iter().skip(col).step_by(n_cols)))
        .sum();
    0.5 * (rows / n_rows as f64 + cols / n_cols as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_values_share_their_ranks() {
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 9.0]), [1.5, 0.0, 1.5, 3.0]);
    }

    #[test]
    fn one_large_entry_in_each_row_and_column_is_full_strength() {
        assert_eq!(relative_strength(&[0.0, -1.0, 1.0, 0.0], 2), 1.0);
        assert_eq!(relative_strength(&[0.5; 4], 2), 0.25);
        assert_eq!(relative_strength(&[], 3), 0.0);
    }
}
