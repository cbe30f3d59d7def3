//! One representation of a complete factor grid.

use rayon::prelude::*;
use unravel_score::{Metric, Offered};

use crate::error::MetricError;
use crate::grid::FactorGrid;
use crate::limits::LOGVAR_RANGE;

/// Rows checked by one task.
const ROWS_PER_TASK: usize = 8192;

/// Rows taken side by side in the inner loop, so that it runs over contiguous values whatever the number of codes is.
const ROWS_PER_STEP: usize = 8;

/// Smallest and largest value of one code.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodeRange {
    /// Smallest value.
    pub lo: f32,
    /// Largest value.
    pub hi: f32,
}

/// The codes of every point of a complete factor grid: `f32 [n_points, n_codes]`, row-major.
///
/// A table is checked once, when it is made: its codes are finite and there is a row for every point. Codes may be
/// constant; each metric says what it makes of that.
#[derive(Clone, Debug)]
pub struct CodeTable<'a> {
    codes: &'a [f32],
    n_codes: usize,
    grid: FactorGrid,
    ranges: Vec<CodeRange>,
    logvars: Option<&'a [f32]>,
}

impl<'a> CodeTable<'a> {
    /// A table over the grid with `sizes[k]` values of factor k, the last factor fastest.
    ///
    /// # Errors
    /// No codes, no factors, an array that is not `[n_points, n_codes]`, or a code that is NaN or infinite.
    pub fn new(codes: &'a [f32], n_codes: usize, sizes: &[usize]) -> Result<Self, MetricError> {
        Self::over(codes, n_codes, FactorGrid::new(sizes)?)
    }

    /// A table over `grid`, which may name its factors.
    ///
    /// # Errors
    /// As [`CodeTable::new`].
    pub fn over(codes: &'a [f32], n_codes: usize, grid: FactorGrid) -> Result<Self, MetricError> {
        if n_codes == 0 {
            return Err(MetricError::NoCodes);
        }
        let n_points = grid.n_points();
        let expected = n_points.saturating_mul(n_codes);
        if codes.len() != expected {
            return Err(MetricError::WrongLength {
                found: codes.len(),
                n_points,
                n_codes,
                expected,
            });
        }
        let ranges = finite_ranges(codes, n_codes)?;
        Ok(Self {
            codes,
            n_codes,
            grid,
            ranges,
            logvars: None,
        })
    }

    /// The same table as one of Gaussian posteriors: its codes are their means, `logvars` the natural logarithms of their
    /// variances, `[n_points, n_codes]`.
    ///
    /// Metrics of the posteriors ([`Metric::needs_posteriors`]) need them, all others look past them. Codes that are
    /// samples of a posterior are no means, so a table of samples has no log variances.
    ///
    /// # Errors
    /// Another shape than the codes, or a log variance outside of [`LOGVAR_RANGE`].
    pub fn with_logvars(mut self, logvars: &'a [f32]) -> Result<Self, MetricError> {
        if logvars.len() != self.codes.len() {
            return Err(MetricError::WrongLength {
                found: logvars.len(),
                n_points: self.grid.n_points(),
                n_codes: self.n_codes,
                expected: self.codes.len(),
            });
        }
        let [lo, hi] = LOGVAR_RANGE;
        if let Some(at) = logvars.iter().position(|x| !(lo..=hi).contains(x)) {
            return Err(MetricError::Logvar {
                code: at % self.n_codes,
                row: at / self.n_codes,
                value: logvars[at],
            });
        }
        self.logvars = Some(logvars);
        Ok(self)
    }

    /// All codes, `[n_points, n_codes]`.
    pub fn codes(&self) -> &'a [f32] {
        self.codes
    }

    /// The codes of one point, `[n_codes]`.
    #[inline]
    pub fn row(&self, point: usize) -> &'a [f32] {
        &self.codes[point * self.n_codes..][..self.n_codes]
    }

    /// Log variances of the posteriors, `[n_points, n_codes]`, if the table has them.
    pub fn logvars(&self) -> Option<&'a [f32]> {
        self.logvars
    }

    /// What it offers to a metric.
    pub fn offered(&self) -> Offered {
        Offered {
            n_varying: self.grid.varying().len(),
            n_matching: self.grid.n_matching(),
            n_points: self.grid.n_points(),
            posteriors: self.logvars.is_some(),
        }
    }

    /// The log variances, for a metric that cannot do without.
    pub(crate) fn needs_logvars(&self, metric: Metric) -> Result<&'a [f32], MetricError> {
        self.logvars.ok_or(MetricError::NoLogvars { metric })
    }

    /// The factors that vary, for a metric that cannot do with fewer than `needed`.
    pub(crate) fn needs_varying(
        &self,
        metric: Metric,
        needed: usize,
    ) -> Result<&[usize], MetricError> {
        let varying = self.grid.varying();
        if varying.len() < needed {
            return Err(MetricError::TooFewFactors {
                metric,
                needed,
                found: varying.len(),
            });
        }
        Ok(varying)
    }

    /// Refuses a table with fewer than `needed` factors that can be held fixed while points are drawn.
    pub(crate) fn needs_matching(&self, metric: Metric, needed: usize) -> Result<(), MetricError> {
        self.needs_varying(metric, needed)?;
        let found = self.grid.n_matching();
        if found < needed {
            return Err(MetricError::TooFewMatching {
                metric,
                needed,
                found,
            });
        }
        Ok(())
    }

    /// Number of codes (latents).
    pub fn n_codes(&self) -> usize {
        self.n_codes
    }

    /// The grid of the points.
    pub fn grid(&self) -> &FactorGrid {
        &self.grid
    }

    /// Smallest and largest value of each code over the whole grid, `[n_codes]`.
    pub fn ranges(&self) -> &[CodeRange] {
        &self.ranges
    }

    /// `code_0`, `code_1`, …: the row names of matrices by code.
    pub fn code_names(&self) -> Vec<String> {
        (0..self.n_codes)
            .map(|code| format!("code_{code}"))
            .collect()
    }
}

