//! The grid a sweep lives on: a factor space, or an evenly spaced complete part of one.

use std::collections::BTreeMap;

use thiserror::Error;

use crate::space::{FactorSpace, SpaceError};

/// A complete factorial grid inside a source space.
///
/// Each factor of the source keeps some of its values; the grid has every combination of the kept
/// ones, numbered row-major, last factor fastest. A factor that keeps one value is held there: it
/// counts in [`Grid::name`] but is no factor of [`Grid::space`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    source: FactorSpace,
    space: FactorSpace,
    /// Kept values of each source factor, ascending.
    kept: Vec<Vec<usize>>,
}

/// Why a sub-grid cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GridError {
    /// A name that the space lacks.
    #[error("`keep` has \"{name}\", which is not a factor of the data; the factors are {known}")]
    UnknownFactor {
        /// The name asked for.
        name: String,
        /// The names there are, joined by commas.
        known: String,
    },
    /// More values asked for than there are, or none.
    #[error(
        "keep.{name} = {asked} is out of range; \"{name}\" has {size} values, so write a number from 1 to {size}"
    )]
    OutOfRange {
        /// The factor.
        name: String,
        /// Number of values asked for.
        asked: usize,
        /// Number of values there are.
        size: usize,
    },
    /// Every factor is held at one value.
    #[error("`keep` leaves one image; keep at least 2 values of at least one factor")]
    NothingVaries,
}

impl Grid {
    /// All of `space`.
    #[must_use]
    pub fn full(space: FactorSpace) -> Self {
        Self {
            kept: space
                .factors()
                .iter()
                .map(|f| (0..f.size).collect())
                .collect(),
            source: space.clone(),
            space,
        }
    }

    /// The part of `source` that keeps `n` of a factor's `s` values for every `(name, n)` in
    /// `keep`, evenly spaced: kept value `i` is `floor(i * s / n)`. Factors not named keep all.
    ///
    /// # Errors
    /// When a name is unknown, `n` is not in `1..=s`, or nothing is left to vary.
    pub fn keep(source: FactorSpace, keep: &BTreeMap<String, usize>) -> Result<Self, GridError> {
        for (name, &asked) in keep {
            let Some(factor) = source.factors().iter().find(|f| f.name == *name) else {
                return Err(GridError::UnknownFactor {
                    name: name.clone(),
                    known: names(&source),
                });
            };
            if asked == 0 || asked > factor.size {
                return Err(GridError::OutOfRange {
                    name: name.clone(),
                    asked,
                    size: factor.size,
                });
            }
        }
        let (mut kept, mut varying) = (Vec::new(), Vec::new());
        for factor in source.factors() {
            let n = keep.get(&factor.name).copied().unwrap_or(factor.size);
            kept.push((0..n).map(|i| i * factor.size / n).collect());
            if n > 1 {
                let mut factor = factor.clone();
                factor.size = n;
                varying.push(factor);
            }
        }
        let space = match FactorSpace::new(varying) {
            Ok(space) => space,
            Err(SpaceError::Empty) => return Err(GridError::NothingVaries),
            Err(fault) => unreachable!("part of a valid space is valid: {fault}"),
        };
        Ok(Self {
            source,
            space,
            kept,
        })
    }

    /// The grid's own space: the factors that vary on it, with the number of values they keep.
    #[must_use]
    pub fn space(&self) -> &FactorSpace {
        &self.space
    }

    /// The space that the grid is a part of.
    #[must_use]
    pub fn source(&self) -> &FactorSpace {
        &self.source
    }

    /// Number of points.
    #[must_use]
    pub fn n_points(&self) -> usize {
        self.space.n_points()
    }

    /// The number in the source space of the grid's point `point`.
    ///
    /// # Panics
    /// When `point` is not below [`Self::n_points`].
    #[must_use]
    pub fn source_index(&self, point: usize) -> usize {
        assert!(
            point < self.n_points(),
            "point {point} of {} points",
            self.n_points()
        );
        let (mut index, mut stride, mut rest) = (0, 1, point);
        for (factor, kept) in self.source.factors().iter().zip(&self.kept).rev() {
            index += stride * kept[rest % kept.len()];
            stride *= factor.size;
            rest /= kept.len();
        }
        index
    }

    /// Whether the grid is all of its source.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.n_points() == self.source.n_points()
    }

    /// How many values each source factor keeps, such as `3x6x10x16x16`.
    #[must_use]
    pub fn name(&self) -> String {
        let sizes: Vec<String> = self.kept.iter().map(|k| k.len().to_string()).collect();
        sizes.join("x")
    }
}

fn names(space: &FactorSpace) -> String {
    let names: Vec<&str> = space.factors().iter().map(|f| f.name.as_str()).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keep(list: &[(&str, usize)]) -> Result<Grid, GridError> {
        let keep = list.iter().map(|&(name, n)| (name.to_owned(), n)).collect();
        Grid::keep(FactorSpace::dsprites(), &keep)
    }

    #[test]
    fn a_full_grid_is_the_identity() {
        let grid = Grid::full(FactorSpace::dsprites());
        assert!(grid.is_complete());
        assert_eq!(grid.name(), "3x6x40x32x32");
        assert_eq!(keep(&[]), Ok(grid.clone()));
        for point in [0, 1, 31, 32, 245_760, 737_279] {
            assert_eq!(grid.source_index(point), point);
        }
    }

    #[test]
    fn kept_values_are_evenly_spaced() {
        let grid = keep(&[("orientation", 10), ("pos-x", 16), ("pos-y", 5)]).unwrap();
        assert_eq!(grid.name(), "3x6x10x16x5");
        assert_eq!(grid.space().sizes(), [3, 6, 10, 16, 5]);
        assert!(!grid.is_complete());
        let source = FactorSpace::dsprites();
        let point = grid.space().index_of(&[1, 2, 3, 4, 3]);
        // floor(3 * 40 / 10), floor(4 * 32 / 16), floor(3 * 32 / 5)
        assert_eq!(
            grid.source_index(point),
            source.index_of(&[1, 2, 12, 8, 19])
        );
    }

    #[test]
    fn every_point_maps_to_its_own_source_point_in_order() {
        let grid = keep(&[("orientation", 7), ("pos-x", 3), ("pos-y", 1)]).unwrap();
        let indices: Vec<usize> = (0..grid.n_points()).map(|p| grid.source_index(p)).collect();
        assert!(indices.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn a_held_factor_is_in_the_name_but_not_in_the_space() {
        let grid = keep(&[("shape", 1)]).unwrap();
        assert_eq!(grid.name(), "1x6x40x32x32");
        assert_eq!(grid.space().sizes(), [6, 40, 32, 32]);
        assert_eq!(grid.source_index(245_759), 245_759);
    }

    #[test]
    fn faults_name_the_key_and_the_way_out() {
        let message = |list: &[(&str, usize)]| keep(list).unwrap_err().to_string();
        assert_eq!(
            message(&[("posX", 4)]),
            "`keep` has \"posX\", which is not a factor of the data; \
             the factors are shape, scale, orientation, pos-x, pos-y"
        );
        assert_eq!(
            message(&[("scale", 7)]),
            "keep.scale = 7 is out of range; \"scale\" has 6 values, so write a number from 1 to 6"
        );
        assert!(message(&[("scale", 0)]).contains("write a number from 1 to 6"));
        let ones = ["shape", "scale", "orientation", "pos-x", "pos-y"].map(|n| (n, 1));
        assert_eq!(keep(&ones), Err(GridError::NothingVaries));
    }
}
