//! Every random draw of the study variants.
//!
//! A metric requests a [`PointStream`] with a [`Purpose`] and a draw index (such as the number of the vote). Streams
//! are independent, so votes can be computed in any order and on any number of threads. Scores use the source
//! [`Seeded`]. The trait allows tests to use a recorded sequence of draws instead.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

use crate::grid::{FactorGrid, Matching};

/// Bytes of the ChaCha key that hold the seed; the rest hold the label of the purpose.
const SEED_BYTES: usize = size_of::<u64>();

/// The purpose of a draw, as a short label. Draws for different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Purpose(&'static str);

impl Purpose {
    /// A purpose, by a label of at most 24 bytes.
    ///
    /// # Panics
    /// On a longer label (at compile time, for a constant).
    pub const fn new(label: &'static str) -> Self {
        assert!(
            label.len() <= 32 - SEED_BYTES,
            "the label of a purpose is longer than its part of the key"
        );
        Self(label)
    }

    /// Its label.
    pub const fn label(self) -> &'static str {
        self.0
    }
}

/// A source of random points for a score.
pub trait PointSource: Sync {
    /// An independent stream for the draw number `index` of a purpose.
    fn stream(&self, purpose: Purpose, index: u64) -> impl PointStream;
}

/// Random points of a grid. If a factor is drawn, the grid must have at least one factor that varies. If its points are
/// listed, at least one factor must be able to be held fixed ([`FactorGrid::n_matching`]), and only such factors and
/// values are drawn.
pub trait PointStream {
    /// Fills `points` with points drawn uniformly, with replacement.
    fn points(&mut self, points: &mut [u32]);

    /// Draws a factor uniformly among those that vary and one of its values, and fills `points` with points drawn
    /// uniformly among those that have this value. Returns the factor.
    fn group(&mut self, points: &mut [u32]) -> usize;

    /// Draws a factor uniformly among those that vary, and pairs of points that have the same value of it and are
    /// otherwise independent. Returns the factor. The two slices have equal lengths.
    fn pairs(&mut self, first: &mut [u32], second: &mut [u32]) -> usize;
}

/// The source for a seed: one ChaCha8 stream for each (seed, purpose, index).
#[derive(Clone, Copy, Debug)]
pub struct Seeded<'a> {
    grid: &'a FactorGrid,
    seed: u64,
}

impl<'a> Seeded<'a> {
    /// Points of `grid` under `seed`.
    pub fn new(grid: &'a FactorGrid, seed: u64) -> Self {
        Self { grid, seed }
    }

    /// Fills `points` as [`PointStream::group`] does, but with a given factor: the one at `position` among those that
    /// can be held fixed. Returns the factor.
    pub(crate) fn group_around(
        &self,
        purpose: Purpose,
        index: u64,
        position: usize,
        points: &mut [u32],
    ) -> usize {
        let mut stream = SeededStream {
            grid: self.grid,
            rng: generator(self.seed, purpose, index),
        };
        stream.group_around(position, points)
    }
}

impl PointSource for Seeded<'_> {
    fn stream(&self, purpose: Purpose, index: u64) -> impl PointStream {
        SeededStream {
            grid: self.grid,
            rng: generator(self.seed, purpose, index),
        }
    }
}

/// The random number generator for a seed, a purpose and a draw index.
pub(crate) fn generator(seed: u64, purpose: Purpose, index: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..SEED_BYTES].copy_from_slice(&seed.to_le_bytes());
    key[SEED_BYTES..][..purpose.label().len()].copy_from_slice(purpose.label().as_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(index);
    rng
}

/// Points of the study variants that score one sample of the grid.
pub const N_STUDY_POINTS: usize = 10_000;

/// [`N_STUDY_POINTS`] points drawn uniformly, with replacement: the sample of a study variant. Metrics that use nearest
/// neighbours take [`distinct_points`].
pub fn study_points(grid: &FactorGrid, purpose: Purpose, seed: u64) -> Vec<u32> {
    let mut points = vec![0; N_STUDY_POINTS];
    Seeded::new(grid, seed)
        .stream(purpose, 0)
        .points(&mut points);
    points
}

/// `n` points drawn uniformly without replacement, in ascending order; all points if there are at most `n`.
///
/// For metrics that use nearest neighbours: a copy of a point would be its nearest neighbour.
pub fn distinct_points(grid: &FactorGrid, purpose: Purpose, seed: u64, n: usize) -> Vec<u32> {
    // A grid has at most `u32::MAX` points.
    let n_points = grid.n_points() as u32;
    let Some(first) = u32::try_from(n).ok().and_then(|n| n_points.checked_sub(n)) else {
        return (0..n_points).collect();
    };
    let mut stream = SeededStream {
        grid,
        rng: generator(seed, purpose, 0),
    };
    // Each step adds one point to a uniform subset of one point fewer (Floyd's algorithm; Bentley & Floyd 1987).
    let mut points = BTreeSet::new();
    for last in first..n_points {
        let point = stream.below(last + 1);
        if !points.insert(point) {
            points.insert(last);
        }
    }
    points.into_iter().collect()
}

