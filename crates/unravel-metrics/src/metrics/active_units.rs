//! Active units: the number of codes whose posterior mean varies with the input, and the KL divergence of each code.
//!
//! A code is *active* if the variance of its posterior mean over the grid exceeds 0.01: `A = Var_x(E[z | x])`, from
//! Burda et al. 2016, "Importance Weighted Autoencoders" (section 5.2). The metric also reports the mean KL divergence
//! of each posterior from the standard normal prior, `½ (μ² + σ² - ln σ² - 1)` nats. It is 0 for a code without
//! information.
//!
//! - Ranges: 0 to the number of codes; KL at least 0. There is no better end: a model needs as many codes as there are
//!   factors.
//! - There is only an exact variant. Cost: one pass over the table.
//! - The metric uses the posteriors, so it requires log variances. It does not use samples, because their variance does
//!   not measure activity.
//! - Variances have divisor n, because the grid is the whole population. Constant codes are inactive.
//!
//! Pitfalls: the threshold is absolute, so a small code that the decoder amplifies is counted as inactive. Check its KL
//! divergence. The FactorVAE score prunes by a standard deviation of 0.05, UDR by a KL divergence of 0.01 nats. The
//! three rules can give different numbers. `n_informative_codes` uses the rule of UDR.

use rayon::prelude::*;
use unravel_score::{Direction, Metric, Variant};

use crate::cost::products;
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::moments::Moments;
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::table::CodeTable;

/// The definition of active units: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "Active units",
    one_line: "number of codes whose posterior mean varies over the grid, and the KL divergence of each posterior",
    paper: "Burda et al. 2016, Importance Weighted Autoencoders",
    quantities: &[
        Quantity::unbounded(
            "n_active_codes",
            Direction::Neither,
            "number of codes whose mean has a variance above 0.01",
        ),
        Quantity::unbounded(
            "kl_nats",
            Direction::Neither,
            "KL divergence of the posterior from the standard normal prior, summed over codes, mean over the grid",
        ),
        Quantity::unbounded(
            "n_informative_codes",
            Direction::Neither,
            "number of codes whose mean KL divergence is above 0.01 nats",
        ),
    ],
    variants: &[(Variant::Exact, |table, _| exact(table))],
    is_slow: |_| false,
    nanoseconds: |work, _| 5.0 * work.points * work.codes + products(work.points, work.codes),
    bytes: |scoring, _| Moments::bytes(scoring.n_codes(), scoring.table.grid().n_points()),
    outcome_bytes: codes_by_factors_bytes,
};

/// A code is active if its mean has a larger variance.
pub const ACTIVE_VARIANCE: f64 = 0.01;

/// A code is informative if its mean KL divergence is larger.
pub const INFORMATIVE_KL_NATS: f64 = 0.01;

/// Rows summed by one task.
const ROWS_PER_TASK: usize = 8192;

/// Active units over the whole grid.
///
/// # Errors
/// The table has no log variances.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    let logvars = table.needs_logvars(Metric::ActiveUnits)?;
    let kl = kl_per_code(table.codes(), logvars, table.n_codes());
    let n = table.grid().n_points() as f64;
    let variances = Moments::of_grid(table).variances();
    let variances: Vec<f64> = variances
        .into_iter()
        .map(|variance| variance * (n - 1.0) / n)
        .collect();
    let count = |values: &[f64], least: f64| values.iter().filter(|&&x| least < x).count() as f64;
    Ok(Outcome {
        notes: Vec::new(),
        quantities: vec![
            ("n_active_codes", count(&variances, ACTIVE_VARIANCE)),
            ("kl_nats", kl.iter().sum()),
            ("n_informative_codes", count(&kl, INFORMATIVE_KL_NATS)),
        ],
        matrices: vec![Matrix::by_code(
            "activity",
            &["variance_of_mean", "kl_nats"],
            table,
            variances
                .iter()
                .zip(&kl)
                .flat_map(|(variance, kl)| [*variance, *kl])
                .collect(),
        )],
    })
}

/// Mean KL divergence of each code's Gaussian posterior from the standard normal, in nats, `[n_codes]`; `means` and `logvars`
/// are `[n, n_codes]`. Zeros without rows.
///
/// # Panics
/// If the two have different lengths, or there is no code.
pub fn kl_per_code(means: &[f32], logvars: &[f32], n_codes: usize) -> Vec<f64> {
    assert_eq!(means.len(), logvars.len(), "a log variance for each mean");
    let chunk = ROWS_PER_TASK * n_codes;
    let sums: Vec<Vec<f64>> = means
        .par_chunks(chunk)
        .zip(logvars.par_chunks(chunk))
        .map(|(means, logvars)| {
            let mut sums = vec![0.0; n_codes];
            let rows = means
                .chunks_exact(n_codes)
                .zip(logvars.chunks_exact(n_codes));
            for (means, logvars) in rows {
                for ((sum, &mean), &logvar) in sums.iter_mut().zip(means).zip(logvars) {
                    *sum += kl_nats(f64::from(mean), f64::from(logvar));
                }
            }
            sums
        })
        .collect();
    let n = (means.len() / n_codes).max(1) as f64;
    (0..n_codes)
        .map(|code| sums.iter().map(|sums| sums[code]).sum::<f64>() / n)
        .collect()
}

fn kl_nats(mean: f64, logvar: f64) -> f64 {
    // exp(x) - 1 - x keeps its digits near zero.
    0.5 * (mean * mean + (logvar.exp_m1() - logvar)).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn activity_of_hand_made_posteriors() {
        // Means ±1 with variance 1/e, ±0.05, and the prior itself.
        let means = [1.0, 0.05, 0.0, -1.0, -0.05, 0.0];
        let logvars = [-1.0, 0.0, 0.0, -1.0, 0.0, 0.0];
        let table = CodeTable::new(&means, 3, &[2]).unwrap();
        assert_eq!(
            exact(&table),
            Err(MetricError::NoLogvars {
                metric: Metric::ActiveUnits
            })
        );
        let outcome = exact(&table.with_logvars(&logvars).unwrap()).unwrap();
        let activity = outcome.matrix("activity").unwrap();
        assert!((activity.at(0, 0) - 1.0).abs() < 1e-15);
        assert!((activity.at(0, 1) - 0.5 * (1.0 + (-1_f64).exp() + 1.0 - 1.0)).abs() < 1e-15);
        assert!((activity.at(1, 0) - 0.0025).abs() < 1e-9);
        assert!((activity.at(1, 1) - 0.00125).abs() < 1e-9);
        assert_eq!([activity.at(2, 0), activity.at(2, 1)], [0.0, 0.0]);
        assert_eq!(outcome.quantity("n_active_codes"), Some(1.0));
        assert_eq!(outcome.quantity("n_informative_codes"), Some(1.0));
        assert!(
            (outcome.quantity("kl_nats").unwrap() - activity.at(0, 1) - activity.at(1, 1)).abs()
                < 1e-15
        );
    }
}
