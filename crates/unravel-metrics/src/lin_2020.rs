//! The draws of the variant `lin-2020`: the protocol of Table 1 of Lin et al. 2020, "InfoGAN-CR and ModelCentrality:
//! Self-supervised Model Training and Selection for Disentangling GANs", as in the authors' published code.
//!
//! All metrics use the same draws: 73,728 points (a tenth of dSprites) and 500 groups of 100 points with the same value
//! of one factor. There are no test points: every predictor is scored on its training points. The authors draw once for
//! the dataset; here, each evaluation seed is one draw.
//!
//! Their code ran on Python 2.7, so with scikit-learn 0.20 at most, whose logistic regressions differ from today's
//! ([`crate::estimators::one_vs_rest`]). If a constant code makes their score undefined, the metric's section states
//! the value used here.

use crate::grid::FactorGrid;
use crate::sampling::{PointSource, PointStream, Purpose, Seeded};

/// Number of points, for the metrics that use points.
pub const N_POINTS: usize = 73_728;

/// Number of groups, for the metrics that use groups.
pub const N_GROUPS: usize = 500;

/// Points of a group.
pub const GROUP_SIZE: usize = 100;

/// The points.
pub const POINTS: Purpose = Purpose::new("lin-2020/points");
/// The groups; the draw index is the index of the group.
pub const GROUPS: Purpose = Purpose::new("lin-2020/groups");

/// The name of the factor with categorical values. All other factors are numeric.
pub const CATEGORICAL: &str = "shape";

/// [`N_POINTS`] points drawn uniformly, with replacement.
pub fn points(grid: &FactorGrid, seed: u64) -> Vec<u32> {
    let mut points = vec![0; N_POINTS];
    Seeded::new(grid, seed)
        .stream(POINTS, 0)
        .points(&mut points);
    points
}

/// Groups of points that share the value of one factor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// The points of each group, `[n_groups][group_size]`.
    pub points: Vec<Vec<u32>>,
    /// The factor whose value each group shares, `[n_groups]`.
    pub factors: Vec<usize>,
}

impl Groups {
    /// [`N_GROUPS`] groups of [`GROUP_SIZE`] points. The groups cycle through the factors that can be held fixed. The
    /// value is drawn uniformly, and the points uniformly among the points with this value.
    ///
    /// # Panics
    /// If no factor can be held fixed ([`FactorGrid::n_matching`]).
    pub fn draw(grid: &FactorGrid, seed: u64) -> Self {
        let source = Seeded::new(grid, seed);
        let group = |number: usize| {
            let mut points = vec![0; GROUP_SIZE];
            let position = number % grid.n_matching();
            let factor = source.group_around(GROUPS, number as u64, position, &mut points);
            (points, factor)
        };
        let (points, factors) = (0..N_GROUPS).map(group).unzip();
        Self { points, factors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn factors_take_turns_and_a_group_shares_the_value_of_its_own_alone() {
        let grid = FactorGrid::new(&[3, 1, 4, 5]).unwrap();
        let groups = Groups::draw(&grid, 3);
        assert_eq!(groups.factors.len(), N_GROUPS);
        assert_eq!(groups.factors[..4], [0, 2, 3, 0]);
        for (points, &factor) in groups.points.iter().zip(&groups.factors) {
            let n_values = |factor: usize| {
                let values = points.iter().map(|&p| grid.value(p as usize, factor));
                values.collect::<std::collections::BTreeSet<_>>().len()
            };
            for other in [0, 2, 3] {
                let expected = if other == factor {
                    1
                } else {
                    grid.sizes()[other]
                };
                assert_eq!(n_values(other), expected);
            }
        }
        assert_ne!(groups.points, Groups::draw(&grid, 4).points);
    }
}
