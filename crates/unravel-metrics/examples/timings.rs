//! Prints how long each metric takes on a whole dSprites grid of ten codes.
//!
//! `cargo run --release -p unravel-metrics --example timings [METRIC ...]`

use std::time::{Duration, Instant};

use unravel_metrics::{CodeTable, Metric, MetricError, Variant, score};

const SIZES: [usize; 5] = [3, 6, 40, 32, 32];
const N_CODES: usize = 10;
const N_RUNS: u64 = 9;

/// A slow metric is not run again after this.
const ENOUGH: Duration = Duration::from_secs(3);

fn main() -> Result<(), MetricError> {
    let codes = entangled_codes();
    println!(
        "{} points, {N_CODES} codes, {} threads",
        codes.len() / N_CODES,
        rayon::current_num_threads()
    );
    let median = median_time(|_| CodeTable::new(&codes, N_CODES, &SIZES).map(drop))?;
    println!("{:28} {median:>9.1?}", "checking the table");
    let logvars: Vec<f32> = codes.iter().map(|code| -4.0 + (7.0 * code).sin()).collect();
    let table = CodeTable::new(&codes, N_CODES, &SIZES)?.with_logvars(&logvars)?;
    let mut study = Duration::ZERO;
    let names: Vec<String> = std::env::args().skip(1).collect();
    let is_asked =
        |metric: &Metric| names.is_empty() || names.iter().any(|name| name == metric.name());
    for metric in Metric::ALL.into_iter().filter(is_asked) {
        for &variant in metric.variants() {
            let mut headline = f64::NAN;
            let median = median_time(|seed| {
                headline = score(metric, variant, &table, seed)?.headline();
                Ok(())
            })?;
            let name = format!("{} {}", metric.name(), variant.name());
            println!("{name:28} {median:>9.1?}   {headline:.4}");
            if variant == Variant::Study {
                study += median;
            }
        }
    }
    println!("{:28} {study:>9.1?}", "all study variants");
    Ok(())
}

/// Codes that mix the factors, so that no classifier finds its task trivial.
fn entangled_codes() -> Vec<f32> {
    let n_points: usize = SIZES.iter().product();
    let code = |point: usize, code: usize| {
        let mut rest = point;
        let waves = SIZES.iter().rev().enumerate().map(|(k, size)| {
            let value = (rest % size) as f32 / *size as f32;
            rest /= size;
            value * (1.0 + ((3 * code + 5 * k) % 7) as f32 * if k == code { 1.0 } else { 0.2 })
        });
        let noise =
            (point.wrapping_mul(0x9E37_79B9).wrapping_add(code * 77_777) % 1009) as f32 / 1009.0;
        waves.sum::<f32>() + 0.3 * noise
    };
    (0..n_points * N_CODES)
        .map(|i| code(i / N_CODES, i % N_CODES))
        .collect()
}

fn median_time(
    mut run: impl FnMut(u64) -> Result<(), MetricError>,
) -> Result<Duration, MetricError> {
    let mut times = Vec::new();
    for seed in 0..N_RUNS {
        let start = Instant::now();
        run(seed)?;
        times.push(start.elapsed());
        if ENOUGH < times.iter().sum() {
            break;
        }
    }
    times.sort();
    Ok(times[times.len() / 2])
}