/// Standard normal numbers from uniform bits (Box & Muller 1958).
pub(crate) struct Normals<R> {
    rng: R,
    spare: Option<f64>,
}

impl<R: Rng> Normals<R> {
    pub(crate) fn new(rng: R) -> Self {
        Self { rng, spare: None }
    }

    /// Uniform in (0, 1].
    fn uniform(&mut self) -> f64 {
        ((self.rng.next_u64() >> 11) + 1) as f64 * f64::exp2(-53.0)
    }
}

impl<R: Rng> Iterator for Normals<R> {
    type Item = f64;

    fn next(&mut self) -> Option<f64> {
        self.spare.take().or_else(|| {
            let radius = (-2.0 * self.uniform().ln()).sqrt();
            let (sin, cos) = (std::f64::consts::TAU * self.uniform()).sin_cos();
            self.spare = Some(radius * sin);
            Some(radius * cos)
        })
    }
}

struct SeededStream<'a> {
    grid: &'a FactorGrid,
    rng: ChaCha8Rng,
}

impl SeededStream<'_> {
    /// A uniform integer in `0..bound`, without bias (Lemire 2019, "Fast random integer generation in an interval").
    #[inline]
    fn below(&mut self, bound: u32) -> u32 {
        let mut product = u64::from(self.rng.next_u32()) * u64::from(bound);
        if (product as u32) < bound {
            let threshold = bound.wrapping_neg() % bound;
            while (product as u32) < threshold {
                product = u64::from(self.rng.next_u32()) * u64::from(bound);
            }
        }
        (product >> 32) as u32
    }

    /// As [`PointStream::group`], around the factor at `position` among those that can be held fixed.
    fn group_around(&mut self, position: usize, points: &mut [u32]) -> usize {
        if let Some(matching) = self.grid.matching() {
            let Matching { factor, groups, .. } = &matching[position];
            let group = &groups[self.below(groups.len() as u32) as usize];
            points.fill_with(|| group[self.below(group.len() as u32) as usize]);
            return *factor;
        }
        let factor = self.grid.varying()[position];
        let size = self.grid.sizes()[factor] as u32;
        let stride = self.grid.stride(factor) as u32;
        let value = self.below(size);
        // The points with this value, counted through in order.
        let n_points = self.grid.n_points() as u32 / size;
        points.fill_with(|| {
            let rest = self.below(n_points);
            let low = rest % stride;
            (rest - low) * size + value * stride + low
        });
        factor
    }

    /// As [`PointStream::pairs`], of points that are listed.
    fn listed_pairs(
        &mut self,
        matching: &[Matching],
        first: &mut [u32],
        second: &mut [u32],
    ) -> usize {
        let matching = &matching[self.below(matching.len() as u32) as usize];
        for (a, b) in first.iter_mut().zip(second) {
            let (row, group) = matching.rows[self.below(matching.rows.len() as u32) as usize];
            let group = &matching.groups[group];
            (*a, *b) = (row, group[self.below(group.len() as u32) as usize]);
        }
        matching.factor
    }

    fn varying_factor(&mut self) -> usize {
        let varying = self.grid.varying();
        varying[self.below(varying.len() as u32) as usize]
    }
}

