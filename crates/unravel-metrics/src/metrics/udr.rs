//! UDR, unsupervised disentanglement ranking: whether models that differ only in their seed find the same codes.
//!
//! The codes of two models on the same points are compared with a similarity matrix R. It has one row per code of the
//! first model and one column per code of the second. If both models found the same factors, each row and each column
//! has one large entry. The score of a pair is `½ (mean_b max_a R² / Σ_a R + mean_a max_b R² / Σ_b R)` over the
//! informative codes of both models. The score of a model is the median over its pairs. From Duan et al. 2020,
//! "Unsupervised Model Selection for Variational Disentangled Representation Learning" (section 4), in the form of
//! disentanglement_lib.
//!
//! - Range 0 to 1, higher is better. UDR requires at least two models. It does not use the factors.
//! - *Lasso*: entries are absolute coefficients of L1-penalised regression (weight 0.1) of the second model's
//!   standardised codes on the first's, so the matrix of the pair (i, j) is not the transpose of that of (j, i).
//!   *Spearman*: absolute rank correlations.
//! - A code is informative if its mean KL divergence exceeds 0.01 nats. Other codes are set to zero before R is
//!   computed and excluded from the score. A model without informative codes scores 0 with every partner. A row or
//!   column of zeros counts as 0.
//! - The score of a model uses the pairs in which it is the *second* model, whose codes are predicted, as in
//!   disentanglement_lib.
//! - Cost: one product of two tables for each pair; a few milliseconds with the 1,000 points of disentanglement_lib's
//!   settings.
//!
//! Pitfalls: UDR measures agreement between models, not disentanglement. Models that are entangled in the same way
//! score high. The paper divides the sum over rows and columns by the total number of rows and columns. This differs
//! from unravel if the two models have different numbers of informative codes. disentanglement_lib always sets codes
//! below 0.01 nats to zero, even if another threshold is configured for excluding them.

mod columns;

use rayon::prelude::*;
use unravel_score::Variant;

use self::columns::Columns;
use crate::cost::products;
use crate::definition::{Definition, Quantity};
use crate::outcome::codes_by_factors_bytes;
use crate::sampling::N_STUDY_POINTS;

/// The definition of UDR: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "UDR",
    one_line: "degree to which trials that differ only in their seed find the same codes",
    paper: "Duan et al. 2020, Unsupervised Model Selection for Variational Disentangled Representation Learning",
    quantities: &[Quantity::score(
        "udr",
        "median, over the other trials, of the one-to-one similarity of their codes",
    )],
    variants: &[],
    is_slow: |_| false,
    nanoseconds: |work, _| 2.0 * products(N_STUDY_POINTS as f64, work.codes),
    // Computed from several trials, not from one table.
    bytes: |_, _| 0,
    outcome_bytes: codes_by_factors_bytes,
};

/// The codes of one model over points that all models share.
#[derive(Clone, Copy, Debug)]
pub struct Representation<'a> {
    /// Means of the posteriors, `[n_points, n_codes]`.
    pub codes: &'a [f32],
    /// Mean KL divergence of each code's posterior from the prior, in nats, `[n_codes]`
    /// ([`kl_per_code`](super::active_units::kl_per_code)).
    pub kl_nats: &'a [f64],
}

/// How codes of two models are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Similarity {
    /// Coefficients of an L1-penalised regression.
    Lasso,
    /// Rank correlations.
    Spearman,
}

impl Similarity {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Lasso, Self::Spearman];

    /// The similarity of a variant of the metric; `None` for a variant that the metric does not have.
    pub fn of(variant: Variant) -> Option<Self> {
        match variant {
            Variant::Lasso => Some(Self::Lasso),
            Variant::Spearman => Some(Self::Spearman),
            _ => None,
        }
    }

    /// `lasso` or `spearman`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lasso => "lasso",
            Self::Spearman => "spearman",
        }
    }
}

