//! Linear support vector classifiers of a single feature, as scikit-learn's `LinearSVC(C, class_weight="balanced")`.
//!
//! One class against the rest, with objective `½ (w² + b²) + Σ_i c_i max(0, 1 - y_i (w x_i + b))²`: the hinge is
//! squared, and the intercept is penalised like a weight, as liblinear does it. Balanced means that the rows of the
//! class weigh `n / (K n_class)` times `C`. For the other rows, liblinear uses plain `C`, except with two classes: then
//! each class has its own weight.
//!
//! With one feature, the rows inside the margin are at one end of the sorted rows. With precomputed sums over the ends,
//! the objective and its derivatives cost two binary searches for any number of rows. Newton's method in the two
//! unknowns finds the minimum up to rounding, whereas liblinear stops early (accuracies differ by up to 4e-5).

use crate::bytes::{Bytes, array_bytes};

/// Newton's method ends if the predicted decrease of a step is at most this share of the objective.
const TOLERANCE: f64 = 1e-15;

/// Maximum number of Newton steps; about ten are usual.
const MAX_STEPS: usize = 200;

/// A step is accepted if the decrease is at least this share of the decrease predicted by the gradient.
const SUFFICIENT_GAIN: f64 = 1e-4;

/// Values in ascending order, with the sums of their ends.
#[derive(Clone, Debug, PartialEq)]
struct Ends {
    values: Vec<f64>,
    /// Sums of the first i values and of their squares, `[n + 1]`.
    sums: Vec<[f64; 2]>,
}

impl Ends {
    fn new(values: Vec<f64>) -> Self {
        let mut sums = Vec::with_capacity(values.len() + 1);
        let mut sum = [0.0; 2];
        sums.push(sum);
        for x in &values {
            sum = [sum[0] + x, sum[1] + x * x];
            sums.push(sum);
        }
        Self { values, sums }
    }

    /// Number, sum and sum of squares of the values for which `slope * x + intercept < limit`.
    fn below(&self, slope: f64, intercept: f64, limit: f64) -> [f64; 3] {
        let is_below = |x: &f64| slope * x + intercept < limit;
        let n = self.values.len();
        let [start, end] = if slope < 0.0 {
            [self.values.partition_point(|x| !is_below(x)), n]
        } else {
            [0, self.values.partition_point(is_below)]
        };
        let [first, last] = [self.sums[start], self.sums[end]];
        [(end - start) as f64, last[0] - first[0], last[1] - first[1]]
    }
}

/// A feature of some rows, sorted.
#[derive(Clone, Debug, PartialEq)]
pub struct SortedFeature {
    /// Row numbers in ascending order of the feature.
    order: Vec<u32>,
    all: Ends,
}

/// The classifiers of a single feature, one a class.
#[derive(Clone, Debug, PartialEq)]
pub struct LinearSvm {
    classes: Vec<usize>,
    /// Slope and intercept of each class; of the second class alone if there are two.
    lines: Vec<[f64; 2]>,
}

impl SortedFeature {
    /// Sorts the finite values of a feature, `[n]`.
    pub fn new(values: &[f32]) -> Self {
        let mut order: Vec<u32> = (0..values.len() as u32).collect();
        order.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
        let sorted = order
            .iter()
            .map(|&row| f64::from(values[row as usize]))
            .collect();
        Self {
            order,
            all: Ends::new(sorted),
        }
    }

    /// Bytes of a feature of so many rows while it is fitted: itself, its order, and sums over all rows and over those of
    /// each class, whose values are collected first.
    pub(crate) fn bytes(n_rows: usize) -> Bytes {
        array_bytes::<f32>(&[n_rows, 2]) + array_bytes::<f64>(&[n_rows, 3 + 4])
    }

    /// Fits the feature to `labels` (`[n]`). `c` is the weight of each row, above 0. Without rows, the model predicts
    /// 0; with one class, it always predicts this class.
    ///
    /// # Panics
    /// If there is not one label for each row.
    pub fn fit(&self, labels: &[usize], c: f64) -> LinearSvm {
        assert_eq!(labels.len(), self.order.len(), "a label for each row");
        let n_labels = labels.iter().max().map_or(1, |&label| label + 1);
        let mut by_label = vec![Vec::new(); n_labels];
        for (&row, &x) in self.order.iter().zip(&self.all.values) {
            by_label[labels[row as usize]].push(x);
        }
        let (classes, members): (Vec<usize>, Vec<Ends>) = by_label
            .into_iter()
            .enumerate()
            .filter(|(_, values)| !values.is_empty())
            .map(|(label, values)| (label, Ends::new(values)))
            .unzip();
        let n_classes = classes.len();
        let balanced = |members: &Ends| {
            c * labels.len() as f64 / (n_classes as f64 * members.values.len() as f64)
        };
        let lines = match members.as_slice() {
            [] | [_] => Vec::new(),
            [first, second] => vec![self.line(second, balanced(second), balanced(first))],
            several => several
                .iter()
                .map(|members| self.line(members, balanced(members), c))
                .collect(),
        };
        LinearSvm {
            classes: if classes.is_empty() { vec![0] } else { classes },
            lines,
        }
    }

