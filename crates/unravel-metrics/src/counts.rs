//! Joint counts of each code's bins and each factor's values, and their mutual information in nats.

use crate::bytes::{Bytes, array_bytes};
use crate::discretise::{EqualWidthBins, N_BINS};
use crate::grid::FactorGrid;
use crate::parallel_count::{n_accumulators, parallel_count};
use crate::table::{CodeRange, CodeTable};

/// Rows counted by one task, roughly.
const ROWS_PER_TASK: usize = 16_384;

/// Joint counts of binned codes and factor values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JointCounts {
    n_points: u64,
    n_codes: usize,
    sizes: Vec<usize>,
    /// `[n_codes, (factor, value), N_BINS]`: the values of all factors one after the other.
    counts: Vec<u32>,
}

impl JointCounts {
    /// Counts over every point of the grid once, each code in bins over its whole range.
    pub fn of_grid(table: &CodeTable) -> Self {
        if !table.grid().is_complete() {
            let points: Vec<u32> = (0..table.grid().n_points() as u32).collect();
            return Self::of_points(table, &points);
        }
        let bins = bins_of(table.ranges());
        let rows_per_task = rows_per_task(table.grid());
        let counts = parallel_count(
            table.codes(),
            rows_per_task * table.n_codes(),
            || Self::zero(table),
            |counts, task, codes| {
                counts.add_runs(table.grid(), &bins, codes, task * rows_per_task);
            },
            Self::plus,
        );
        Self {
            n_points: table.grid().n_points() as u64,
            ..counts
        }
    }

    /// Counts over some points, each code in bins over its range among them.
    pub fn of_points(table: &CodeTable, points: &[u32]) -> Self {
        let mut ranges = vec![
            CodeRange {
                lo: f32::INFINITY,
                hi: f32::NEG_INFINITY
            };
            table.n_codes()
        ];
        for &point in points {
            for (range, &x) in ranges.iter_mut().zip(table.row(point as usize)) {
                range.lo = range.lo.min(x);
                range.hi = range.hi.max(x);
            }
        }
        let bins = bins_of(&ranges);
        let mut counts = Self {
            n_points: points.len() as u64,
            ..Self::zero(table)
        };
        let stride = counts.code_stride();
        for &point in points {
            let codes = table.row(point as usize);
            let mut first_value = 0;
            for factor in 0..table.grid().n_factors() {
                let cell = (first_value + table.grid().value(point as usize, factor)) * N_BINS;
                for (code, (&x, bins)) in codes.iter().zip(&bins).enumerate() {
                    counts.counts[code * stride + cell + bins.bin(x)] += 1;
                }
                first_value += table.grid().sizes()[factor];
            }
        }
        counts
    }

    /// Bytes that [`Self::of_grid`] holds at most, on so many threads.
    pub(crate) fn bytes_of_grid(table: &CodeTable, n_threads: usize) -> Bytes {
        let n_points = table.grid().n_points();
        if !table.grid().is_complete() {
            return Self::bytes_of_points(table, n_points);
        }
        let n_tasks = n_points.div_ceil(rows_per_task(table.grid()));
        Self::bytes_of_one(table) * n_accumulators(n_tasks, n_threads) as Bytes
    }

    /// Bytes that [`Self::of_points`] holds at most, with so many points.
    pub(crate) fn bytes_of_points(table: &CodeTable, n_points: usize) -> Bytes {
        Self::bytes_of_one(table) + array_bytes::<u32>(&[n_points])
    }

    fn bytes_of_one(table: &CodeTable) -> Bytes {
        let n_values: usize = table.grid().sizes().iter().sum();
        array_bytes::<u32>(&[table.n_codes(), n_values, N_BINS])
    }

    fn zero(table: &CodeTable) -> Self {
        let sizes = table.grid().sizes().to_vec();
        let cells = table.n_codes() * sizes.iter().sum::<usize>() * N_BINS;
        Self {
            n_points: 0,
            n_codes: table.n_codes(),
            sizes,
            counts: vec![0; cells],
        }
    }

    fn plus(mut self, other: Self) -> Self {
        for (sum, count) in self.counts.iter_mut().zip(other.counts) {
            *sum += count;
        }
        self
    }

    /// Cells of one code.
    fn code_stride(&self) -> usize {
        self.sizes.iter().sum::<usize>() * N_BINS
    }

    /// Counts consecutive rows from `first_point` on, which are whole runs of the last factor. Along a run, all other
    /// factors are constant. A run is therefore counted once, by the last factor, and its histogram is added to the
    /// counts of the other factors.
    fn add_runs(
        &mut self,
        grid: &FactorGrid,
        bins: &[EqualWidthBins],
        codes: &[f32],
        first_point: usize,
    ) {
        let (n_codes, stride) = (self.n_codes, self.code_stride());
        let last = grid.n_factors() - 1;
        let run_length = grid.sizes()[last];
        let last_cell = stride - run_length * N_BINS;
        let mut histograms = vec![[0_u32; N_BINS]; n_codes];
        for (run, codes) in codes.chunks_exact(run_length * n_codes).enumerate() {
            histograms.fill([0; N_BINS]);
            for (value, row) in codes.chunks_exact(n_codes).enumerate() {
                let by_last = &mut self.counts[last_cell + value * N_BINS..];
                for (code, ((&x, bins), histogram)) in
                    row.iter().zip(bins).zip(&mut histograms).enumerate()
                {
                    let bin = bins.bin(x);
                    histogram[bin] += 1;
                    by_last[code * stride + bin] += 1;
                }
            }
            let mut first_value = 0;
            for factor in 0..last {
                let cell =
                    (first_value + grid.value(first_point + run * run_length, factor)) * N_BINS;
                for (code, histogram) in histograms.iter().enumerate() {
                    let sums = &mut self.counts[code * stride + cell..][..N_BINS];
                    for (sum, count) in sums.iter_mut().zip(histogram) {
                        *sum += count;
                    }
                }
                first_value += grid.sizes()[factor];
            }
        }
    }

