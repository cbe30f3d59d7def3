//! The geometry of a factor grid, which is complete or a list of points.

use std::sync::Arc;

use crate::error::MetricError;
use crate::limits::MIN_MATCHING_ROWS;

/// A complete grid of factor values in row-major order (the last factor varies fastest), or a list of points
/// ([`FactorGrid::of_rows`]) in any number and order.
///
/// A factor with a single value is allowed, as in a sub-grid in which it is fixed. It does not vary, so metrics ignore
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorGrid {
    names: Vec<String>,
    sizes: Vec<usize>,
    strides: Vec<usize>,
    varying: Vec<usize>,
    n_points: usize,
    rows: Option<Arc<Rows>>,
}

/// The points of a grid that is not complete.
#[derive(Debug, PartialEq, Eq)]
struct Rows {
    /// `[n_points, n_factors]`.
    values: Vec<u32>,
    matching: Vec<Matching>,
}

/// A factor that can be held fixed, and the rows with each of its values.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matching {
    pub(crate) factor: usize,
    /// The rows of each value that has enough rows. There are at least two such values.
    pub(crate) groups: Vec<Vec<u32>>,
    /// Every row of these groups, with its group.
    pub(crate) rows: Vec<(u32, usize)>,
}

impl FactorGrid {
    /// A grid with `sizes[k]` values of factor k, named `factor_0`, `factor_1`, … .
    ///
    /// # Errors
    /// No factor, a factor without values, or more than `u32::MAX` points.
    pub fn new(sizes: &[usize]) -> Result<Self, MetricError> {
        if sizes.is_empty() {
            return Err(MetricError::NoFactors);
        }
        if let Some(factor) = sizes.iter().position(|&size| size == 0) {
            return Err(MetricError::EmptyFactor { factor });
        }
        let mut strides = vec![1; sizes.len()];
        let mut n_points: usize = 1;
        for (stride, &size) in strides.iter_mut().zip(sizes).rev() {
            *stride = n_points;
            n_points = n_points
                .checked_mul(size)
                .filter(|&n| u32::try_from(n).is_ok())
                .ok_or_else(|| MetricError::TooManyPoints {
                    sizes: sizes.to_vec(),
                })?;
        }
        Ok(Self {
            names: (0..sizes.len())
                .map(|factor| format!("factor_{factor}"))
                .collect(),
            sizes: sizes.to_vec(),
            varying: (0..sizes.len())
                .filter(|&factor| 1 < sizes[factor])
                .collect(),
            strides,
            n_points,
            rows: None,
        })
    }

    /// Some points of a grid with `sizes[k]` values of factor k, by their values `[n_points, n_factors]`: a point may
    /// be missing or occur more than once. Every row counts equally.
    ///
    /// # Errors
    /// No factor, a factor without values, a value that its factor lacks, or more than `u32::MAX` points.
    pub fn of_rows(sizes: &[usize], values: Vec<u32>) -> Result<Self, MetricError> {
        let n_factors = sizes.len();
        // Each factor is checked separately, because the number of combinations can overflow.
        for (factor, &size) in sizes.iter().enumerate() {
            if size == 0 {
                return Err(MetricError::EmptyFactor { factor });
            }
        }
        if sizes.is_empty() {
            return Err(MetricError::NoFactors);
        }
        let n_points = values.len() / n_factors;
        let is_value = |row: &[u32]| row.iter().zip(sizes).all(|(&v, &size)| (v as usize) < size);
        let is_sound = values.len() == n_points * n_factors
            && u32::try_from(n_points).is_ok()
            && values.chunks_exact(n_factors).all(is_value);
        if !is_sound {
            return Err(MetricError::TooManyPoints {
                sizes: sizes.to_vec(),
            });
        }
        let ones = vec![1; n_factors];
        let varying: Vec<usize> = (0..n_factors).filter(|&factor| 1 < sizes[factor]).collect();
        let matching = varying
            .iter()
            .filter_map(|&factor| Matching::of(factor, sizes[factor], &values, n_factors))
            .collect();
        Ok(Self {
            sizes: sizes.to_vec(),
            varying,
            n_points,
            rows: Some(Arc::new(Rows { values, matching })),
            ..Self::new(&ones)?
        })
    }

    /// Whether the grid has every combination of values exactly once, in order.
    pub fn is_complete(&self) -> bool {
        self.rows.is_none()
    }

    /// Number of factors that can be held fixed while points are drawn. In a complete grid, these are the factors that
    /// vary. In a list of points, they are the factors with at least two values that have [`MIN_MATCHING_ROWS`] rows.
    pub fn n_matching(&self) -> usize {
        match &self.rows {
            Some(rows) => rows.matching.len(),
            None => self.varying.len(),
        }
    }

    /// The factors that can be held fixed; `None` for a complete grid.
    pub(crate) fn matching(&self) -> Option<&[Matching]> {
        self.rows.as_ref().map(|rows| &rows.matching[..])
    }

    /// Sizes for people: `3x6x40x32x32`; of listed points also their number.
    pub fn label(&self) -> String {
        let sizes: Vec<String> = self.sizes.iter().map(usize::to_string).collect();
        match self.is_complete() {
            true => sizes.join("x"),
            false => format!("{} rows of {}", self.n_points, sizes.join("x")),
        }
    }

