//! The geometry of a complete factor grid.

use crate::error::MetricError;

/// A complete grid of factor values, row-major: the last factor runs fastest.
///
/// A factor with a single value is allowed, as in a sub-grid that holds it fixed. It does not vary, so no metric draws or
/// scores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorGrid {
    names: Vec<String>,
    sizes: Vec<usize>,
    strides: Vec<usize>,
    varying: Vec<usize>,
    n_points: usize,
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
        })
    }

    /// The same grid with its factors named.
    ///
    /// # Errors
    /// Not one name for each factor.
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

    /// Number of factors, the ones with a single value included.
    pub fn n_factors(&self) -> usize {
        self.sizes.len()
    }

    /// Points of the grid: the product of the sizes.
    pub fn n_points(&self) -> usize {
        self.n_points
    }

    /// Distance in rows between two points that differ by one step of `factor`.
    pub fn stride(&self, factor: usize) -> usize {
        self.strides[factor]
    }

    /// Factors with at least two values, ascending.
    pub fn varying(&self) -> &[usize] {
        &self.varying
    }

    /// Value of `factor` at `point`, in `0..sizes()[factor]`.
    pub fn value(&self, point: usize, factor: usize) -> usize {
        point / self.strides[factor] % self.sizes[factor]
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
