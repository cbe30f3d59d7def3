//! Prints how long each metric takes: the median time by the clock, and the mean time on all cores together.
//!
//! `cargo run --release -p unravel-metrics --example timings -- [--codes N] [--grid 3x6x40x32x32] [METRIC ...]`
//!
//! The second number does not depend on what else the machine does. It is what `src/cost.rs` is fitted to.

use std::time::{Duration, Instant};

use unravel_metrics::metrics::udr;
use unravel_metrics::{CodeTable, Metric, MetricError, Variant, score};

/// Codes that are timed.
struct Timed {
    sizes: Vec<usize>,
    n_codes: usize,
}

const N_RUNS: u64 = 9;

/// Metrics whose study variants are timed together too.
const TOGETHER: [Metric; 3] = [Metric::BetaVaeScore, Metric::FactorVaeScore, Metric::Mig];

/// A slow metric is not run again after this.
const ENOUGH: Duration = Duration::from_secs(3);

fn main() -> Result<(), MetricError> {
    let (timed, names) = arguments();
    let Timed { sizes, n_codes } = &timed;
    let codes = timed.entangled_codes();
    println!(
        "{} points, {n_codes} codes, {} threads",
        codes.len() / n_codes,
        rayon::current_num_threads()
    );
    let time = median_time(|_| CodeTable::new(&codes, *n_codes, sizes).map(drop))?;
    println!("{:28} {time}", "checking the table");
    let logvars: Vec<f32> = codes.iter().map(|code| -4.0 + (7.0 * code).sin()).collect();
    let table = CodeTable::new(&codes, *n_codes, sizes)?.with_logvars(&logvars)?;
    let is_asked =
        |metric: &Metric| names.is_empty() || names.iter().any(|name| name == metric.name());
    let mut together = Duration::ZERO;
    for metric in Metric::ALL.into_iter().filter(is_asked) {
        for &variant in metric.variants() {
            let time = if metric == Metric::Udr {
                timed.udr(variant)?
            } else {
                median_time(|seed| score(metric, variant, &table, seed).map(drop))?
            };
            let name = format!("{} {}", metric.name(), variant.name());
            println!("{name:28} {time}   {}", points(metric, variant));
            if variant == Variant::Study && TOGETHER.contains(&metric) {
                together += time.wall;
            }
        }
    }
    if TOGETHER.iter().all(is_asked) {
        println!("{:28} {together:>9.1?}", "the first three, study");
    }
    Ok(())
}

/// What is timed, and the names of the metrics asked for.
fn arguments() -> (Timed, Vec<String>) {
    let mut timed = Timed {
        sizes: vec![3, 6, 40, 32, 32],
        n_codes: 10,
    };
    let mut names = Vec::new();
    let mut rest = std::env::args().skip(1);
    while let Some(argument) = rest.next() {
        match argument.as_str() {
            "--codes" => timed.n_codes = rest.next().and_then(|n| n.parse().ok()).unwrap_or(10),
            "--grid" => {
                let grid = rest.next().unwrap_or_default();
                timed.sizes = grid
                    .split('x')
                    .filter_map(|size| size.parse().ok())
                    .collect();
            }
            _ => names.push(argument),
        }
    }
    (timed, names)
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

impl Timed {
    /// UDR of five models.
    fn udr(&self, variant: Variant) -> Result<Time, MetricError> {
        const N_POINTS: usize = 1000;
        let all = self.entangled_codes();
        let kl_nats = vec![1.0; self.n_codes];
        let models: Vec<udr::Representation> = all
            .chunks(N_POINTS * self.n_codes)
            .take(5)
            .map(|codes| udr::Representation {
                codes,
                kl_nats: &kl_nats,
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
    fn entangled_codes(&self) -> Vec<f32> {
        let n_points: usize = self.sizes.iter().product();
        let code = |point: usize, code: usize| {
            let mut rest = point;
            let waves = self.sizes.iter().rev().enumerate().map(|(k, size)| {
                let value = (rest % size) as f32 / *size as f32;
                rest /= size;
                value * (1.0 + ((3 * code + 5 * k) % 7) as f32 * if k == code { 1.0 } else { 0.2 })
            });
            let noise = (point.wrapping_mul(0x9E37_79B9).wrapping_add(code * 77_777) % 1009) as f32
                / 1009.0;
            waves.sum::<f32>() + 0.3 * noise
        };
        (0..n_points * self.n_codes)
            .map(|i| code(i / self.n_codes, i % self.n_codes))
            .collect()
    }
}

/// Seconds by the clock, and on all cores together.
struct Time {
    wall: Duration,
    cores: Option<Duration>,
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let cores = self
            .cores
            .map_or(String::new(), |cores| format!("{cores:.2?}"));
        write!(f, "{:>9.1?} {cores:>9}", self.wall)
    }
}

/// User time of this process so far, where the system says it as Linux does, in ticks of a hundredth of a second.
fn core_time() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let user = stat.rsplit(')').next()?.split_whitespace().nth(11)?;
    Some(Duration::from_millis(10 * user.parse::<u64>().ok()?))
}

fn median_time(mut run: impl FnMut(u64) -> Result<(), MetricError>) -> Result<Time, MetricError> {
    let mut times = Vec::new();
    let began = core_time();
    for seed in 0..N_RUNS {
        let start = Instant::now();
        run(seed)?;
        times.push(start.elapsed());
        if ENOUGH < times.iter().sum() {
            break;
        }
    }
    let cores = core_time()
        .zip(began)
        .map(|(now, began)| (now - began) / times.len() as u32);
    times.sort();
    let wall = times[times.len() / 2];
    Ok(Time { wall, cores })
}
