//! What a metric needs of what it scores, known before there is any code.

use serde::Serialize;

/// The fewest points that a metric is computed from: as many as there are bins for the values of a code.
pub const MIN_POINTS: usize = 20;

/// What there must be for a metric to mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Needs {
    /// Log variances beside the codes: it is a metric of Gaussian posteriors and not of codes.
    pub posteriors: bool,
    /// Several trials that differ in their seed; a single table has no such score.
    pub several_trials: bool,
    /// Groups of points that agree on one factor. A complete grid has them.
    pub matching_points: bool,
    /// Factors with two values or more.
    pub n_varying: usize,
    /// Points.
    pub n_points: usize,
}

impl Needs {
    /// As most: codes of one trial, in enough points to fill the bins, over `n_varying` factors that vary.
    pub const fn factors(n_varying: usize) -> Self {
        Self {
            posteriors: false,
            several_trials: false,
            matching_points: false,
            n_varying,
            n_points: MIN_POINTS,
        }
    }

    /// The same, and groups of points that agree on one factor.
    pub const fn matching_points(self) -> Self {
        Self {
            matching_points: true,
            ..self
        }
    }

    /// The same of Gaussian posteriors.
    pub const fn posteriors(self) -> Self {
        Self {
            posteriors: true,
            ..self
        }
    }

    /// The same over several trials.
    pub const fn several_trials(self) -> Self {
        Self {
            several_trials: true,
            ..self
        }
    }
}

/// What there is, or will be, to score.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offered {
    /// Factors with two values or more.
    pub n_varying: usize,
    /// Factors that can be held fixed while the others vary (`FactorGrid::n_matching` in `unravel-metrics`).
    pub n_matching: usize,
    /// Points.
    pub n_points: usize,
    /// Whether there are log variances beside the codes.
    pub posteriors: bool,
}

impl Offered {
    /// A complete grid with `sizes[k]` values of factor k.
    pub fn of_grid(sizes: &[usize], posteriors: bool) -> Self {
        let n_varying = sizes.iter().filter(|&&size| 1 < size).count();
        Self {
            n_varying,
            n_matching: n_varying,
            n_points: sizes
                .iter()
                .fold(1, |points, &size| points.saturating_mul(size)),
            posteriors,
        }
    }
}
