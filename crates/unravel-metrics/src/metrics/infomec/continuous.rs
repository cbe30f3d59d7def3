//! The estimates of continuous codes: nearest neighbours, and a classifier of standardised codes.

use rayon::prelude::*;

use super::{ACTIVE_SHARE, Estimates, Sample, predicted};
use crate::estimators::balanced_logistic;
use crate::estimators::knn_information::SortedValues;
use crate::sampling::{Normals, Purpose, generator};

/// The noise that breaks ties between equal values.
pub const NOISE: Purpose = Purpose::new("infomec/noise");

const N_NEIGHBOURS: usize = 10;

/// Noise in standard deviations of a code.
const NOISE_SDS: f64 = 1e-10;

/// The estimates of a sample; `seed` seeds the noise.
pub(super) fn estimate(sample: &Sample<'_>, seed: u64) -> Estimates {
    let columns: Vec<Column> = (0..sample.table.n_codes())
        .into_par_iter()
        .map(|code| Column::new(sample, code))
        .collect();
    let widest = columns
        .iter()
        .map(|column| column.range)
        .fold(0.0, f32::max);
    Estimates {
        active: columns
            .iter()
            .map(|column| widest * ACTIVE_SHARE < column.range)
            .collect(),
        shares: columns
            .par_iter()
            .enumerate()
            .map(|(code, column)| column.information(code, sample, seed))
            .collect(),
        explained: explained(&columns, &sample.labels),
    }
}

/// One code over the points of a sample.
struct Column {
    /// Mean 0 and standard deviation 1; zeros for a constant code.
    standardised: Vec<f64>,
    range: f32,
}

impl Column {
    fn new(sample: &Sample<'_>, code: usize) -> Self {
        let values: Vec<f32> = sample
            .points
            .iter()
            .map(|&point| sample.table.row(point as usize)[code])
            .collect();
        let (lo, hi) = values
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(lo, hi), &x| {
                (lo.min(x), hi.max(x))
            });
        let n = values.len() as f64;
        // Relative to the smallest value, so that large means cause no cancellation.
        let above: Vec<f64> = values
            .iter()
            .map(|&x| f64::from(x) - f64::from(lo))
            .collect();
        let mean = above.iter().sum::<f64>() / n;
        let sd = (above.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
        let standardised = above
            .iter()
            .map(|x| if lo < hi { (x - mean) / sd } else { 0.0 })
            .collect();
        Self {
            standardised,
            range: hi - lo,
        }
    }

    /// Mutual information with each varying factor as a share of its entropy.
    fn information(&self, code: usize, sample: &Sample<'_>, seed: u64) -> Vec<f64> {
        if self.range == 0.0 {
            return vec![0.0; sample.labels.len()];
        }
        let noise = Normals::new(generator(seed, NOISE, code as u64));
        let noisy: Vec<f64> = self
            .standardised
            .iter()
            .zip(noise)
            .map(|(x, noise)| x + NOISE_SDS * noise)
            .collect();
        let sorted = SortedValues::new(&noisy);
        let share = |(position, labels): (usize, &Vec<u16>)| {
            let nats = sorted.information(labels, sample.n_values(position), N_NEIGHBOURS);
            sample.share(nats, position)
        };
        sample.labels.iter().enumerate().map(share).collect()
    }
}

/// The share of each factor's entropy that a linear classifier on all codes predicts.
fn explained(columns: &[Column], labels: &[Vec<u16>]) -> Vec<f64> {
    let n_codes = columns.len();
    let n_points = labels[0].len();
    let mut features: Vec<f64> = Vec::with_capacity(n_points * n_codes);
    features.extend(
        (0..n_points)
            .flat_map(|point| columns.iter().map(move |column| column.standardised[point])),
    );
    let (features, n_features) = balanced_logistic::uncorrelated(features, n_codes);
    let share = |labels: &Vec<u16>| {
        let labels: Vec<u32> = labels.iter().map(|&label| u32::from(label)).collect();
        predicted(&balanced_logistic::fit(&features, n_features, &labels))
    };
    labels.iter().map(share).collect()
}
