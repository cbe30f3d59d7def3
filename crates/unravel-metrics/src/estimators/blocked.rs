//! Multinomial logistic regression with many classes: the objective and its derivatives over blocks of rows.
//!
//! Rows are kept in blocks of 64, feature by feature, so that every inner loop runs over rows side by side. The second
//! derivatives are never written down: only their product with a direction is needed, and their diagonal blocks. Blocks are
//! summed in fixed groups and these in order, so nothing depends on the number of threads.

use pulp::{Arch, Simd, WithSimd};
use rayon::prelude::*;

use super::exp::exp_of_negative;
use crate::bytes::{Bytes, array_bytes};

/// Rows of a block.
const WIDTH: usize = 64;

/// Numbers added side by side.
const N_LANES: usize = 8;

/// Blocks summed by one task.
const BLOCKS_PER_TASK: usize = 8;

/// A number for each row of a block.
type Column = [f64; WIDTH];

/// Some rows.
struct Block {
    /// `[n_features + 1]`, the last of ones; zeros in rows that only fill up the last block.
    features: Vec<Column>,
    /// Class of each row, `[..WIDTH]`.
    targets: Vec<u32>,
}

/// The minimisation of `Σ_i -ln p(y_i | x_i) + ½ penalty Σ w²`. Parameters are `[n_classes, n_features + 1]`, the last of
/// each class its intercept, which is not penalised.
pub(super) struct Blocked {
    blocks: Vec<Block>,
    n_features: usize,
    n_classes: usize,
}

/// The objective and its gradient at some parameters, and the probabilities there.
pub(super) struct Expansion {
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
    /// `[n_blocks][n_classes]`; zero in rows that fill up.
    probabilities: Vec<Vec<Column>>,
}

impl Blocked {
    /// Rows of features (`[n, n_features]`, row-major) with their classes (below `n_classes`).
    pub(super) fn new(
        features: &[f64],
        n_features: usize,
        targets: &[usize],
        n_classes: usize,
    ) -> Self {
        let block = |(features, targets): (&[f64], &[usize])| {
            let mut columns = vec![[0.0; WIDTH]; n_features + 1];
            for (at, row) in features.chunks_exact(n_features).enumerate() {
                for (column, value) in columns.iter_mut().zip(row) {
                    column[at] = *value;
                }
                columns[n_features][at] = 1.0;
            }
            Block {
                features: columns,
                targets: targets.iter().map(|&target| target as u32).collect(),
            }
        };
        Self {
            blocks: features
                .chunks(WIDTH * n_features)
                .zip(targets.chunks(WIDTH))
                .map(block)
                .collect(),
            n_features,
            n_classes,
        }
    }

    /// Bytes of so many rows, of their probabilities at two places, and of what their tasks are summed up from.
    pub(super) fn bytes(n_rows: usize, n_features: usize, n_classes: usize) -> Bytes {
        let n_blocks = n_rows.div_ceil(WIDTH);
        let n_tasks = n_blocks.div_ceil(BLOCKS_PER_TASK);
        array_bytes::<Column>(&[n_blocks, n_features + 1 + 2 * n_classes])
            + array_bytes::<f64>(&[n_classes, n_features + 1, n_tasks + 2])
    }

    /// Parameters of one class.
    pub(super) fn width(&self) -> usize {
        self.n_features + 1
    }

    /// Number of classes.
    pub(super) fn n_classes(&self) -> usize {
        self.n_classes
    }

    /// The objective and its gradient.
    pub(super) fn expand(&self, parameters: &[f64], penalty: f64) -> Expansion {
        let tasks: Vec<_> = self
            .blocks
            .par_chunks(BLOCKS_PER_TASK)
            .map(|blocks| {
                let mut value = 0.0;
                let mut gradient = vec![0.0; parameters.len()];
                let mut probabilities = Vec::with_capacity(blocks.len());
                for block in blocks {
                    let (loss, columns) = Arch::new().dispatch(Softmax {
                        block,
                        parameters,
                        gradient: &mut gradient,
                    });
                    value += loss;
                    probabilities.push(columns);
                }
                (value, gradient, probabilities)
            })
            .collect();
        let mut sum = Expansion {
            value: 0.0,
            gradient: vec![0.0; parameters.len()],
            probabilities: Vec::with_capacity(self.blocks.len()),
        };
        for (value, gradient, probabilities) in tasks {
            sum.value += value;
            add(&mut sum.gradient, &gradient);
            sum.probabilities.extend(probabilities);
        }
        for (parameters, gradient) in self
            .weights(parameters)
            .zip(sum.gradient.chunks_exact_mut(self.width()))
        {
            for (weight, gradient) in parameters.iter().zip(gradient) {
                sum.value += 0.5 * penalty * weight * weight;
                *gradient += penalty * weight;
            }
        }
        sum
    }

    /// The product of the second derivatives with a direction.
    pub(super) fn curvature_along(
        &self,
        here: &Expansion,
        direction: &[f64],
        penalty: f64,
    ) -> Vec<f64> {
        let tasks: Vec<Vec<f64>> = self
            .blocks
            .par_chunks(BLOCKS_PER_TASK)
            .zip(here.probabilities.par_chunks(BLOCKS_PER_TASK))
            .map(|(blocks, probabilities)| {
                let mut product = vec![0.0; direction.len()];
                for (block, probabilities) in blocks.iter().zip(probabilities) {
                    Arch::new().dispatch(Along {
                        block,
                        probabilities,
                        direction,
                        product: &mut product,
                    });
                }
                product
            })
            .collect();
        let mut sum = vec![0.0; direction.len()];
        for product in tasks {
            add(&mut sum, &product);
        }
        for (direction, sum) in self
            .weights(direction)
            .zip(sum.chunks_exact_mut(self.width()))
        {
            for (weight, sum) in direction.iter().zip(sum) {
                *sum += penalty * weight;
            }
        }
        sum
    }