    /// The same grid with its factors named.
    ///
    /// # Errors
    /// If there is not exactly one name per factor.
    pub fn with_names(mut self, names: Vec<String>) -> Result<Self, MetricError> {
        if names.len() != self.sizes.len() {
            return Err(MetricError::WrongNames {
                found: names.len(),
                expected: self.sizes.len(),
            });
        }
        self.names = names;
        Ok(self)
    }

    /// Names of the factors, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Number of values of each factor.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Number of factors, including those with a single value.
    pub fn n_factors(&self) -> usize {
        self.sizes.len()
    }

    /// Number of points: the product of the sizes if the grid is complete.
    pub fn n_points(&self) -> usize {
        self.n_points
    }

    /// Distance in rows between two points of a complete grid that differ by one step of `factor`.
    pub fn stride(&self, factor: usize) -> usize {
        self.strides[factor]
    }

    /// Factors with at least two values, ascending.
    pub fn varying(&self) -> &[usize] {
        &self.varying
    }

    /// Value of `factor` at `point`, in `0..sizes()[factor]`.
    #[inline]
    pub fn value(&self, point: usize, factor: usize) -> usize {
        match &self.rows {
            None => point / self.strides[factor] % self.sizes[factor],
            Some(rows) => rows.values[point * self.sizes.len() + factor] as usize,
        }
    }
}

/// The marker for rows without a group. There are always fewer groups than this number.
const NO_GROUP: u32 = u32::MAX;

impl Matching {
    /// `None` if fewer than two values have enough rows.
    fn of(factor: usize, size: usize, values: &[u32], n_factors: usize) -> Option<Self> {
        let column = || values.iter().skip(factor).step_by(n_factors);
        let mut n_rows = vec![0_u32; size];
        column().for_each(|&value| n_rows[value as usize] += 1);
        // Allocates only the groups that are kept, because a factor can have as many values as there are rows.
        let stays = |n: &u32| MIN_MATCHING_ROWS <= *n as usize;
        let staying = || n_rows.iter().copied().filter(stays);
        let mut groups = Vec::with_capacity(staying().count());
        groups.extend(staying().map(|n| Vec::with_capacity(n as usize)));
        let mut rows = Vec::with_capacity(staying().map(|n| n as usize).sum());
        let mut numbers = 0..;
        let mut group_of = n_rows;
        for n in &mut group_of {
            *n = stays(n)
                .then(|| numbers.next())
                .flatten()
                .unwrap_or(NO_GROUP);
        }
        for (row, &value) in (0..).zip(column()) {
            let group = group_of[value as usize];
            if group != NO_GROUP {
                groups[group as usize].push(row);
                rows.push((row, group as usize));
            }
        }
        (2 <= groups.len()).then_some(Self {
            factor,
            groups,
            rows,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_factor_runs_fastest() {
        let grid = FactorGrid::new(&[2, 3, 4]).unwrap();
        assert_eq!(grid.n_points(), 24);
        let values = |point| [0, 1, 2].map(|factor| grid.value(point, factor));
        assert_eq!(values(0), [0, 0, 0]);
        assert_eq!(values(1), [0, 0, 1]);
        assert_eq!(values(4), [0, 1, 0]);
        assert_eq!(values(23), [1, 2, 3]);
    }

    #[test]
    fn listed_points_have_the_values_they_are_listed_with() {
        let values = vec![0, 2, 1, 0, 1, 1, 0, 2];
        let grid = FactorGrid::of_rows(&[2, 3], values.clone()).unwrap();
        assert_eq!((grid.n_points(), grid.is_complete()), (4, false));
        let found: Vec<u32> = (0..4)
            .flat_map(|point| [0, 1].map(|factor| grid.value(point, factor) as u32))
            .collect();
        assert_eq!(found, values);
        assert_eq!(grid.label(), "4 rows of 2x3");
        assert_eq!(grid.n_matching(), 0, "no value has ten rows");
        assert!(FactorGrid::of_rows(&[2, 3], vec![0, 3]).is_err());
        assert!(FactorGrid::of_rows(&[2, 3], vec![0]).is_err());
        // Ten rows of either value of the first factor, and of two values of the second.
        let rows = (0..22).flat_map(|row| [row % 2, if row < 20 { row / 2 % 2 } else { 2 }]);
        let grid = FactorGrid::of_rows(&[2, 3], rows.collect()).unwrap();
        assert_eq!(grid.n_matching(), 2);
        let second = &grid.matching().unwrap()[1];
        assert_eq!((second.groups.len(), second.rows.len()), (2, 20));
    }

    #[test]
    fn a_factor_with_one_value_does_not_vary() {
        assert_eq!(FactorGrid::new(&[3, 1, 2]).unwrap().varying(), [0, 2]);
    }

    #[test]
    fn impossible_sizes_are_refused() {
        assert_eq!(FactorGrid::new(&[]), Err(MetricError::NoFactors));
        assert_eq!(
            FactorGrid::new(&[3, 0]),
            Err(MetricError::EmptyFactor { factor: 1 })
        );
        let sizes = vec![1 << 20, 1 << 20, 1 << 40];
        assert_eq!(
            FactorGrid::new(&sizes),
            Err(MetricError::TooManyPoints { sizes })
        );
    }
}
