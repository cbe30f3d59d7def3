//! Measures where the time of a training step goes: each layer and phase separately, with a matrix product of the same
//! shape for comparison.
//!
//! GFLOP/s count the multiplications and additions of the direct convolution, so a method with fewer multiplications
//! may exceed the ceiling. The ceiling is the speed of the `gemm` crate for one thread's share of the same product with
//! all operands in cache ([`ceiling`]). On one thread, times are CPU times. Rows that are not in the sum are parts of a
//! fused backward pass, measured separately.

pub mod ceiling;
mod report;
pub mod stack;
mod whole_step;

use std::time::Duration;

use unravel_model::kernels::RequestedGradients;

pub use report::{HEADER, Report, Row, Summary};

use crate::error::BenchError;
use crate::machine::on_threads;
use crate::timing::{Clock, median_secs};
use crate::workload::Workload;
use ceiling::{Ceilings, Products};
use stack::{Layer, Part};

/// The median time of one pass of a layer's phase.
struct Phase {
    name: &'static str,
    times: usize,
    secs: f64,
    /// Operations and their time at the ceiling, if the phase is a matrix product.
    products: Option<Products>,
    is_in_sum: bool,
}

/// Measures the phases of a step of `workload` on `threads` threads, each for about a 64th of `duration`.
///
/// # Errors
/// Fails if threads cannot be started or the architecture does not accept the images.
pub fn measure(
    workload: Workload,
    threads: usize,
    duration: Duration,
) -> Result<Report, BenchError> {
    on_threads(threads, || measure_here(workload, threads, duration))?
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
    phases.extend(separate(part, layer, ceilings, clock, budget));
    phases
}

fn backward_name(wanted: RequestedGradients) -> &'static str {
    match (wanted.parameters, wanted.input) {
        (true, true) => "backward",
        (true, false) => "backward, weight gradient only",
        (false, _) => "backward, input gradient only",
    }
}

/// Measures the operations of a backward pass separately.
fn separate(
    part: &Part,
    layer: &Layer,
    ceilings: Ceilings,
    clock: Clock,
    budget: Duration,
) -> Vec<Phase> {
    let passes = part.backward_passes(layer);
    let times = |wants: fn(&RequestedGradients) -> bool| {
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
    let grad_input = times(|wanted| wanted.input);
    if grad_input > 0 {
        let secs = median_secs(clock, budget, || layer.gradient(), |g| layer.grad_input(g));
        phases.push(phase(
            "  input gradient alone",
            grad_input,
            secs,
            Some(ceilings.grad_input),
        ));
    }
    let grad_weight = times(|wanted| wanted.parameters);
    let secs = median_secs(clock, budget, || layer.gradient(), |g| layer.grad_weight(g));
    phases.push(phase(
        "  weight gradient alone",
        grad_weight,
        secs,
        Some(ceilings.grad_weight),
    ));
    let secs = median_secs(
        clock,
        budget,
        || layer.gradient(),
        |g| layer.grad_activation(g),
    );
    phases.push(phase(
        "  activation and bias alone",
        times(|_| true),
        secs,
        None,
    ));
    phases
}