    /// The second derivatives by the parameters of one class, for each class: `[n_classes][width, width]`.
    pub(super) fn curvature_within(&self, here: &Expansion, penalty: f64) -> Vec<Vec<f64>> {
        let width = self.width();
        (0..self.n_classes)
            .into_par_iter()
            .map(|class| {
                let mut matrix = vec![0.0; width * width];
                for (block, probabilities) in self.blocks.iter().zip(&here.probabilities) {
                    Arch::new().dispatch(Within {
                        block,
                        probabilities: &probabilities[class],
                        matrix: &mut matrix,
                    });
                }
                for i in 0..self.n_features {
                    matrix[i * width + i] += penalty;
                }
                matrix
            })
            .collect()
    }

    /// The weights of each class, without its intercept.
    fn weights<'a>(&self, parameters: &'a [f64]) -> impl Iterator<Item = &'a [f64]> {
        let n_features = self.n_features;
        parameters
            .chunks_exact(self.width())
            .map(move |parameters| &parameters[..n_features])
    }
}

/// Adds the gradient over a block; answers with its loss in nats and its probabilities.
struct Softmax<'a> {
    block: &'a Block,
    parameters: &'a [f64],
    gradient: &'a mut [f64],
}

impl WithSimd for Softmax<'_> {
    type Output = (f64, Vec<Column>);

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> (f64, Vec<Column>) {
        let features = &self.block.features;
        let n = self.block.targets.len();
        let mut highest = [f64::NEG_INFINITY; WIDTH];
        let mut scores = vec![[0.0; WIDTH]; self.parameters.len() / features.len()];
        weighted_sums(features, self.parameters, &mut scores);
        for scores in &scores {
            for row in 0..WIDTH {
                highest[row] = if highest[row] < scores[row] {
                    scores[row]
                } else {
                    highest[row]
                };
            }
        }
        let mut loss = 0.0;
        for (row, &target) in self.block.targets.iter().enumerate() {
            loss += highest[row] - scores[target as usize][row];
        }
        let mut sums = [0.0; WIDTH];
        for scores in &mut scores {
            for row in 0..WIDTH {
                scores[row] = exp_of_negative(scores[row] - highest[row]);
                sums[row] += scores[row];
            }
        }
        let mut inverses = [0.0; WIDTH];
        for row in 0..n {
            loss += sums[row].ln();
            inverses[row] = sums[row].recip();
        }
        for probabilities in &mut scores {
            for row in 0..WIDTH {
                probabilities[row] *= inverses[row];
            }
        }
        for (class, gradient) in self.gradient.chunks_exact_mut(features.len()).enumerate() {
            let mut residuals = scores[class];
            for (residual, &target) in residuals.iter_mut().zip(&self.block.targets) {
                *residual -= f64::from(u8::from(target as usize == class));
            }
            for (gradient, feature) in gradient.iter_mut().zip(features) {
                *gradient += dot(&residuals, feature);
            }
        }
        (loss, scores)
    }
}

/// Adds the product of the second derivatives over a block with a direction.
struct Along<'a> {
    block: &'a Block,
    probabilities: &'a [Column],
    direction: &'a [f64],
    product: &'a mut [f64],
}

impl WithSimd for Along<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let features = &self.block.features;
        let mut mean = [0.0; WIDTH];
        let mut changes = vec![[0.0; WIDTH]; self.probabilities.len()];
        weighted_sums(features, self.direction, &mut changes);
        for (change, probabilities) in changes.iter().zip(self.probabilities) {
            for row in 0..WIDTH {
                mean[row] += probabilities[row] * change[row];
            }
        }
        for (class, product) in self.product.chunks_exact_mut(features.len()).enumerate() {
            let change = &mut changes[class];
            for row in 0..WIDTH {
                change[row] = self.probabilities[class][row] * (change[row] - mean[row]);
            }
            for (product, feature) in product.iter_mut().zip(features) {
                *product += dot(change, feature);
            }
        }
    }
}

/// Adds the second derivatives over a block by the parameters of one class.
struct Within<'a> {
    block: &'a Block,
    probabilities: &'a Column,
    matrix: &'a mut [f64],
}

impl WithSimd for Within<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let features = &self.block.features;
        let width = features.len();
        for (i, left) in features.iter().enumerate() {
            let mut weighted = [0.0; WIDTH];
            for row in 0..WIDTH {
                let probability = self.probabilities[row];
                weighted[row] = probability * (1.0 - probability) * left[row];
            }
            for (j, right) in features[..=i].iter().enumerate() {
                self.matrix[i * width + j] += dot(&weighted, right);
            }
        }
    }
}

/// The sums of the features of each row, weighted by the parameters of each class.
#[inline(always)]
fn weighted_sums(features: &[Column], parameters: &[f64], sums: &mut [Column]) {
    for (sum, parameters) in sums.iter_mut().zip(parameters.chunks_exact(features.len())) {
        for (feature, &weight) in features.iter().zip(parameters) {
            for row in 0..WIDTH {
                sum[row] += weight * feature[row];
            }
        }
    }
}

#[inline(always)]
fn dot(a: &Column, b: &Column) -> f64 {
    let mut lanes = [0.0; N_LANES];
    let (a, _) = a.as_chunks::<N_LANES>();
    let (b, _) = b.as_chunks::<N_LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..N_LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    lanes.iter().sum()
}

fn add(sum: &mut [f64], values: &[f64]) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value;
    }
}
