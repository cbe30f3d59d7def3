//! Where the time of a training step goes: every layer and phase on its own, beside a matrix product of the same shape.
//!
//! GFLOP/s count the multiplications and additions of the direct convolution, so that a method with fewer of them may
//! pass the ceiling. The ceiling is what the `gemm` crate reaches on one thread's share of the same product with
//! everything in cache ([`ceiling`]). On one thread, time is that which the thread had on a core. Rows that are not part of the sum take a fused backward pass apart.

pub mod ceiling;
mod report;
pub mod stack;
mod whole_step;

use std::time::Duration;

use unravel_model::kernels::WantedGradients;

pub use report::{HEADER, Report, Row, Summary};

use crate::error::BenchError;
use crate::timing::{Clock, median_secs};
use crate::workload::Workload;
use ceiling::{Ceilings, Products};
use stack::{Layer, Part};

/// The median time of one phase of one layer, once.
struct Phase {
    name: &'static str,
    times: usize,
    secs: f64,
    /// Operations and the ceiling's seconds for them, where it is a matrix product.
    products: Option<Products>,
    is_in_sum: bool,
}

/// Measures the phases of a step of `workload` on so many threads; each phase for about a 64th of `duration`.
///
/// # Errors
/// Where threads cannot be started or the architecture does not take the images.
pub fn measure(
    workload: Workload,
    threads: usize,
    duration: Duration,
) -> Result<Report, BenchError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .map_err(|source| BenchError::Threads { threads, source })?;
    pool.install(|| measure_here(workload, threads, duration))
}

fn measure_here(
    workload: Workload,
    threads: usize,
    duration: Duration,
) -> Result<Report, BenchError> {
    let budget = duration / 64;
    let mut cohort = workload.cohort()?;
    let mut step = || {
        median_secs(
            Clock::of(threads),
            duration / 8,
            || (),
            |()| cohort.train(1),
        )
    };
    let before = step();
    let mut rows = Vec::new();
    for part in stack::parts(workload)? {
        for layer in &part.layers {
            for phase in phases(&part, layer, threads, budget) {
                rows.push(Row::new(workload, threads, layer.name.clone(), phase));
            }
        }
    }
    for (name, phase) in whole_step::phases(workload, Clock::of(threads), budget)? {
        rows.push(Row::new(workload, threads, name, phase));
    }
    let step_secs = f64::midpoint(before, step());
    Ok(Report::new(workload, threads, rows, step_secs))
}

fn phases(part: &Part, layer: &Layer, threads: usize, budget: Duration) -> Vec<Phase> {
    let clock = Clock::of(threads);
    let forward = median_secs(clock, budget, || (), |()| layer.forward());
    let ceilings = Ceilings::of(&layer.spec, layer.input.dims(), threads, budget / 4);
    let mut phases = vec![Phase {
        name: "forward",
        times: part.forward_times,
        secs: forward,
        products: Some(ceilings.forward),
        is_in_sum: true,
    }];
    for (wanted, times) in part.backward_passes(layer) {
        phases.push(Phase {
            name: backward_name(wanted),
            times,
            secs: median_secs(
                clock,
                budget,
                || layer.gradient(),
                |g| layer.backward(g, wanted),
            ),
            products: Some(ceilings.backward(wanted)),
            is_in_sum: true,
        });
    }
    phases.extend(apart(part, layer, ceilings, clock, budget));
    phases
}

fn backward_name(wanted: WantedGradients) -> &'static str {
    match (wanted.by_parameters, wanted.by_input) {
        (true, true) => "backward",
        (true, false) => "backward, by weight only",
        (false, _) => "backward, by input only",
    }
}

/// A backward pass as separate operations.
fn apart(
    part: &Part,
    layer: &Layer,
    ceilings: Ceilings,
    clock: Clock,
    budget: Duration,
) -> Vec<Phase> {
    let passes = part.backward_passes(layer);
    let times = |wants: fn(&WantedGradients) -> bool| {
        passes
            .iter()
            .filter(|(w, _)| wants(w))
            .map(|(_, times)| times)
            .sum()
    };
    let phase = |name, times: usize, secs: f64, products| Phase {
        name,
        times,
        secs,
        products,
        is_in_sum: false,
    };
    let mut phases = Vec::new();
    let by_input = times(|wanted| wanted.by_input);
    if by_input > 0 {
        let secs = median_secs(clock, budget, || layer.gradient(), |g| layer.by_input(g));
        phases.push(phase(
            "  by input alone",
            by_input,
            secs,
            Some(ceilings.by_input),
        ));
    }
    let by_weight = times(|wanted| wanted.by_parameters);
    let secs = median_secs(clock, budget, || layer.gradient(), |g| layer.by_weight(g));
    phases.push(phase(
        "  by weight alone",
        by_weight,
        secs,
        Some(ceilings.by_weight),
    ));
    let secs = median_secs(
        clock,
        budget,
        || layer.gradient(),
        |g| layer.by_activation(g),
    );
    phases.push(phase(
        "  activation and bias alone",
        times(|_| true),
        secs,
        None,
    ));
    phases
}