// A grid has at most `u32::MAX` points, so sizes, strides and points fit in 32 bits.
impl PointStream for SeededStream<'_> {
    fn points(&mut self, points: &mut [u32]) {
        let n_points = self.grid.n_points() as u32;
        points.fill_with(|| self.below(n_points));
    }

    fn group(&mut self, points: &mut [u32]) -> usize {
        let position = self.below(self.grid.n_matching() as u32) as usize;
        self.group_around(position, points)
    }

    fn pairs(&mut self, first: &mut [u32], second: &mut [u32]) -> usize {
        if let Some(matching) = self.grid.matching() {
            return self.listed_pairs(matching, first, second);
        }
        let factor = self.varying_factor();
        let size = self.grid.sizes()[factor] as u32;
        let stride = self.grid.stride(factor) as u32;
        let n_points = self.grid.n_points() as u32;
        for (a, b) in first.iter_mut().zip(second) {
            *a = self.below(n_points);
            let value = *a / stride % size;
            let rest = self.below(n_points / size);
            let low = rest % stride;
            *b = (rest - low) * size + value * stride + low;
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEST: Purpose = Purpose::new("test");

    fn grid() -> FactorGrid {
        FactorGrid::new(&[3, 1, 4, 5]).unwrap()
    }

    #[test]
    fn a_group_shares_the_value_of_its_factor_and_nothing_else() {
        let grid = grid();
        let mut drawn = [0; 4];
        for index in 0..300 {
            let mut points = [0; 200];
            let factor = Seeded::new(&grid, 7).stream(TEST, index).group(&mut points);
            drawn[factor] += 1;
            for other in [0, 2, 3] {
                let mut values: Vec<_> = points
                    .iter()
                    .map(|&point| grid.value(point as usize, other))
                    .collect();
                values.sort_unstable();
                values.dedup();
                let expected = if other == factor {
                    1
                } else {
                    grid.sizes()[other]
                };
                assert_eq!(values.len(), expected);
            }
        }
        assert_eq!(drawn[1], 0, "a factor with one value is never drawn");
        assert!(
            [0, 2, 3].iter().all(|&factor| 70 < drawn[factor]),
            "{drawn:?}"
        );
    }

    #[test]
    fn groups_and_pairs_of_listed_points_share_a_value_that_enough_rows_have() {
        // Three values of the first factor, the last in too few rows; of the second factor no value has enough.
        let rows = (0..45_u32).flat_map(|row| [(row / 20).min(2), row % 15]);
        let grid = FactorGrid::of_rows(&[3, 15], rows.collect()).unwrap();
        for index in 0..50 {
            let mut points = [0; 30];
            let factor = Seeded::new(&grid, 7).stream(TEST, index).group(&mut points);
            let values = points.map(|point| grid.value(point as usize, 0));
            assert_eq!(factor, 0);
            assert!(values.iter().all(|&value| value == values[0] && value < 2));
            let (mut first, mut second) = ([0; 30], [0; 30]);
            let factor = Seeded::new(&grid, 7)
                .stream(TEST, index)
                .pairs(&mut first, &mut second);
            assert_eq!(factor, 0);
            let value = |point: u32| grid.value(point as usize, 0);
            let mut pairs = first.iter().zip(second);
            assert!(pairs.all(|(&a, b)| value(a) == value(b) && value(a) < 2));
        }
    }

    #[test]
    fn pairs_agree_on_their_factor() {
        let grid = grid();
        for index in 0..50 {
            let (mut first, mut second) = ([0; 64], [0; 64]);
            let factor = Seeded::new(&grid, 7)
                .stream(TEST, index)
                .pairs(&mut first, &mut second);
            let agree = |other: usize| {
                let same = |(&a, &b): (&u32, &u32)| {
                    grid.value(a as usize, other) == grid.value(b as usize, other)
                };
                first.iter().zip(&second).filter(|&pair| same(pair)).count()
            };
            assert_eq!(agree(factor), 64);
            assert!(
                [0, 2, 3]
                    .iter()
                    .all(|&other| other == factor || agree(other) < 50)
            );
        }
    }

    #[test]
    fn points_are_uniform() {
        let grid = grid();
        let mut points = vec![0; 60_000];
        Seeded::new(&grid, 1).stream(TEST, 0).points(&mut points);
        let mut counts = [0_i32; 60];
        for point in points {
            counts[point as usize] += 1;
        }
        // 1,000 expected, with a standard deviation of 31.
        assert!(
            counts.iter().all(|count| (count - 1000).abs() < 160),
            "{counts:?}"
        );
    }

    #[test]
    fn distinct_points_are_distinct_and_uniform() {
        let grid = grid();
        let draw = |seed, n| distinct_points(&grid, TEST, seed, n);
        for n in [60, 61, 10_000] {
            assert_eq!(draw(3, n), (0..60).collect::<Vec<u32>>());
        }
        assert!(draw(3, 0).is_empty());
        let mut counts = [0_i32; 60];
        for seed in 0..3000 {
            let points = draw(seed, 20);
            assert_eq!(points.len(), 20);
            assert!(points.is_sorted_by(|a, b| a < b), "{points:?}");
            points.iter().for_each(|&point| counts[point as usize] += 1);
        }
        // 1,000 expected, with a standard deviation of 26.
        assert!(
            counts.iter().all(|count| (count - 1000).abs() < 130),
            "{counts:?}"
        );
    }

    #[test]
    fn seeds_purposes_and_indices_draw_apart() {
        let grid = FactorGrid::new(&[1 << 16, 1 << 15]).unwrap();
        let draw = |seed, purpose, index| {
            let mut points = [0; 4];
            Seeded::new(&grid, seed)
                .stream(purpose, index)
                .points(&mut points);
            points
        };
        let reference = draw(0, TEST, 0);
        assert_eq!(reference, draw(0, TEST, 0));
        assert_ne!(reference, draw(1, TEST, 0));
        assert_ne!(reference, draw(0, Purpose::new("other"), 0));
        assert_ne!(reference, draw(0, TEST, 1));
    }
}
