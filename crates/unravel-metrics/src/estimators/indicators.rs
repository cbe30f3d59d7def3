//! Labels as features of a classifier: one indicator per label and value, in coordinates in which they are uncorrelated.
//!
//! The indicators are never stored. A row's score is the sum of one weight per label, and its gradient affects only
//! these weights. The parameters that a solver sees are coordinates in which the centred indicators have the identity
//! as their covariance, so that it needs tens of iterations instead of thousands. Indicators that linearly depend on
//! others, as the last value of each label does, have no coordinate.

use std::borrow::Cow;
use std::sync::Arc;

use rayon::prelude::*;

use super::balanced_logistic::Design;
use super::vectors::dot;
use crate::bytes::{Bytes, array_bytes};

/// An indicator is excluded if, given the others, at most this share of its variance remains.
const SMALLEST_REST: f64 = 1e-10;

/// Some rows of labels.
pub struct Indicators {
    /// The indicator that is 1 for each label of each row, `[n_rows, n_labels]`.
    features: Vec<u32>,
    n_labels: usize,
    coordinates: Arc<Coordinates>,
}

/// Uncorrelated coordinates of some indicators.
struct Coordinates {
    /// Share of the rows in which each indicator is 1.
    means: Vec<f64>,
    /// Indicators that have a coordinate.
    kept: Vec<usize>,
    /// Rows of the lower triangle L with `L·Lᵀ` the covariance of the kept indicators; row i has i + 1 elements.
    lower: Vec<Vec<f64>>,
}

impl Indicators {
    /// Indicators of the labels of some rows: `labels` is `[n_rows, n_values.len()]`, where label j lies in
    /// `0..n_values[j]`.
    ///
    /// # Panics
    /// If `labels` is not made of whole rows, or a label is out of range.
    pub fn new(labels: &[u16], n_values: &[usize]) -> Self {
        let n_labels = n_values.len();
        assert_eq!(labels.len() % n_labels.max(1), 0, "whole rows");
        let offsets: Vec<usize> = n_values
            .iter()
            .scan(0, |next, n| {
                let offset = *next;
                *next += n;
                Some(offset)
            })
            .collect();
        let mut features = Vec::with_capacity(labels.len());
        for row in labels.chunks_exact(n_labels.max(1)) {
            let row = row.iter().zip(&offsets).zip(n_values);
            features.extend(row.map(|((&label, offset), &n)| {
                assert!(usize::from(label) < n, "a label within its range");
                (offset + usize::from(label)) as u32
            }));
        }
        let n_features = n_values.iter().sum();
        let coordinates = Coordinates::of(&features, &offsets, n_values, n_features);
        Self {
            features,
            n_labels,
            coordinates: Arc::new(coordinates),
        }
    }

    /// Bytes of so many rows, labels and indicators.
    pub(crate) fn bytes(n_rows: usize, n_labels: usize, n_features: usize) -> Bytes {
        array_bytes::<u32>(&[n_rows, n_labels]) + 2 * array_bytes::<f64>(&[n_features, n_features])
    }
}

impl Coordinates {
    fn of(features: &[u32], offsets: &[usize], n_values: &[usize], n_features: usize) -> Self {
        let n_labels = offsets.len();
        let n_rows = features.len().checked_div(n_labels).unwrap_or(0) as f64;
        // The joint counts of the indicators of each label with those of the same and of earlier labels.
        let counts: Vec<Vec<u32>> = (0..n_labels)
            .into_par_iter()
            .map(|label| {
                let width = offsets[label] + n_values[label];
                let mut counts = vec![0; n_values[label] * width];
                for row in features.chunks_exact(n_labels) {
                    let first = (row[label] as usize - offsets[label]) * width;
                    for &other in &row[..=label] {
                        counts[first + other as usize] += 1;
                    }
                }
                counts
            })
            .collect();
        let share = |label: usize, value: usize, other: usize| {
            let width = offsets[label] + n_values[label];
            f64::from(counts[label][value * width + other]) / n_rows
        };
        let all =
            (0..n_labels).flat_map(|label| (0..n_values[label]).map(move |value| (label, value)));
        let mean = |(label, value): (usize, usize)| share(label, value, offsets[label] + value);
        let means: Vec<f64> = all.clone().map(mean).collect();
        debug_assert_eq!(means.len(), n_features);
        let (mut kept, mut lower): (Vec<usize>, Vec<Vec<f64>>) = (Vec::new(), Vec::new());
        for (feature, (label, value)) in all.enumerate() {
            let covariance =
                |other: usize| share(label, value, other) - means[feature] * means[other];
            let mut row: Vec<f64> = Vec::with_capacity(kept.len() + 1);
            for (&other, of_other) in kept.iter().zip(&lower) {
                let told = dot(&row, &of_other[..row.len()]);
                row.push((covariance(other) - told) / of_other[row.len()]);
            }
            let variance = covariance(feature);
            let rest = variance - dot(&row, &row);
            if SMALLEST_REST * variance < rest {
                row.push(rest.sqrt());
                lower.push(row);
                kept.push(feature);
            }
        }
        Self { means, kept, lower }
    }
}