/// Scores of models that differ in their seed.
#[derive(Clone, Debug, PartialEq)]
pub struct Udr {
    /// The score of each model: the median over its partners, `[n_models]`.
    pub model_scores: Vec<f64>,
    /// The score of each pair, first model by second, `[n_models, n_models]`; zero on the diagonal.
    pub pair_scores: Vec<f64>,
}

/// Why models cannot be compared.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum UdrError {
    /// A model needs a partner.
    #[error("UDR compares models with each other and needs at least two; {found} given")]
    TooFewModels {
        /// Models given.
        found: usize,
    },
    /// The models' codes do not have the same points, or an array has the wrong size.
    #[error(
        "model {model} has {found} code values, which is not {expected}: {n_points} points with {n_codes} codes each"
    )]
    WrongLength {
        /// Position of the model.
        model: usize,
        /// Values it has.
        found: usize,
        /// Values it should have.
        expected: usize,
        /// Points of the first model.
        n_points: usize,
        /// KL divergences of the model.
        n_codes: usize,
    },
    /// A model without codes.
    #[error("model {model} has no codes")]
    NoCodes {
        /// Position of the model.
        model: usize,
    },
    /// A code that is NaN or infinite.
    #[error("code {code} of model {model} is {value} at row {row}; codes must be finite")]
    NonFinite {
        /// Position of the model.
        model: usize,
        /// Column of the code.
        code: usize,
        /// Row of the code.
        row: usize,
        /// Its value.
        value: f32,
    },
}

/// UDR of models over the same points.
///
/// # Errors
/// Fewer than two models, codes that are not of the same number of points, or that are not finite.
pub fn udr(models: &[Representation], similarity: Similarity) -> Result<Udr, UdrError> {
    let n_models = models.len();
    if n_models < 2 {
        return Err(UdrError::TooFewModels { found: n_models });
    }
    check(models)?;
    let columns: Vec<Columns> = models
        .par_iter()
        .map(|model| Columns::new(model, similarity))
        .collect();
    let pair_scores: Vec<f64> = (0..n_models * n_models)
        .into_par_iter()
        .map(|pair| match (pair / n_models, pair % n_models) {
            (first, second) if first == second => 0.0,
            (first, second) => columns[first].score_with(&columns[second], similarity),
        })
        .collect();
    let of_model = |second: usize| {
        let firsts = (0..n_models).filter(|&first| first != second);
        median(
            firsts
                .map(|first| pair_scores[first * n_models + second])
                .collect(),
        )
    };
    Ok(Udr {
        model_scores: (0..n_models).map(of_model).collect(),
        pair_scores,
    })
}

fn check(models: &[Representation]) -> Result<(), UdrError> {
    let mut n_points = None;
    for (model, representation) in models.iter().enumerate() {
        let (found, n_codes) = (representation.codes.len(), representation.kl_nats.len());
        if n_codes == 0 {
            return Err(UdrError::NoCodes { model });
        }
        let n_points = *n_points.get_or_insert(found / n_codes);
        let expected = n_points * n_codes;
        if found != expected {
            return Err(UdrError::WrongLength {
                model,
                found,
                expected,
                n_points,
                n_codes,
            });
        }
        if let Some(at) = representation.codes.iter().position(|x| !x.is_finite()) {
            return Err(UdrError::NonFinite {
                model,
                code: at % n_codes,
                row: at / n_codes,
                value: representation.codes[at],
            });
        }
    }
    Ok(())
}

