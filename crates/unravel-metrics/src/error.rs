//! What can be wrong with a table of codes or with what is asked of it.

use serde::Serialize;
use unravel_score::{Metric, Variant};

/// Why a table of codes was refused, or a score cannot be computed from it.
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
    /// A code is NaN or infinite. No score is defined then: some would silently drop the code, others fail later.
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
    /// The metric has no such variant.
    #[error("{} has no {} variant", .metric.name(), .variant.name())]
    NoSuchVariant {
        /// The metric asked for.
        metric: Metric,
        /// The variant it lacks.
        variant: Variant,
    },
    /// A log variance that stands for no variance.
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
    /// The metric is of the posteriors, and the table has only codes.
    #[error("{} requires the log variances of the posteriors; add an array `logvars` to the .npz, or pass --logvars with a .npy", .metric.name())]
    NoLogvars {
        /// The metric asked for.
        metric: Metric,
    },
    /// The grid has too few factors with more than one value.
    #[error("{} requires at least {needed} factors that vary, but this grid has {found}", .metric.name())]
    TooFewFactors {
        /// The metric asked for.
        metric: Metric,
        /// Varying factors it needs.
        needed: usize,
        /// Varying factors of the grid.
        found: usize,
    },
    /// There are too few factors that can be held fixed, in a table that is no complete grid.
    #[error(
        "{} compares points that agree on one factor and requires at least {needed} factors with {} rows or more for each of \
         two values, but this table has {found}; provide the complete grid",
        .metric.name(), crate::limits::MIN_MATCHING_ROWS
    )]
    TooFewMatching {
        /// The metric asked for.
        metric: Metric,
        /// Factors it needs.
        needed: usize,
        /// Factors that can be held fixed.
        found: usize,
    },
    /// There are too few points for the score to mean something.
    #[error("{} requires at least {needed} points, but there are {found}", .metric.name())]
    TooFewPoints {
        /// The metric asked for.
        metric: Metric,
        /// Points it needs.
        needed: usize,
        /// Points there are.
        found: usize,
    },
    /// A number of factor bins that is none.
    #[error("the number of factor bins must be from 2 to 1000000, but is {n}; 20 is usual")]
    FactorBins {
        /// Bins asked for.
        n: u32,
    },
    /// The metric compares trials.
    #[error("{} compares trials that differ only in their seed, but there is only one table", .metric.name())]
    SeveralTrials {
        /// The metric asked for.
        metric: Metric,
    },
}

impl MetricError {
    /// Whether it says that a metric cannot be computed of what there is, and nothing against the table: others may be.
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
