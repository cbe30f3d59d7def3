//! Every layer of `conv-4x4` and of FactorVAE's discriminator, forward and backward, with the loss and the optimiser;
//! one model, batch 64. `RAYON_NUM_THREADS` sets the number of threads.

use std::hint::black_box;

use burn::tensor::{Tensor, TensorData};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use unravel_bench::layers::stack::{Part, parts};
use unravel_bench::workload::{Target, Workload};
use unravel_model::Cpu;
use unravel_model::kernels::{AdamMoments, AdamStep, Kernels};
use unravel_sweep::Architecture;

const BATCH: usize = 64;

const PIXELS: usize = 64 * 64;

fn layers(c: &mut Criterion) {
    let workload = Workload {
        architecture: Architecture::Conv4x4,
        target: Target::FactorVae,
        models: 1,
    };
    for part in parts(workload).expect("conv-4x4 takes dSprites") {
        layers_of(c, &part);
    }
}

fn layers_of(c: &mut Criterion, part: &Part) {
    for layer in &part.layers {
        let mut group = c.benchmark_group(&layer.name);
        group.throughput(Throughput::Elements(BATCH as u64));
        group.bench_function("forward", |b| b.iter(|| layer.forward()));
        for (wanted, _) in part.backward_passes(layer) {
            let name = match (wanted.parameters, wanted.input) {
                (true, true) => "backward",
                (true, false) => "backward, weight gradient only",
                (false, _) => "backward, input gradient only",
            };
            let pass = |gradient| layer.backward(gradient, wanted);
            group.bench_function(name, |b| {
                b.iter_batched(|| layer.gradient(), pass, BatchSize::LargeInput);
            });
        }
        group.finish();
    }
}

fn bernoulli(c: &mut Criterion) {
    let logits = || ramp(BATCH * PIXELS, 8.0, [1, BATCH, PIXELS]);
    let (fixed, targets) = (
        logits(),
        ramp(BATCH * PIXELS, 1.0, [1, BATCH, PIXELS])
            .greater_elem(0.9)
            .float(),
    );
    let grad_nats: Tensor<Cpu, 1> = Tensor::ones([1], &Default::default());
    let mut group = c.benchmark_group("bernoulli 64x4096");
    group.throughput(Throughput::Elements(BATCH as u64));
    group.bench_function("nats", |b| {
        b.iter(|| Cpu::bernoulli_nats(fixed.clone(), targets.clone()))
    });
    let gradient = |logits| Cpu::bernoulli_gradient(logits, targets.clone(), grad_nats.clone());
    group.bench_function("gradient", |b| {
        b.iter_batched(logits, gradient, BatchSize::LargeInput)
    });
    group.finish();
}

fn adam(c: &mut Criterion) {
    let mut group = c.benchmark_group("adam");
    for len in [1024, 65_536, 1_000_000] {
        let gradient = ramp(len, 1e-3, [1, len]);
        let mut moments = Some(AdamMoments::<Cpu> {
            value: ramp(len, 0.1, [1, len]),
            first: Tensor::zeros([1, len], &Default::default()),
            second: Tensor::zeros([1, len], &Default::default()),
        });
        let mut step = AdamStep {
            learning_rate: 1e-4,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            t: 0,
        };
        group.throughput(Throughput::Elements(len as u64));
        group.bench_function(len.to_string(), |b| {
            b.iter(|| {
                step.t += 1;
                moments = moments
                    .take()
                    .map(|old| Cpu::adam(old, gradient.clone(), step));
                black_box(&moments);
            });
        });
    }
    group.finish();
}

/// Values spread over `-limit..limit`.
fn ramp<const D: usize>(len: usize, limit: f32, dims: [usize; D]) -> Tensor<Cpu, D> {
    let value = |i: usize| limit * ((i * 7919 % 2003) as f32 / 1001.0 - 1.0);
    Tensor::from_data(
        TensorData::new((0..len).map(value).collect(), dims),
        &Default::default(),
    )
}

criterion_group!(benches, layers, bernoulli, adam);
criterion_main!(benches);
