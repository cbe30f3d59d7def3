//! Prints how long each metric takes on a whole dSprites grid of ten codes.
//!
//! `cargo run --release -p unravel-metrics --example timings [METRIC ...]`

use std::time::{Duration, Instant};

use unravel_metrics::metrics::udr;
use unravel_metrics::{CodeTable, Metric, MetricError, Variant, score};

const SIZES: [usize; 5] = [3, 6, 40, 32, 32];
const N_CODES: usize = 10;
const N_RUNS: u64 = 9;

/// Metrics whose study variants are timed together too.
const TOGETHER: [Metric; 3] = [Metric::BetaVaeScore, Metric::FactorVaeScore, Metric::Mig];

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
    let names: Vec<String> = std::env::args().skip(1).collect();
    let is_asked =
        |metric: &Metric| names.is_empty() || names.iter().any(|name| name == metric.name());
    let mut together = Duration::ZERO;
    for metric in Metric::ALL.into_iter().filter(is_asked) {
        for &variant in metric.variants() {
            let median = if metric == Metric::Udr {
                udr(variant)?
            } else {
                median_time(|seed| score(metric, variant, &table, seed).map(drop))?
            };
            let name = format!("{} {}", metric.name(), variant.name());
            println!("{name:28} {median:>9.1?}   {}", points(metric, variant));
            if variant == Variant::Study && TOGETHER.contains(&metric) {
                together += median;
            }
        }
    }
    if TOGETHER.iter().all(is_asked) {
        println!("{:28} {together:>9.1?}", "the first three, study");
    }
    Ok(())
}

/// What a score looks at.
fn points(metric: Metric, variant: Variant) -> &'static str {
    match (metric, variant) {
        (Metric::BetaVaeScore | Metric::FactorVaeScore, Variant::Lin2020) => {
            "50,000 points in 500 groups"
        }
        (_, Variant::Lin2020) => "73,728 points",
        (Metric::BetaVaeScore, _) => "1,920,000 points in 15,000 examples",
        (Metric::FactorVaeScore, Variant::Study) => "960,000 points in 15,000 votes, 10,000 beside",
        (Metric::MigChen, Variant::Study) => "737,280 points, 10,000 samples an entropy",
        (Metric::Dci, Variant::Study) => "10,000 + 5,000 points, 11,300 trees",
        (Metric::Dci, Variant::RandomForest) => "10,000 + 5,000 points, 500 trees",
        (Metric::Sap | Metric::Explicitness, Variant::Study) => "10,000 + 5,000 points",
        (Metric::Downstream, _) => "10, 100, 1,000 and 10,000 + 5,000 points",
        (Metric::Udr, _) => "5 models, 1,000 points",
        (_, Variant::Study) => "10,000 points",
        _ => "737,280 points",
    }
}

/// UDR of five models.
fn udr(variant: Variant) -> Result<Duration, MetricError> {
    const N_POINTS: usize = 1000;
    let all = entangled_codes();
    let models: Vec<&[f32]> = all.chunks(N_POINTS * N_CODES).take(5).collect();
    let models: Vec<udr::Representation> = models
        .iter()
        .map(|codes| udr::Representation {
            codes,
            kl_nats: &[1.0; N_CODES],
        })
        .collect();
    let similarity = udr::Similarity::of(variant);
    median_time(|_| {
        if let Some(similarity) = similarity {
            std::hint::black_box(udr::udr(&models, similarity).is_ok());
        }
        Ok(())
    })
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
