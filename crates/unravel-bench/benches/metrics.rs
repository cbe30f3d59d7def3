//! The metrics on codes that are noisy factors, over a part of dSprites' grid and over all of it.
//!
//! The number of points is in the id. Study variants draw the same number of points from any grid.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use unravel_metrics::{CodeTable, Metric, Variant, score};
use unravel_model::random::{Purpose, Stream};

const N_CODES: usize = 10;

/// A sub-grid of the quickstart's size, and the whole.
const GRIDS: [[usize; 5]; 2] = [[3, 6, 10, 16, 16], [3, 6, 40, 32, 32]];

const SUBJECTS: [(Metric, Variant); 4] = [
    (Metric::BetaVaeScore, Variant::Study),
    (Metric::FactorVaeScore, Variant::Study),
    (Metric::Mig, Variant::Study),
    (Metric::Mig, Variant::Exact),
];

fn metrics(c: &mut Criterion) {
    let mut group = c.benchmark_group("metrics");
    group.sample_size(10);
    for sizes in GRIDS {
        let codes = codes(&sizes);
        let table = CodeTable::new(&codes, N_CODES, &sizes).expect("a code for every point");
        let n_points: usize = sizes.iter().product();
        for (metric, variant) in SUBJECTS {
            let name = format!("{} {}", metric.name(), variant.name());
            let id = BenchmarkId::new(name, n_points);
            group.bench_function(id, |b| b.iter(|| score(metric, variant, &table, 0)));
        }
    }
    group.finish();
}

/// Code `j` of a point is factor `j` modulo their number, scaled to 0..1, with noise.
fn codes(sizes: &[usize]) -> Vec<f32> {
    let n_points: usize = sizes.iter().product();
    let mut codes = vec![0.0; n_points * N_CODES];
    Stream::new(0, Purpose::Noise, 0).normal(&mut codes);
    for (point, row) in codes.chunks_mut(N_CODES).enumerate() {
        let mut values = vec![0.0; sizes.len()];
        let mut rest = point;
        for (value, size) in values.iter_mut().zip(sizes).rev() {
            *value = (rest % size) as f32 / *size as f32;
            rest /= size;
        }
        for (j, code) in row.iter_mut().enumerate() {
            *code = values[j % sizes.len()] + 0.1 * *code;
        }
    }
    codes
}

criterion_group!(benches, metrics);
criterion_main!(benches);
