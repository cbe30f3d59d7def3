//! Errors of tables of codes and of requested scores.

use serde::Serialize;
use unravel_score::{Metric, Variant};

/// An error of a table of codes, or of computing a score from it.
///
/// Serialised, its `reason` is the name of the variant: `too-few-factors`.
#[derive(Clone, Debug, PartialEq, Serialize, thiserror::Error)]
#[serde(tag = "reason", rename_all = "kebab-case")]
pub enum MetricError {
    /// A table needs at least one column.
    #[error("the table of codes has no column; a representation needs at least one code")]
    NoCodes,
    /// A grid needs at least one factor.
    #[error("the factor grid has no factor; give the size of each factor")]
    NoFactors,
    /// A factor has no value.
    #[error("factor {factor} has size 0; every factor needs at least one value")]
    EmptyFactor {
        /// Position of the factor, from 0.
        factor: usize,
    },
    /// Point indices are 32 bits wide.
    #[error(
        "the factor sizes {sizes:?} make more than {} points, which is more than a table can hold",
        u32::MAX
    )]
    TooManyPoints {
        /// The sizes as given.
        sizes: Vec<usize>,
    },
    /// The array is not `[n_points, n_codes]`.
    #[error(
        "the table holds {found} values, but {n_points} grid points with {n_codes} codes each need {expected}"
    )]
    WrongLength {
        /// Values in the array.
        found: usize,
        /// Points of the grid.
        n_points: usize,
        /// Columns of the table.
        n_codes: usize,
        /// `n_points * n_codes`.
        expected: usize,
    },
    /// A list of factor names that does not fit the grid.
    #[error("{found} factor names were given for {expected} factors")]
    WrongNames {
        /// Names given.
        found: usize,
        /// Factors of the grid.
        expected: usize,
    },
    /// A code is NaN or infinite. Scores are not defined for it: some metrics would silently ignore the code, and
    /// others would fail later.
    #[error(
        "code {code} is {value} at row {row}, the first row with a code that is not finite; metrics need finite codes"
    )]
    NonFinite {
        /// Column of the first such code in that row.
        code: usize,
        /// First row that has one.
        row: usize,
        /// Its value.
        value: f32,
    },
    /// The metric does not have this variant.
    #[error("{} has no {} variant", .metric.name(), .variant.name())]
    NoSuchVariant {
        /// The requested metric.
        metric: Metric,
        /// The requested variant.
        variant: Variant,
    },
    /// A log variance outside of the valid range.
    #[error(
        "the log variance of code {code} is {value} at row {row}; log variances must lie between {} and {}",
        crate::limits::LOGVAR_RANGE[0], crate::limits::LOGVAR_RANGE[1]
    )]
    Logvar {
        /// Column of the first such log variance.
        code: usize,
        /// Its row.
        row: usize,
        /// Its value.
        value: f32,
    },
    /// The metric requires log variances, and the table has none.
    #[error("{} requires the log variances of the posteriors; add an array `logvars` to the .npz, or pass --logvars with a .npy", .metric.name())]
    NoLogvars {
        /// The requested metric.
        metric: Metric,
    },
    /// The grid has too few factors with more than one value.
    #[error("{} requires at least {needed} factors that vary, but this grid has {found}", .metric.name())]
    TooFewFactors {
        /// The requested metric.
        metric: Metric,
        /// Number of varying factors that it requires.
        needed: usize,
        /// Varying factors of the grid.
        found: usize,
    },
    /// In a table that is not a complete grid, too few factors can be held fixed.
    #[error(
        "{} compares points that agree on one factor and requires at least {needed} factors with {} rows or more for each of \
         two values, but this table has {found}; provide the complete grid",
        .metric.name(), crate::limits::MIN_MATCHING_ROWS
    )]
    TooFewMatching {
        /// The requested metric.
        metric: Metric,
        /// Number of factors that it requires.
        needed: usize,
        /// Factors that can be held fixed.
        found: usize,
    },
    /// The table has too few points for a meaningful score.
    #[error("{} requires at least {needed} points, but there are {found}", .metric.name())]
    TooFewPoints {
        /// The requested metric.
        metric: Metric,
        /// Number of points that it requires.
        needed: usize,
        /// Points of the table.
        found: usize,
    },
    /// An invalid number of factor bins.
    #[error("the number of factor bins must be from 2 to 1000000, but is {n}; 20 is usual")]
    FactorBins {
        /// Requested number of bins.
        n: u32,
    },
    /// The metric compares trials.
    #[error("{} compares trials that differ only in their seed, but there is only one table; add it to `metrics` of a sweep file instead", .metric.name())]
    SeveralTrials {
        /// The requested metric.
        metric: Metric,
    },
}

impl MetricError {
    /// Whether only this metric cannot be computed. The table itself is valid, and other metrics may be computable.
    pub fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::NoSuchVariant { .. }
                | Self::NoLogvars { .. }
                | Self::TooFewFactors { .. }
                | Self::TooFewMatching { .. }
                | Self::TooFewPoints { .. }
                | Self::SeveralTrials { .. }
        )
    }
}
