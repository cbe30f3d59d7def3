//! The draws of the reference runs, in disentanglement_lib's call order.
//!
//! There every random integer is the next number of one sequence. A vote first draws its factor, then for each batch of 64
//! points a column of values for every factor; the fixed factor takes the value of the first point (FactorVAE score), or of
//! the first point of each pair (β-VAE score). The position of a vote's first draw follows from its number.

use unravel_metrics::FactorGrid;
use unravel_metrics::metrics::{beta_vae_score, factor_vae_score};
use unravel_metrics::sampling::{PointSource, PointStream, Purpose};

use super::hash::hash;

const FACTOR_VAE_STREAM: u64 = 2000;
const BETA_VAE_STREAM: u64 = 2001;

/// Settings of the reference runs: training votes, points of a batch, points of the global variances.
const N_TRAIN: u64 = 10_000;
const BATCH: u64 = 64;
const N_GLOBAL: u64 = 10_000;

/// The draws of the reference runs on a grid.
pub struct Recorded<'a> {
    pub grid: &'a FactorGrid,
}

impl PointSource for Recorded<'_> {
    fn stream(&self, purpose: Purpose, index: u64) -> impl PointStream {
        let n_factors = self.grid.n_factors() as u64;
        let factor_vae = |vote| N_GLOBAL * n_factors + vote * (1 + BATCH * n_factors);
        let beta_vae = |example| example * (1 + 2 * BATCH * n_factors);
        let (stream, counter) = match purpose {
            factor_vae_score::GLOBAL => (FACTOR_VAE_STREAM, 0),
            factor_vae_score::TRAIN => (FACTOR_VAE_STREAM, factor_vae(index)),
            factor_vae_score::EVAL => (FACTOR_VAE_STREAM, factor_vae(N_TRAIN + index)),
            beta_vae_score::TRAIN => (BETA_VAE_STREAM, beta_vae(index)),
            beta_vae_score::EVAL => (BETA_VAE_STREAM, beta_vae(N_TRAIN + index)),
            other => panic!("no reference run draws for {}", other.label()),
        };
        RecordedStream {
            grid: self.grid,
            stream,
            counter,
        }
    }
}

struct RecordedStream<'a> {
    grid: &'a FactorGrid,
    stream: u64,
    counter: u64,
}

impl RecordedStream<'_> {
    fn below(&mut self, bound: usize) -> usize {
        let drawn = hash(self.stream, self.counter) % bound as u64;
        self.counter += 1;
        drawn as usize
    }

    /// The point with the value of `factor` replaced by that of `other`.
    fn with_value_of(&self, point: u32, other: u32, factor: usize) -> u32 {
        let value = |point: u32| self.grid.value(point as usize, factor) * self.grid.stride(factor);
        (point as usize - value(point) + value(other)) as u32
    }
}

impl PointStream for RecordedStream<'_> {
    fn points(&mut self, points: &mut [u32]) {
        points.fill(0);
        for factor in 0..self.grid.n_factors() {
            for point in points.iter_mut() {
                *point += (self.below(self.grid.sizes()[factor]) * self.grid.stride(factor)) as u32;
            }
        }
    }

    fn group(&mut self, points: &mut [u32]) -> usize {
        let factor = self.below(self.grid.n_factors());
        self.points(points);
        let first = points[0];
        for point in points {
            *point = self.with_value_of(*point, first, factor);
        }
        factor
    }

    fn pairs(&mut self, first: &mut [u32], second: &mut [u32]) -> usize {
        let factor = self.below(self.grid.n_factors());
        self.points(first);
        self.points(second);
        for (&first, second) in first.iter().zip(second) {
            *second = self.with_value_of(*second, first, factor);
        }
        factor
    }
}