impl Design for Indicators {
    fn n_parameters(&self) -> usize {
        self.coordinates.kept.len()
    }

    fn n_weights(&self) -> usize {
        self.coordinates.means.len()
    }

    fn n_rows(&self) -> usize {
        self.features.len().checked_div(self.n_labels).unwrap_or(0)
    }

    /// Solves `Lᵀ · weights = parameters`, and moves the means of the indicators into the intercepts.
    fn weights<'p>(&self, parameters: &'p [f64], n_classes: usize) -> Cow<'p, [f64]> {
        let Coordinates { means, kept, lower } = &*self.coordinates;
        let mut solved = parameters.to_vec();
        for (at, row) in lower.iter().enumerate().rev() {
            let (before, here) = solved.split_at_mut(at * n_classes);
            let here = &mut here[..n_classes];
            here.iter_mut().for_each(|x| *x /= row[at]);
            for (before, factor) in before.chunks_exact_mut(n_classes).zip(row) {
                add_scaled(before, -factor, here);
            }
        }
        let mut weights = vec![0.0; (means.len() + 1) * n_classes];
        let (of_features, intercepts) = weights.split_at_mut(means.len() * n_classes);
        intercepts.copy_from_slice(&solved[kept.len() * n_classes..]);
        for (&feature, solved) in kept.iter().zip(solved.chunks_exact(n_classes)) {
            of_features[feature * n_classes..][..n_classes].copy_from_slice(solved);
            add_scaled(intercepts, -means[feature], solved);
        }
        Cow::Owned(weights)
    }

    /// Solves `L · gradient = sums` of the centred indicators.
    fn gradient(&self, sums: &[f64], n_classes: usize, gradient: &mut [f64]) {
        let Coordinates { means, kept, lower } = &*self.coordinates;
        let (of_features, of_intercepts) = sums.split_at(means.len() * n_classes);
        for (at, (&feature, row)) in kept.iter().zip(lower).enumerate() {
            let (before, here) = gradient.split_at_mut(at * n_classes);
            let here = &mut here[..n_classes];
            here.copy_from_slice(&of_features[feature * n_classes..][..n_classes]);
            add_scaled(here, -means[feature], of_intercepts);
            for (before, factor) in before.chunks_exact(n_classes).zip(row) {
                add_scaled(here, -factor, before);
            }
            here.iter_mut().for_each(|x| *x /= row[at]);
        }
        gradient[kept.len() * n_classes..].copy_from_slice(of_intercepts);
    }

    fn add_scores(&self, row: usize, weights: &[f64], scores: &mut [f64]) {
        let n_classes = scores.len();
        for &feature in &self.features[row * self.n_labels..][..self.n_labels] {
            add_scaled(
                scores,
                1.0,
                &weights[feature as usize * n_classes..][..n_classes],
            );
        }
    }

    fn add_residuals(&self, row: usize, weight: f64, residuals: &[f64], sums: &mut [f64]) {
        let n_classes = residuals.len();
        let features = &self.features[row * self.n_labels..][..self.n_labels];
        let intercept = self.coordinates.means.len();
        for feature in features
            .iter()
            .map(|&feature| feature as usize)
            .chain([intercept])
        {
            add_scaled(
                &mut sums[feature * n_classes..][..n_classes],
                weight,
                residuals,
            );
        }
    }

    fn rows(&self, rows: &[usize]) -> Self {
        let of_row = |&row: &usize| &self.features[row * self.n_labels..][..self.n_labels];
        Self {
            features: rows.iter().flat_map(of_row).copied().collect(),
            n_labels: self.n_labels,
            coordinates: Arc::clone(&self.coordinates),
        }
    }
}