/// The range of each column, or the first value that is not finite.
fn finite_ranges(codes: &[f32], n_codes: usize) -> Result<Vec<CodeRange>, MetricError> {
    let tasks: Vec<Option<Vec<CodeRange>>> = codes
        .par_chunks(ROWS_PER_TASK * n_codes)
        .map(|chunk| chunk_ranges(chunk, n_codes))
        .collect();
    let empty = CodeRange {
        lo: f32::INFINITY,
        hi: f32::NEG_INFINITY,
    };
    let mut ranges = vec![empty; n_codes];
    for (task, found) in tasks.into_iter().enumerate() {
        let Some(found) = found else {
            return Err(first_non_finite(codes, n_codes, task * ROWS_PER_TASK));
        };
        for (range, part) in ranges.iter_mut().zip(found) {
            range.lo = range.lo.min(part.lo);
            range.hi = range.hi.max(part.hi);
        }
    }
    Ok(ranges)
}

/// The range of each column of some rows; none if a value is not finite.
fn chunk_ranges(chunk: &[f32], n_codes: usize) -> Option<Vec<CodeRange>> {
    let width = ROWS_PER_STEP * n_codes;
    let mut lo = vec![f32::INFINITY; width];
    let mut hi = vec![f32::NEG_INFINITY; width];
    // Stays zero as long as every value is finite: infinity and NaN times zero are NaN.
    let mut taint = vec![0.0_f32; width];
    for step in chunk.chunks(width) {
        for (((&x, lo), hi), taint) in step.iter().zip(&mut lo).zip(&mut hi).zip(&mut taint) {
            *lo = if x < *lo { x } else { *lo };
            *hi = if *hi < x { x } else { *hi };
            *taint += x * 0.0;
        }
    }
    if taint.iter().any(|taint| taint.is_nan()) {
        return None;
    }
    let column = |values: &[f32], code: usize| {
        values
            .iter()
            .copied()
            .skip(code)
            .step_by(n_codes)
            .collect::<Vec<_>>()
    };
    let range = |code| CodeRange {
        lo: column(&lo, code).into_iter().fold(f32::INFINITY, f32::min),
        hi: column(&hi, code)
            .into_iter()
            .fold(f32::NEG_INFINITY, f32::max),
    };
    Some((0..n_codes).map(range).collect())
}

/// The first value at or after `first_row` that is not finite.
fn first_non_finite(codes: &[f32], n_codes: usize, first_row: usize) -> MetricError {
    let start = first_row * n_codes;
    let offset = codes[start..]
        .iter()
        .position(|x| !x.is_finite())
        .expect("the chunk was found to hold such a value");
    let at = start + offset;
    MetricError::NonFinite {
        code: at % n_codes,
        row: at / n_codes,
        value: codes[at],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_those_of_the_columns() {
        let codes: Vec<f32> = (0..30)
            .flat_map(|row| [row as f32, -2.0 * row as f32, 5.0])
            .collect();
        let table = CodeTable::new(&codes, 3, &[5, 6]).unwrap();
        let expected = [(0.0, 29.0), (-58.0, 0.0), (5.0, 5.0)].map(|(lo, hi)| CodeRange { lo, hi });
        assert_eq!(table.ranges(), expected);
    }

    #[test]
    fn the_first_code_that_is_not_finite_is_named() {
        let n_points = 4 * 5000;
        for value in [f32::INFINITY, f32::NEG_INFINITY] {
            let mut codes = vec![1.0; 2 * n_points];
            codes[2 * 17_001 + 1] = value;
            codes[2 * 19_000] = f32::NAN;
            let error = CodeTable::new(&codes, 2, &[4, 5000]).unwrap_err();
            assert_eq!(
                error,
                MetricError::NonFinite {
                    code: 1,
                    row: 17_001,
                    value
                }
            );
        }
        let mut codes = vec![1.0; 2 * n_points];
        codes[6] = f32::NAN;
        let message = CodeTable::new(&codes, 2, &[4, 5000])
            .unwrap_err()
            .to_string();
        assert!(message.starts_with("code 0 is NaN at row 3"), "{message}");
    }

    #[test]
    fn the_largest_finite_codes_are_accepted() {
        let table = CodeTable::new(&[f32::MAX, f32::MIN], 1, &[2]).unwrap();
        assert_eq!(
            table.ranges(),
            [CodeRange {
                lo: f32::MIN,
                hi: f32::MAX
            }]
        );
    }

    #[test]
    fn a_wrong_length_is_refused() {
        let error = CodeTable::new(&[0.0; 7], 2, &[2, 2]).unwrap_err();
        assert_eq!(
            error,
            MetricError::WrongLength {
                found: 7,
                n_points: 4,
                n_codes: 2,
                expected: 8
            }
        );
        assert_eq!(
            CodeTable::new(&[], 0, &[2]).unwrap_err(),
            MetricError::NoCodes
        );
    }
}
