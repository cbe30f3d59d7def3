//! Mutual information of a continuous value and a label, from nearest neighbours (Ross 2014, "Mutual Information between
//! Discrete and Continuous Data Sets"), as scikit-learn's `mutual_info_classif`.
//!
//! For each point, the distance to its k-th neighbour among the points of the same label, and the number m of points of
//! any label nearer than that (itself counted): `I = ψ(N) + <ψ(k)> - <ψ(N_label)> - <ψ(m)>`, at least 0. A label with
//! fewer than k + 1 points uses all of its other points; a label with one point is excluded.
//!
//! The values are used without noise. If many values are equal, the caller must add noise to break ties.

/// The values of some points in ascending order.
pub struct SortedValues {
    /// Ascending.
    values: Vec<f64>,
    /// The point of each value.
    points: Vec<u32>,
    /// The digamma function at 1, 2, …, n + 1.
    digamma: Vec<f64>,
}

impl SortedValues {
    /// The values of points 0, 1, …; finite, at most `u32::MAX` of them.
    pub fn new(values: &[f64]) -> Self {
        let mut points: Vec<u32> = (0..values.len() as u32).collect();
        points.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let steps = (1..=values.len()).scan(-EULER_GAMMA, |psi, n| {
            let here = *psi;
            *psi += 1.0 / n as f64;
            Some(here)
        });
        let mut digamma: Vec<f64> = steps.collect();
        digamma.push(
            digamma
                .last()
                .map_or(-EULER_GAMMA, |psi| psi + 1.0 / values.len() as f64),
        );
        Self {
            values: points.iter().map(|&point| values[point as usize]).collect(),
            points,
            digamma,
        }
    }

    fn psi(&self, n: usize) -> f64 {
        self.digamma[n - 1]
    }

    /// Mutual information in nats with the points' labels, which lie in `0..n_labels`, from `n_neighbours` neighbours.
    ///
    /// # Panics
    /// If there is not a label for each point.
    pub fn information(&self, labels: &[u16], n_labels: usize, n_neighbours: usize) -> f64 {
        assert_eq!(labels.len(), self.points.len(), "a label for each point");
        // Positions in the sorted values, label by label.
        let mut by_label = vec![Vec::new(); n_labels];
        for (position, &point) in self.points.iter().enumerate() {
            by_label[usize::from(labels[point as usize])].push(position as u32);
        }
        let (mut n, mut sum) = (0, 0.0);
        for positions in by_label.iter().filter(|positions| 1 < positions.len()) {
            let k = n_neighbours.min(positions.len() - 1);
            n += positions.len();
            sum += positions.len() as f64 * (self.psi(k) - self.psi(positions.len()));
            sum -= self.sum_of_psi_nearer(positions, k);
        }
        if n == 0 {
            0.0
        } else {
            (self.psi(n) + sum / n as f64).max(0.0)
        }
    }

    /// `Σ ψ(m)` over the points of one label.
    fn sum_of_psi_nearer(&self, positions: &[u32], k: usize) -> f64 {
        let value = |at: usize| self.values[positions[at] as usize];
        let mut first = 0;
        let mut sum = 0.0;
        for at in 0..positions.len() {
            let here = value(at);
            // The k nearest and the point itself are k + 1 in a row, starting no earlier than those of the point before.
            first = first.max(at.saturating_sub(k));
            while first < at
                && first + k + 1 < positions.len()
                && value(first + k + 1) - here < here - value(first)
            {
                first += 1;
            }
            let distance = (here - value(first)).max(value(first + k) - here);
            sum += self.psi(self.n_nearer(positions[at] as usize, distance));
        }
        sum
    }