fn add_scaled(sum: &mut [f64], scale: f64, values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += scale * value;
    }
}

#[cfg(test)]
mod tests {
    use super::super::balanced_logistic::{BalancedFit, fit, fit_design, uncorrelated};
    use super::*;

    const N_VALUES: [usize; 3] = [4, 3, 5];

    /// Two independent labels, one that mostly follows the first, and classes that depend on all of them.
    fn rows() -> (Vec<u16>, Vec<u32>) {
        let hash = |i: usize| (i * 2_654_435_761 % 1_000_003) / 7;
        let labels = (0..3000).flat_map(|row| {
            let (a, b) = (hash(row) % 4, hash(row + 5000) % 3);
            let c = if hash(row + 9000) % 5 == 0 { 4 } else { a };
            [a as u16, b as u16, c as u16]
        });
        let labels: Vec<u16> = labels.collect();
        let class = |(row, labels): (usize, &[u16])| {
            let noise = hash(row + 20_000) % 3;
            u32::from((usize::from(labels[0] + 2 * labels[1]) + noise) % 4 == 0)
                + u32::from(labels[2] == 4)
        };
        let classes = labels.chunks(3).enumerate().map(class).collect();
        (labels, classes)
    }

    /// The same with stored indicators.
    fn written_down(labels: &[u16], classes: &[u32]) -> BalancedFit {
        let mut features = Vec::new();
        for row in labels.chunks(3) {
            for (label, n) in row.iter().zip(N_VALUES) {
                features
                    .extend((0..n).map(|value| f64::from(u8::from(usize::from(*label) == value))));
            }
        }
        let n_features = N_VALUES.iter().sum();
        let n_rows = classes.len() as f64;
        for feature in 0..n_features {
            let column = || (feature..features.len()).step_by(n_features);
            let mean = column().map(|at| features[at]).sum::<f64>() / n_rows;
            column().for_each(|at| features[at] -= mean);
        }
        let (features, n_features) = uncorrelated(features, n_features);
        fit(&features, n_features, classes)
    }

    #[test]
    fn indicators_tell_what_they_tell_when_written_down() {
        let (labels, classes) = rows();
        let found = fit_design(&Indicators::new(&labels, &N_VALUES), &classes);
        let expected = written_down(&labels, &classes);
        assert!(found.converged && expected.converged);
        assert!(0.1 < found.cross_entropy_nats, "{found:?}");
        let off = (found.cross_entropy_nats - expected.cross_entropy_nats).abs();
        assert!(off < 1e-9, "{found:?} {expected:?}");
    }

    #[test]
    fn dependent_and_absent_values_have_no_coordinate() {
        let (labels, classes) = rows();
        let indicators = Indicators::new(&labels, &N_VALUES);
        // The last value of each label is one minus the others.
        assert_eq!(indicators.n_parameters(), 3 + 2 + 4);
        // A copy of a label, and values that never occur.
        let copied: Vec<u16> = labels
            .chunks(3)
            .flat_map(|row| [row[0], row[0], row[1]])
            .collect();
        let indicators = Indicators::new(&copied, &[9, 4, 3]);
        assert_eq!(indicators.n_parameters(), 3 + 2);
        assert!(fit_design(&indicators, &classes).converged);
    }

    #[test]
    fn many_rows_are_fitted_as_few() {
        let (labels, classes) = rows();
        let once = fit_design(&Indicators::new(&labels, &N_VALUES), &classes);
        let often = fit_design(
            &Indicators::new(&labels.repeat(20), &N_VALUES),
            &classes.repeat(20),
        );
        assert!(once.converged && often.converged);
        let off = (once.cross_entropy_nats - often.cross_entropy_nats).abs();
        // The solver stops at a gradient of 1e-6. Of a minimum as flat as this one, the loss is known to about as much.
        assert!(off < 1e-6, "{off:e}");
    }
}