    /// Counts of one code and one factor, `[factor values, N_BINS]`.
    pub fn table(&self, code: usize, factor: usize) -> &[u32] {
        let first_value: usize = self.sizes[..factor].iter().sum();
        let start = code * self.code_stride() + first_value * N_BINS;
        &self.counts[start..][..self.sizes[factor] * N_BINS]
    }

    /// Plug-in mutual information of every code with every factor, in nats, `[n_codes, n_factors]`.
    pub fn mutual_information(&self) -> Vec<f64> {
        let pairs = (0..self.n_codes)
            .flat_map(|code| (0..self.sizes.len()).map(move |factor| (code, factor)));
        pairs
            .map(|(code, factor)| mutual_information(self.table(code, factor), self.n_points))
            .collect()
    }

    /// Plug-in entropy of every code's bins, in nats, `[n_codes]`.
    pub fn code_entropies(&self) -> Vec<f64> {
        let entropy = |code| {
            let mut by_bin = [0_u64; N_BINS];
            for bins in self.table(code, 0).chunks_exact(N_BINS) {
                for (sum, &count) in by_bin.iter_mut().zip(bins) {
                    *sum += u64::from(count);
                }
            }
            entropy(by_bin.into_iter(), self.n_points)
        };
        (0..self.n_codes).map(entropy).collect()
    }

    /// Plug-in entropy of every factor, in nats, `[n_factors]`.
    pub fn factor_entropies(&self) -> Vec<f64> {
        let entropy = |factor| {
            let values = self.table(0, factor).chunks_exact(N_BINS);
            entropy(
                values.map(|bins| bins.iter().map(|&count| u64::from(count)).sum()),
                self.n_points,
            )
        };
        (0..self.sizes.len()).map(entropy).collect()
    }
}

/// Rows counted by one task: whole runs of the last factor.
fn rows_per_task(grid: &FactorGrid) -> usize {
    let last = grid.sizes()[grid.n_factors() - 1];
    (ROWS_PER_TASK / last).max(1) * last
}

pub(crate) fn bins_of(ranges: &[CodeRange]) -> Vec<EqualWidthBins> {
    ranges
        .iter()
        .map(|&range| EqualWidthBins::new(range))
        .collect()
}

/// `Σ p ln(1/p)` in nats, with `p = count / n`.
fn entropy(counts: impl Iterator<Item = u64>, n: u64) -> f64 {
    let n = n as f64;
    counts
        .filter(|&count| 0 < count)
        .map(|count| count as f64 / n * (n / count as f64).ln())
        .sum()
}

/// `Σ p_vb ln(p_vb / (p_v p_b))` in nats over the cells of a `[values, N_BINS]` table with `n` counts, at least 0.
pub(crate) fn mutual_information(table: &[u32], n: u64) -> f64 {
    let mut by_bin = [0_u64; N_BINS];
    for row in table.chunks_exact(N_BINS) {
        for (sum, &count) in by_bin.iter_mut().zip(row) {
            *sum += u64::from(count);
        }
    }
    let mut sum = 0.0;
    for row in table.chunks_exact(N_BINS) {
        let by_value: u64 = row.iter().map(|&count| u64::from(count)).sum();
        for (&count, &by_bin) in row.iter().zip(&by_bin).filter(|(count, _)| 0 < **count) {
            // Products of counts are exact, so independent cells contribute exactly zero.
            let ratio = (f64::from(count) * n as f64) / (by_value as f64 * by_bin as f64);
            sum += f64::from(count) * ratio.ln();
        }
    }
    (sum / n as f64).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_to_count_the_grid_agree() {
        for sizes in [
            vec![3, 2, 7, 5],
            vec![70, 300],
            vec![2, 40, 1],
            vec![1, 50_000],
        ] {
            let n_points: usize = sizes.iter().product();
            let codes: Vec<f32> = (0..3 * n_points)
                .map(|i| ((i * 7919) % 1009) as f32)
                .collect();
            let table = CodeTable::new(&codes, 3, &sizes).unwrap();
            let points: Vec<u32> = (0..n_points as u32).collect();
            assert_eq!(
                JointCounts::of_grid(&table),
                JointCounts::of_points(&table, &points),
                "{sizes:?}"
            );
        }
    }

    #[test]
    fn a_copy_of_a_factor_holds_its_entropy_and_nothing_else() {
        let codes: Vec<f32> = (0..20).map(|point| (point / 5) as f32).collect();
        let counts = JointCounts::of_grid(&CodeTable::new(&codes, 1, &[4, 5]).unwrap());
        let information = counts.mutual_information();
        assert!((information[0] - 4_f64.ln()).abs() < 1e-15);
        assert_eq!(information[1], 0.0);
        assert!((counts.factor_entropies()[1] - 5_f64.ln()).abs() < 1e-15);
    }

    #[test]
    fn mutual_information_of_a_small_table() {
        // Joint probabilities 0.4 and 0.1 beside marginals of 1/2: 0.8 ln 1.6 + 0.2 ln 0.4 nats.
        let mut table = [0; 2 * N_BINS];
        (table[0], table[1], table[N_BINS], table[N_BINS + 1]) = (4, 1, 1, 4);
        let expected = 0.8 * 1.6_f64.ln() + 0.2 * 0.4_f64.ln();
        assert!((mutual_information(&table, 10) - expected).abs() < 1e-15);
    }
}
