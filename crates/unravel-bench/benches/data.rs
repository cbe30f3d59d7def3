//! dSprites: one image of each shape, as bits and as floats, and a batch of 64.

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use unravel_bench::workload::dsprites;
use unravel_data::Dsprites;
use unravel_model::random::{Purpose, Stream};

const IMAGES_OF_SHAPE: usize = 245_760;

const BATCH: usize = 64;

fn images(c: &mut Criterion) {
    let (renderer, dataset) = (Dsprites::new(), dsprites());
    let mut image = vec![0.0; dataset.n_pixels()];
    let mut group = c.benchmark_group("render");
    for (at, shape) in ["square", "ellipse", "heart"].into_iter().enumerate() {
        // Coprime to the number of images: every one in turn, far apart.
        let mut points = (0..).map(|i: usize| at * IMAGES_OF_SHAPE + i * 7919 % IMAGES_OF_SHAPE);
        let mut next = || points.next().unwrap_or_default();
        group.bench_function(BenchmarkId::new("bits", shape), |b| {
            b.iter(|| renderer.rows(next()));
        });
        group.bench_function(BenchmarkId::new("floats", shape), |b| {
            b.iter(|| {
                dataset.write_image(next(), &mut image);
                black_box(&image);
            });
        });
    }
    group.finish();
}

fn batches(c: &mut Criterion) {
    let dataset = dsprites();
    let points = Stream::new(0, Purpose::Batch, 0).points(BATCH, dataset.n_points());
    let mut images = vec![0.0; BATCH * dataset.n_pixels()];
    let mut group = c.benchmark_group("batch");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("64", |b| {
        b.iter(|| {
            dataset.write_batch(&points, &mut images);
            black_box(&images);
        });
    });
    group.finish();
}

criterion_group!(benches, images, batches);
criterion_main!(benches);
