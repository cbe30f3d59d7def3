//! Measures images per second of encoding, and the seconds for the whole grid.

use std::time::{Duration, Instant};

use serde::Serialize;
use unravel_model::Cpu;
use unravel_model::trained::TrainedVae;
use unravel_sweep::Architecture;

use crate::error::BenchError;
use crate::machine::{Machine, on_threads};
use crate::timing::{process_cpu_secs, tenths};
use crate::workload::{Target, Workload, dsprites};

/// Number of consecutive points that are encoded together, as in an evaluation.
const RUN: usize = 4096;

/// Distance between the runs that are encoded one after the other, so that a short measurement has all shapes and
/// scales. Coprime to the number of runs, 180.
const RUN_STRIDE: usize = 77;

/// A measured rate of encoding.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Encoded {
    /// `encode`.
    pub bench: &'static str,
    /// The machine.
    #[serde(flatten)]
    pub machine: Machine,
    /// The encoder.
    pub arch: &'static str,
    /// The objective, which does not affect the rate.
    pub objective: &'static str,
    /// Number of models.
    pub models: usize,
    /// Number of threads.
    pub threads: usize,
    /// Number of encoded images.
    pub images: usize,
    /// Seconds for these images.
    pub elapsed_secs: f64,
    /// Images per second.
    pub images_per_s: f64,
    /// Images per second of CPU time.
    pub images_per_cpu_s: f64,
    /// Number of images of the whole grid.
    pub grid_images: usize,
    /// Seconds for the whole grid: measured if `is_whole`, otherwise computed from the rate.
    pub grid_secs: f64,
    /// Whether the whole grid was encoded.
    pub is_whole: bool,
}

/// Encodes in this process for at least `duration`, or the whole grid if `duration` is `None`.
///
/// # Errors
/// Fails if threads cannot be started.
pub fn measure(
    architecture: Architecture,
    threads: usize,
    duration: Option<Duration>,
) -> Result<Encoded, BenchError> {
    on_threads(threads, || measure_here(architecture, threads, duration))?
}

fn measure_here(
    architecture: Architecture,
    threads: usize,
    duration: Option<Duration>,
) -> Result<Encoded, BenchError> {
    let workload = Workload {
        architecture,
        target: Target::BetaVae,
        models: 1,
    };
    let dataset = dsprites();
    // The rate does not depend on the weights.
    let weights = workload.cohort()?.weights(0);
    let model = &workload.trials()[0].model;
    let device = Default::default();
    let vae = TrainedVae::<Cpu>::load(model, dataset.shape(), &weights, &device)?;

    let points: Vec<usize> = (0..dataset.n_points()).collect();
    let runs: Vec<&[usize]> = points.chunks(RUN).collect();
    let encode =
        |points: &[usize]| vae.encode(&dataset, points, |_| ()).z_mean.len() / vae.n_codes();
    encode(&runs[0][..RUN / 4]);
    let (cpu_start, start, mut images) = (process_cpu_secs(), Instant::now(), 0);
    for at in 0..runs.len() {
        if duration.is_some_and(|duration| start.elapsed() >= duration) {
            break;
        }
        images += encode(runs[at * RUN_STRIDE % runs.len()]);
    }
    let elapsed_secs = start.elapsed().as_secs_f64();
    let cpu_secs = process_cpu_secs() - cpu_start;
    let rate = images as f64 / elapsed_secs;
    Ok(Encoded {
        bench: "encode",
        machine: Machine::here(),
        arch: architecture.name(),
        objective: workload.target.name(),
        models: 1,
        threads,
        images,
        elapsed_secs,
        images_per_s: tenths(rate),
        images_per_cpu_s: tenths(images as f64 / cpu_secs),
        grid_images: points.len(),
        grid_secs: tenths(points.len() as f64 / rate),
        is_whole: images == points.len(),
    })
}

impl std::fmt::Display for Encoded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            arch,
            threads,
            images,
            images_per_s,
            images_per_cpu_s,
            grid_images,
            grid_secs,
            ..
        } = self;
        let how = if self.is_whole {
            "measured".to_owned()
        } else {
            format!("computed from {images} images spread over it")
        };
        write!(
            f,
            "{arch:<14} {threads} threads  {images_per_s:>8.1} images/s  \
             {images_per_cpu_s:>8.1} images per CPU second  {grid_secs:.1} s for the grid of {grid_images} images ({how})"
        )
    }
}
