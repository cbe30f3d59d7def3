//! UDR, unsupervised disentanglement ranking: whether models that differ only in their seed find the same codes.
//!
//! Codes of two models over the same points are compared by a matrix R of similarities, a row for each code of the first and a
//! column for each of the second. If both found the same factors, each row and each column has one large entry. The score of a
//! pair is `½ (mean_b max_a R² / Σ_a R + mean_a max_b R² / Σ_b R)` over the informative codes of both; that of a model is the
//! median over its partners. From Duan et al. 2020, "Unsupervised Model Selection for Variational Disentangled Representation
//! Learning" (section 4), in the form of disentanglement_lib.
//!
//! - Range 0 to 1, higher is better. Needs two models at least; there is neither a grid nor a factor.
//! - *Lasso*: entries are absolute coefficients of L1-penalised regression (weight 0.1) of the second model's standardised codes
//!   on the first's, so R of (i, j) is not that of (j, i) transposed. *Spearman*: absolute rank correlations.
//! - A code is informative if its mean KL divergence exceeds 0.01 nats; others are set to zero before and left out after. A model
//!   without informative codes scores 0 with every partner. A row or column of zeros counts as 0.
//! - A model's score takes the pairs where it is the *second*, whose codes are predicted, as disentanglement_lib does.
//! - Cost: for each pair a product of two tables; milliseconds at the 1,000 points of disentanglement_lib's settings.
//!
//! Traps: agreement is no disentanglement; models that all entangle alike score well. The paper divides one sum over rows and
//! columns together by the number of both, which differs where the two models have different numbers of informative codes.
//! disentanglement_lib sets codes to zero at 0.01 nats whatever threshold it is given for leaving them out.

use rayon::prelude::*;

use super::active_units::INFORMATIVE_KL_NATS;
use crate::needs::Needs;
use crate::registry::{Description, Direction, Quantity, Variant};

/// What there is to say of UDR.
pub const DESCRIPTION: Description = Description {
    name: "udr",
    title: "UDR",
    one_line: "how far trials that differ only in their seed find the same codes",
    paper: "Duan et al. 2020, Unsupervised Model Selection for Variational Disentangled Representation Learning",
    variants: &[Variant::Lasso, Variant::Spearman],
    needs: Needs::factors(0).posteriors().several_trials(),
    quantities: &[Quantity {
        name: "udr",
        range: [0.0, 1.0],
        direction: Direction::HigherIsBetter,
        one_line: "median over the other trials of how well their codes match one by one",
    }],
};

/// Weight of the lasso's penalty on standardised codes.
const LASSO_ALPHA: f64 = 0.1;

/// Sweeps of coordinate descent; tens are usual.
const MAX_SWEEPS: usize = 20_000;

/// Coordinate descent ends when no coefficient moves further.
const LASSO_TOLERANCE: f64 = 1e-12;

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

    /// The similarity that a variant of the metric takes; none for a variant that it lacks.
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
    /// The models' codes are not of the same points, or are no table.
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

/// The informative codes of a model, standardised, as columns. Those that are constant are zero.
struct Columns(Vec<Vec<f64>>);

impl Columns {
    fn new(model: &Representation, similarity: Similarity) -> Self {
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

    fn score_with(&self, second: &Self, similarity: Similarity) -> f64 {
        let similar = match similarity {
            Similarity::Lasso => self.lasso(second),
            Similarity::Spearman => self.products(second),
        };
        relative_strength(&similar, second.0.len())
    }

    /// Mean products with the columns of another model: correlations, since columns are standardised. `[own, other]`.
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
            for (row, coefficient) in lasso(&own, &correlations).into_iter().enumerate() {
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

/// The rank of each value, equal values sharing the mean of theirs.
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

/// The w that minimises `½ wᵀ C w - cᵀ w + 0.1 Σ |w|`, by coordinate descent; C is `[n, n]`, of unit or zero diagonal.
fn lasso(own: &[f64], target: &[f64]) -> Vec<f64> {
    let n = target.len();
    let mut coefficients = vec![0.0; n];
    for _ in 0..MAX_SWEEPS {
        let mut largest_move = 0.0_f64;
        for k in 0..n {
            let curvature = own[k * n + k];
            if curvature == 0.0 {
                continue;
            }
            let explained: f64 = own[k * n..][..n]
                .iter()
                .zip(&coefficients)
                .map(|(c, w)| c * w)
                .sum();
            let pull = target[k] - explained + curvature * coefficients[k];
            let next = pull.signum() * (pull.abs() - LASSO_ALPHA).max(0.0) / curvature;
            largest_move = largest_move.max((next - coefficients[k]).abs());
            coefficients[k] = next;
        }
        if largest_move <= LASSO_TOLERANCE {
            break;
        }
    }
    coefficients
}

/// How far rows and columns of absolute similarities have one large entry each; 0 for an empty matrix.
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
        assert_eq!(ranks(&[5.0, 1.0, 5.0, 9.0]), [1.5, 0.0, 1.5, 3.0]);
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