/// The middle value, or the mean of the two in the middle. There is at least one.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    0.5 * (values[(n - 1) / 2] + values[n / 2])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampling::{Normals, Purpose, generator};

    fn noise(n: usize, stream: u64) -> Vec<f32> {
        let normals = Normals::new(generator(1, Purpose::new("udr/test"), stream));
        normals.take(n).map(|x| x as f32).collect()
    }

    /// 500 points of three independent codes.
    fn codes() -> Vec<f32> {
        noise(1500, 0)
    }

    #[test]
    fn models_with_the_same_codes_in_another_order_agree() {
        let first = codes();
        let second: Vec<f32> = first
            .chunks(3)
            .flat_map(|row| [-row[2], 3.0 * row[0], row[1] + 1.0])
            .collect();
        let kl = [1.0; 3];
        let models = [&first, &second].map(|codes| Representation {
            codes,
            kl_nats: &kl,
        });
        // A coefficient of one is shrunk to 0.9 and others vanish; rank correlations of independent codes are not zero.
        let lasso = udr(&models, Similarity::Lasso).unwrap().model_scores;
        assert!(
            lasso.iter().all(|score| (score - 0.9).abs() < 0.03),
            "{lasso:?}"
        );
        let spearman = udr(&models, Similarity::Spearman).unwrap().model_scores;
        assert!(
            spearman.iter().all(|score| (0.8..=1.0).contains(score)),
            "{spearman:?}"
        );
    }

    #[test]
    fn entangled_models_agree_less() {
        let first = codes();
        let second: Vec<f32> = first
            .chunks(3)
            .flat_map(|row| {
                [
                    row[0] + row[1] + row[2],
                    row[0] - row[1],
                    row[0] + row[1] - row[2],
                ]
            })
            .collect();
        let kl = [1.0; 3];
        let models = [&first, &second].map(|codes| Representation {
            codes,
            kl_nats: &kl,
        });
        for similarity in Similarity::ALL {
            let scores = udr(&models, similarity).unwrap().model_scores;
            assert!(
                scores.iter().all(|&score| score < 0.5),
                "{} {scores:?}",
                similarity.name()
            );
        }
    }

    #[test]
    fn codes_that_carry_nothing_are_left_out() {
        let codes = codes();
        let rows = codes.chunks(3).zip(noise(500, 1));
        let with_noise: Vec<f32> = rows
            .flat_map(|(row, noise)| [row[0], noise, row[1], row[2]])
            .collect();
        let without = Representation {
            codes: &codes,
            kl_nats: &[1.0; 3],
        };
        let with = Representation {
            codes: &with_noise,
            kl_nats: &[1.0, 0.005, 1.0, 1.0],
        };
        let dead = Representation {
            codes: &codes,
            kl_nats: &[0.0; 3],
        };
        for similarity in Similarity::ALL {
            let same = udr(&[without, without], similarity).unwrap();
            assert_eq!(udr(&[without, with], similarity).unwrap(), same);
            assert_eq!(
                udr(&[without, dead], similarity).unwrap().pair_scores,
                [0.0; 4]
            );
        }
    }

    #[test]
    fn constant_codes_are_like_no_other() {
        let model = Representation {
            codes: &[0.1; 30],
            kl_nats: &[1.0; 3],
        };
        for similarity in Similarity::ALL {
            assert_eq!(
                udr(&[model, model], similarity).unwrap().model_scores,
                [0.0, 0.0]
            );
        }
    }

    #[test]
    fn the_median_is_over_partners() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }

    #[test]
    fn models_that_cannot_be_compared_are_refused() {
        let codes = codes();
        let model = Representation {
            codes: &codes,
            kl_nats: &[1.0; 3],
        };
        assert_eq!(
            udr(&[model], Similarity::Lasso),
            Err(UdrError::TooFewModels { found: 1 })
        );
        let short = Representation {
            codes: &codes[..9],
            ..model
        };
        let error = udr(&[model, short], Similarity::Lasso).unwrap_err();
        assert!(matches!(
            error,
            UdrError::WrongLength {
                model: 1,
                found: 9,
                expected: 1500,
                ..
            }
        ));
        let empty = Representation {
            codes: &[],
            kl_nats: &[],
        };
        assert_eq!(
            udr(&[empty, model], Similarity::Lasso),
            Err(UdrError::NoCodes { model: 0 })
        );
        let mut broken = codes.clone();
        broken[7] = f32::NAN;
        let broken = Representation {
            codes: &broken,
            ..model
        };
        let error = udr(&[model, broken], Similarity::Lasso).unwrap_err();
        assert!(
            matches!(
                error,
                UdrError::NonFinite {
                    model: 1,
                    code: 1,
                    row: 2,
                    ..
                }
            ),
            "{error}"
        );
    }
}