    /// The line that is above 1 for the members of a class and below -1 for the others, as well as it can be.
    fn line(&self, members: &Ends, weight: f64, weight_of_rest: f64) -> [f64; 2] {
        let problem = Problem {
            all: &self.all,
            members,
            weights: [weight, weight_of_rest],
        };
        problem.minimise()
    }
}

/// One class against the rest.
struct Problem<'a> {
    all: &'a Ends,
    members: &'a Ends,
    /// Of a member, and of another row.
    weights: [f64; 2],
}

/// The objective, its gradient, and its second derivatives (ww, wb, bb) at a line.
struct Expansion {
    value: f64,
    gradient: [f64; 2],
    curvature: [f64; 3],
}

impl Problem<'_> {
    fn expand(&self, [w, b]: [f64; 2]) -> Expansion {
        let mut here = Expansion {
            value: 0.5 * (w * w + b * b),
            gradient: [w, b],
            curvature: [1.0, 0.0, 1.0],
        };
        // Members should lie above 1. The others should lie below -1, which is above 1 with everything turned around.
        let inside = self.members.below(w, b, 1.0);
        let all_outside = self.all.below(-w, -b, 1.0);
        let members_outside = self.members.below(-w, -b, 1.0);
        let others: [f64; 3] = std::array::from_fn(|i| all_outside[i] - members_outside[i]);
        for ((sign, [n, sum, squares]), weight) in [(1.0, inside), (-1.0, others)]
            .into_iter()
            .zip(self.weights)
        {
            // Each row adds weight (1 - sign (w x + b))².
            let [w, b] = [sign * w, sign * b];
            let offset = 1.0 - b;
            here.value += weight * (offset * offset * n - 2.0 * offset * w * sum + w * w * squares);
            here.gradient[0] -= 2.0 * weight * sign * (offset * sum - w * squares);
            here.gradient[1] -= 2.0 * weight * sign * (offset * n - w * sum);
            for (curvature, moment) in here.curvature.iter_mut().zip([squares, sum, n]) {
                *curvature += 2.0 * weight * moment;
            }
        }
        here
    }

    fn minimise(&self) -> [f64; 2] {
        let mut line = [0.0; 2];
        let mut here = self.expand(line);
        for _ in 0..MAX_STEPS {
            let [ww, wb, bb] = here.curvature;
            let [gw, gb] = here.gradient;
            // Eliminating w first keeps the difference of two large products away from a feature of small scale.
            let rest = bb - wb / ww * wb;
            let step_b = (gb - wb / ww * gw) / rest;
            let step_w = (gw - wb * step_b) / ww;
            let promise = step_w * gw + step_b * gb;
            if promise.is_nan() || promise <= TOLERANCE * here.value {
                break;
            }
            let mut scale = 1.0;
            loop {
                let next = [line[0] - scale * step_w, line[1] - scale * step_b];
                let there = self.expand(next);
                if there.value <= here.value - SUFFICIENT_GAIN * scale * promise {
                    (line, here) = (next, there);
                    break;
                }
                scale *= 0.5;
                if scale < 1e-10 {
                    return line;
                }
            }
        }
        line
    }
}

impl LinearSvm {
    /// The labels that the model can predict, ascending.
    pub fn classes(&self) -> &[usize] {
        &self.classes
    }

    /// Slope and intercept of each class; of the second class alone if there are two; none if there is one.
    pub fn lines(&self) -> &[[f64; 2]] {
        &self.lines
    }

    /// The label of a value of the feature: that of the highest line, the lowest label on a tie.
    #[inline]
    pub fn predict(&self, x: f32) -> usize {
        let x = f64::from(x);
        if let [[slope, intercept]] = self.lines[..] {
            return self.classes[usize::from(0.0 < slope * x + intercept)];
        }
        let mut best = (0, f64::NEG_INFINITY);
        for (class, [slope, intercept]) in self.lines.iter().enumerate() {
            let score = slope * x + intercept;
            if best.1 < score {
                best = (class, score);
            }
        }
        self.classes[best.0]
    }

    /// The share of rows whose label is predicted. 0 without rows.
    pub fn accuracy(&self, values: &[f32], labels: &[usize]) -> f64 {
        let rows = values.iter().zip(labels);
        let right = rows
            .filter(|&(&x, &label)| self.predict(x) == label)
            .count();
        right as f64 / labels.len().max(1) as f64
    }
}