    /// Number of values nearer to the one at `position` than `distance`, itself counted; those equal to it if that is zero.
    fn n_nearer(&self, position: usize, distance: f64) -> usize {
        let here = self.values[position];
        let near = |value: f64| {
            let off = (value - here).abs();
            off < distance || off == 0.0
        };
        let above = count_while(self.values[position + 1..].len(), |i| {
            near(self.values[position + 1 + i])
        });
        let below = count_while(position, |i| near(self.values[position - 1 - i]));
        1 + above + below
    }
}

/// How many of `0..n` from 0 on are in, where those that are come first: by doubling, then by bisection.
fn count_while(n: usize, is_in: impl Fn(usize) -> bool) -> usize {
    let mut bound = 1;
    while bound <= n && is_in(bound - 1) {
        bound *= 2;
    }
    // All below bound / 2 are in, and the one at bound - 1 is out or does not exist.
    let (mut lo, mut hi) = (bound / 2, (bound - 1).min(n));
    while lo < hi {
        let middle = (lo + hi) / 2;
        if is_in(middle) {
            lo = middle + 1;
        } else {
            hi = middle;
        }
    }
    lo
}

const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_stops_at_the_first_that_is_out() {
        for n in 0..40 {
            for end in 0..=n {
                assert_eq!(count_while(n, |i| i < end), end, "{n} {end}");
            }
        }
    }

    #[test]
    fn digamma_of_integers() {
        let sorted = SortedValues::new(&[0.0; 9]);
        assert_eq!(sorted.psi(1), -EULER_GAMMA);
        assert!((sorted.psi(10) - 2.251_752_589_066_721).abs() < 1e-14);
    }

    /// The definition, point by point.
    fn by_definition(values: &[f64], labels: &[u16], n_neighbours: usize) -> f64 {
        let psi = |n: usize| (1..n).map(|k| 1.0 / k as f64).sum::<f64>() - EULER_GAMMA;
        let (mut n, mut sum) = (0, 0.0);
        for (i, &x) in values.iter().enumerate() {
            let mut distances: Vec<f64> = (0..values.len())
                .filter(|&j| j != i && labels[j] == labels[i])
                .map(|j| (values[j] - x).abs())
                .collect();
            if distances.is_empty() {
                continue;
            }
            distances.sort_by(f64::total_cmp);
            let k = n_neighbours.min(distances.len());
            let nearer = values
                .iter()
                .filter(|&&y| (y - x).abs() < distances[k - 1] || y == x)
                .count();
            n += 1;
            sum += psi(k) - psi(distances.len() + 1) - psi(nearer);
        }
        (psi(n) + sum / n as f64).max(0.0)
    }

    #[test]
    fn information_is_that_of_the_definition() {
        for (n, n_labels, ties) in [(60, 3, 1.0), (97, 7, 1.0), (50, 49, 1.0), (80, 4, 40.0)] {
            let hash = |i: usize| (i * 2_654_435_761) % 1_000_003;
            let labels: Vec<u16> = (0..n).map(|i| (hash(i + 500) % n_labels) as u16).collect();
            let value = |i: usize| {
                (hash(i) as f64 / 1e6 * 100.0 / ties).floor() * ties
                    + 10.0 * f64::from(labels[i] % 3)
            };
            let values: Vec<f64> = (0..n).map(value).collect();
            let found = SortedValues::new(&values).information(&labels, n_labels, 5);
            let expected = by_definition(&values, &labels, 5);
            assert!(
                (found - expected).abs() < 1e-12,
                "{n} points: {found} instead of {expected}"
            );
        }
    }

    #[test]
    fn separated_labels_are_known_in_full() {
        let labels: Vec<u16> = (0..4000).map(|i| (i % 4) as u16).collect();
        let values: Vec<f64> = labels
            .iter()
            .enumerate()
            .map(|(i, &label)| 10.0 * f64::from(label) + (i as f64 * 0.37).sin())
            .collect();
        let found = SortedValues::new(&values).information(&labels, 4, 10);
        assert!((found - 4_f64.ln()).abs() < 1e-3, "{found}");
    }
}
