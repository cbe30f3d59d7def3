//! Factors and the discrete space they span.

use thiserror::Error;

/// One ground-truth factor of variation: a name and how many values it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Factor {
    /// Name as the user writes it, such as `pos-x`.
    pub name: String,
    /// Number of values, at least 2.
    pub size: usize,
}

impl Factor {
    /// A factor called `name` with the values `0..size`.
    #[must_use]
    pub fn new(name: impl Into<String>, size: usize) -> Self {
        Self {
            name: name.into(),
            size,
        }
    }
}

/// A complete factorial space: every combination of every factor's values, each once.
///
/// Points are numbered row-major, the last factor fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorSpace {
    factors: Vec<Factor>,
    n_points: usize,
}

/// Why a list of factors spans no space.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SpaceError {
    /// The list is empty.
    #[error("a factor space needs at least one factor that varies")]
    Empty,
    /// A factor without a name.
    #[error("factor {position} has an empty name; every factor needs one")]
    Unnamed {
        /// Place in the list, from 0.
        position: usize,
    },
    /// Two factors share a name.
    #[error("factor name \"{name}\" is used twice; names must differ")]
    Repeated {
        /// The shared name.
        name: String,
    },
    /// A factor with fewer than two values.
    #[error("factor \"{name}\" has {size} value(s); a factor needs at least 2, so leave it out")]
    Constant {
        /// The factor's name.
        name: String,
        /// Its size, 0 or 1.
        size: usize,
    },
    /// More points than can be numbered.
    #[error("the product of the factor sizes does not fit a machine word")]
    TooLarge,
}

impl FactorSpace {
    /// The space of `factors`, slowest first.
    ///
    /// # Errors
    /// When the list is empty, a name is empty or repeated, a size is below 2, or the number of
    /// points overflows.
    pub fn new(factors: Vec<Factor>) -> Result<Self, SpaceError> {
        Self::check(&factors)?;
        let product = |n: usize, factor: &Factor| n.checked_mul(factor.size);
        let n_points = factors.iter().try_fold(1, product);
        let n_points = n_points.ok_or(SpaceError::TooLarge)?;
        Ok(Self { factors, n_points })
    }

    /// All that [`Self::new`] asks of the factors one by one.
    pub(crate) fn check(factors: &[Factor]) -> Result<(), SpaceError> {
        for (position, factor) in factors.iter().enumerate() {
            if factor.name.is_empty() {
                return Err(SpaceError::Unnamed { position });
            }
            if factors[..position].iter().any(|f| f.name == factor.name) {
                return Err(SpaceError::Repeated {
                    name: factor.name.clone(),
                });
            }
            if factor.size < 2 {
                return Err(SpaceError::Constant {
                    name: factor.name.clone(),
                    size: factor.size,
                });
            }
        }
        match factors.is_empty() {
            true => Err(SpaceError::Empty),
            false => Ok(()),
        }
    }

    /// The five factors of dSprites that vary: shape 3, scale 6, orientation 40, pos-x 32,
    /// pos-y 32; 737,280 points. (Its sixth, colour, has one value.)
    #[must_use]
    pub fn dsprites() -> Self {
        let factors = ["shape", "scale", "orientation", "pos-x", "pos-y"]
            .into_iter()
            .zip([3, 6, 40, 32, 32])
            .map(|(name, size)| Factor::new(name, size));
        Self {
            factors: factors.collect(),
            n_points: 737_280,
        }
    }

    /// The factors, slowest first.
    #[must_use]
    pub fn factors(&self) -> &[Factor] {
        &self.factors
    }

    /// The factors' sizes, slowest first.
    #[must_use]
    pub fn sizes(&self) -> Vec<usize> {
        self.factors.iter().map(|f| f.size).collect()
    }

    /// Number of factors.
    #[must_use]
    pub fn n_factors(&self) -> usize {
        self.factors.len()
    }

    /// Number of points: the product of the sizes.
    #[must_use]
    pub fn n_points(&self) -> usize {
        self.n_points
    }

    /// The number of the point with these factor values.
    ///
    /// # Panics
    /// When the number of values is not [`Self::n_factors`] or a value is out of its range.
    #[must_use]
    pub fn index_of(&self, values: &[usize]) -> usize {
        assert_eq!(values.len(), self.n_factors(), "one value per factor");
        self.factors
            .iter()
            .zip(values)
            .fold(0, |index, (factor, &value)| {
                assert!(
                    value < factor.size,
                    "{} = {value} of {}",
                    factor.name,
                    factor.size
                );
                index * factor.size + value
            })
    }

    /// Writes the factor values of point `index` to `out`, one per factor.
    ///
    /// # Panics
    /// When `index` is not below [`Self::n_points`] or `out` is not [`Self::n_factors`] long.
    pub fn factors_of(&self, index: usize, out: &mut [usize]) {
        assert!(
            index < self.n_points,
            "point {index} of {} points",
            self.n_points
        );
        assert_eq!(out.len(), self.n_factors(), "one value per factor");
        let mut rest = index;
        for (factor, value) in self.factors.iter().zip(out).rev() {
            *value = rest % factor.size;
            rest /= factor.size;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dsprites_is_what_new_would_build() {
        let space = FactorSpace::dsprites();
        assert_eq!(FactorSpace::new(space.factors().to_vec()), Ok(space));
    }

    #[test]
    fn the_last_factor_is_fastest() {
        let space = FactorSpace::dsprites();
        assert_eq!(space.index_of(&[0, 0, 0, 0, 1]), 1);
        assert_eq!(space.index_of(&[0, 0, 0, 1, 0]), 32);
        assert_eq!(space.index_of(&[2, 5, 39, 31, 31]), 737_279);
        assert_eq!(space.index_of(&[0, 3, 20, 16, 9]), 143_881);
    }

    #[test]
    fn index_and_factors_are_inverse_at_every_point() {
        let space = FactorSpace::new(vec![
            Factor::new("a", 3),
            Factor::new("b", 2),
            Factor::new("c", 5),
        ])
        .unwrap();
        let mut values = [0; 3];
        for index in 0..space.n_points() {
            space.factors_of(index, &mut values);
            assert_eq!(space.index_of(&values), index);
        }
    }

    #[test]
    fn faulty_lists_are_refused() {
        let new = |list: &[(&str, usize)]| {
            FactorSpace::new(list.iter().map(|&(n, s)| Factor::new(n, s)).collect())
        };
        assert_eq!(new(&[]), Err(SpaceError::Empty));
        assert_eq!(new(&[("", 2)]), Err(SpaceError::Unnamed { position: 0 }));
        let repeated = SpaceError::Repeated { name: "a".into() };
        assert_eq!(new(&[("a", 2), ("a", 3)]), Err(repeated));
        let constant = SpaceError::Constant {
            name: "a".into(),
            size: 1,
        };
        assert_eq!(new(&[("a", 1)]), Err(constant));
        assert_eq!(
            new(&[("a", usize::MAX), ("b", 2)]),
            Err(SpaceError::TooLarge)
        );
    }
}
