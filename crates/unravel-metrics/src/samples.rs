//! Training and test points for the metrics that train predictors of the factors.

use crate::bytes::{Bytes, array_bytes};
use crate::grid::FactorGrid;
use crate::sampling::{PointSource, PointStream, Purpose, Seeded};
use crate::table::CodeTable;

/// Numbers of training and test points of a predictor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleSizes {
    /// Training points.
    pub n_train: usize,
    /// Test points.
    pub n_test: usize,
}

impl SampleSizes {
    /// The numbers of the study of Locatello et al. 2019.
    pub const STUDY: Self = Self {
        n_train: 10_000,
        n_test: 5_000,
    };
}

/// Training and test points, drawn uniformly with replacement, as in disentanglement_lib.
///
/// A point can be in both parts. With 10,000 training points, this holds for 1.3 % of the test points on the whole of
/// dSprites, for 10 % on a grid of 100,000 points, and for 63 % on a grid of 10,000 points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Points to train on.
    pub train: Vec<u32>,
    /// Points to test on.
    pub test: Vec<u32>,
}

impl Split {
    /// The split for a seed, with one purpose for training and one for test points; `index` is the number of the draw.
    pub(crate) fn draw(
        grid: &FactorGrid,
        sizes: SampleSizes,
        [train, test]: [Purpose; 2],
        seed: u64,
        index: u64,
    ) -> Self {
        let source = Seeded::new(grid, seed);
        let points = |purpose, n| {
            let mut points = vec![0; n];
            source.stream(purpose, index).points(&mut points);
            points
        };
        Self {
            train: points(train, sizes.n_train),
            test: points(test, sizes.n_test),
        }
    }
}

/// The codes and the factor values of some points.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Examples {
    /// `[n, n_codes]`.
    pub(crate) codes: Vec<f32>,
    /// Value of each factor, `[n_factors][n]`.
    pub(crate) labels: Vec<Vec<usize>>,
}

impl Examples {
    /// The sample of the given points of the table.
    pub(crate) fn of_points(table: &CodeTable, points: &[u32]) -> Self {
        let grid = table.grid();
        let labels = |factor| {
            points
                .iter()
                .map(|&point| grid.value(point as usize, factor))
                .collect()
        };
        let mut codes = Vec::with_capacity(points.len() * table.n_codes());
        points
            .iter()
            .for_each(|&point| codes.extend_from_slice(table.row(point as usize)));
        Self {
            codes,
            labels: (0..grid.n_factors()).map(labels).collect(),
        }
    }

    /// Bytes of the sample of this number of points, and of the point indices.
    pub(crate) fn bytes(table: &CodeTable, n_points: usize) -> Bytes {
        array_bytes::<u32>(&[n_points])
            + array_bytes::<f32>(&[n_points, table.n_codes()])
            + array_bytes::<usize>(&[n_points, table.grid().n_factors()])
    }

    /// The sample of every point of the grid.
    pub(crate) fn of_grid(table: &CodeTable) -> Self {
        let grid = table.grid();
        let labels = |factor| {
            (0..grid.n_points())
                .map(|point| grid.value(point, factor))
                .collect()
        };
        Self {
            codes: table.codes().to_vec(),
            labels: (0..grid.n_factors()).map(labels).collect(),
        }
    }

    /// The values of one code, `[n]`.
    pub(crate) fn code(&self, code: usize, n_codes: usize) -> Vec<f32> {
        self.codes
            .iter()
            .skip(code)
            .step_by(n_codes)
            .copied()
            .collect()
    }
}
