//! Points for the metrics that train a predictor of the factors: some to train on, some to test on.

use crate::bytes::{Bytes, array_bytes};
use crate::grid::FactorGrid;
use crate::sampling::{PointSource, PointStream, Purpose, Seeded};
use crate::table::CodeTable;

/// How many points a predictor is trained and tested on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SampleSizes {
    /// Points it is trained on.
    pub n_train: usize,
    /// Points it is tested on.
    pub n_test: usize,
}

impl SampleSizes {
    /// Those of disentanglement_lib's study.
    pub const STUDY: Self = Self {
        n_train: 10_000,
        n_test: 5_000,
    };
}

/// Points to train and to test on, drawn uniformly, with replacement, as disentanglement_lib does.
///
/// A point may be in both parts: with 10,000 to train on, 1.3 % of the points to test on in the whole of dSprites, 10 % of
/// those in a grid of 100,000 points, 63 % in one of 10,000.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Points to train on.
    pub train: Vec<u32>,
    /// Points to test on.
    pub test: Vec<u32>,
}

impl Split {
    /// The split that a seed stands for, under the labels of two purposes; `index` is the number of the draw.
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
    /// Those of the given points of the table.
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

    /// Bytes of those of so many points, and of their numbers.
    pub(crate) fn bytes(table: &CodeTable, n_points: usize) -> Bytes {
        array_bytes::<u32>(&[n_points])
            + array_bytes::<f32>(&[n_points, table.n_codes()])
            + array_bytes::<usize>(&[n_points, table.grid().n_factors()])
    }

    /// Those of every point of the grid.
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
