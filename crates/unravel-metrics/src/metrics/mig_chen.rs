//! MIG as Chen et al. define it: on the Gaussian posteriors, without bins.
//!
//! The aggregate posterior of a code is the mixture of its posteriors over the grid, `q(z) = (1/N) Σ_n q(z | x_n)`, and
//! its conditional on a factor value is the mixture over the points with that value. Mutual information is
//! `I(z; v) = H(z) - mean_v H(z | v)` in differential entropies. For each factor, the score takes the largest minus the
//! second largest mutual information over the codes and divides it by `ln K` for K values. It then takes the mean over
//! factors. From Chen et al. 2018, "Isolating Sources of Disentanglement in Variational Autoencoders" (section 4).
//!
//! - *Exact* integrates the mixtures' densities numerically ([`crate::mixture`] in the source). Entropies are within
//!   1e-6 nats; the matrix `integration` contains the change of each code's entropy if every second integration node is
//!   omitted. A grid of 737,280 points and ten codes takes a few seconds.
//! - *Study* is the Monte Carlo estimator of the paper's code: it draws one sample of each posterior and estimates each
//!   entropy as the mean of `-ln q` over 10,000 of the samples, chosen without replacement. If a factor value has fewer
//!   points, all of them are used. Negative differences are set to zero. It uses the densities of the exact variant
//!   instead of sums over all posteriors. The two agree to within 1e-6, and the densities are computed a thousand times
//!   faster. All factors use the same samples.
//! - Range 0 to 1, higher is better.
//! - Headline: the paper leaves out shape, so a factor *named* `shape` is left out of `mig`; `mig_all_factors` includes
//!   all factors. The two are equal if no factor is named `shape`. A factor with a single value is left out of both.
//! - This metric requires posterior means with log variances. It does not score samples.
//! - Constant posteriors have a mutual information of 0. With a single code, the mutual information of the second code
//!   is taken to be 0.
//! - In both variants, very small standard deviations are raised to about 1/8000 of the range of the code's posteriors,
//!   the limit of the numerical integration. A note states this.
//!
//! Pitfalls: not comparable with `mig`, which bins means. The posterior variance matters: a code that collapsed to the
//! prior has no mutual information, even if its mean depends on a factor. The Monte Carlo error is about 0.01 nats per
//! entropy. The implementation in YannDubs/disentangling-vae mixes up the codes (issue 64) and uses means instead of
//! samples.

mod resources;

use rand_core::Rng;
use rayon::prelude::*;
use unravel_score::{Metric, Variant};

use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::metrics::gap::gap;
use crate::mixture::{Densities, Gaussians, narrowest_logvar};
use crate::outcome::{Matrix, Outcome, codes_by_factors_bytes};
use crate::sampling::{Normals, Purpose, generator};
use crate::table::CodeTable;

/// The definition of the MIG of Chen et al.: its texts, costs and functions.
pub const DEFINITION: Definition = Definition {
    title: "MIG (Chen)",
    one_line: "difference in mutual information between the two most informative codes for a factor, computed from the Gaussian posteriors",
    paper: "Chen et al. 2018, Isolating Sources of Disentanglement in Variational Autoencoders",
    quantities: &[
        Quantity::score("mig", "mean gap over the factors except `shape`"),
        Quantity::score("mig_all_factors", "mean gap over all factors"),
    ],
    variants: &[
        (Variant::Study, study),
        (Variant::Exact, |table, _| exact(table)),
    ],
    is_slow: |_| true,
    nanoseconds: resources::nanoseconds,
    bytes: resources::bytes,
    outcome_bytes: codes_by_factors_bytes,
};

/// The samples of the posteriors.
pub const SAMPLES: Purpose = Purpose::new("mig-chen/samples");
/// The points whose samples estimate an entropy.
pub const POINTS: Purpose = Purpose::new("mig-chen/points");

/// Samples that estimate an entropy.
pub const N_SAMPLES: usize = 10_000;

/// The factor that the paper excludes.
const LEFT_OUT: &str = "shape";

/// Said beside a score of posteriors that are narrower than the lattice holds.
const WIDENED: &str = "posteriors narrower than 1/8000 of the span of their code were widened to that, so the information \
                       in them may be larger";

/// Points whose samples are drawn from one stream.
const POINTS_PER_STREAM: usize = 4096;

/// Monte Carlo with 10,000 samples.
///
/// # Errors
/// No factor varies, or the table has no log variances.
pub fn study(table: &CodeTable, seed: u64) -> Result<Outcome, MetricError> {
    let posteriors = Posteriors::new(table)?;
    let samples = posteriors.samples(seed);
    let draws = posteriors.draws(seed);
    outcome(&posteriors, |code| {
        posteriors.sampled(code, &samples, &draws)
    })
}

/// Numerical integration over the whole grid.
///
/// # Errors
/// No factor varies, or the table has no log variances.
pub fn exact(table: &CodeTable) -> Result<Outcome, MetricError> {
    let posteriors = Posteriors::new(table)?;
    outcome(&posteriors, |code| posteriors.integrated(code))
}

/// Entropies of one code: of the aggregate posterior, and of the conditional for each value of each varying factor.
struct Entropies {
    /// `[n_mixtures]`, in nats.
    nats: Vec<f64>,
    /// The largest change of an entropy if every second node of the lattice is omitted.
    change: f64,
}

/// The mixtures of the posteriors of a table. Mixture 0 is the aggregate posterior; then the values of each varying factor.
struct Posteriors<'a> {
    table: &'a CodeTable<'a>,
    logvars: &'a [f32],
    /// The least log variance of a posterior of each code; narrower posteriors are widened to it. `[n_codes]`.
    least_logvars: Vec<f64>,
    /// The mixtures of each point, `[n_points, 1 + n_varying]`.
    memberships: Vec<u16>,
    /// First mixture of each varying factor.
    first: Vec<usize>,
    /// Points of each mixture.
    masses: Vec<f64>,
}

impl<'a> Posteriors<'a> {
    fn new(table: &'a CodeTable<'a>) -> Result<Self, MetricError> {
        let logvars = table.needs_logvars(Metric::MigChen)?;
        table.needs_varying(Metric::MigChen, 1)?;
        let grid = table.grid();
        let n_points = grid.n_points();
        let (mut first, mut masses) = (Vec::new(), vec![n_points as f64]);
        for &factor in grid.varying() {
            first.push(masses.len());
            let size = grid.sizes()[factor];
            if grid.is_complete() {
                masses.extend(std::iter::repeat_n((n_points / size) as f64, size));
            } else {
                let mut counts = vec![0.0; size];
                (0..n_points).for_each(|point| counts[grid.value(point, factor)] += 1.0);
                masses.extend(counts);
            }
        }
        if usize::from(u16::MAX) < masses.len() {
            return Err(MetricError::TooManyPoints {
                sizes: grid.sizes().to_vec(),
            });
        }
        let factors = grid.varying().iter().zip(&first);
        let of_point = |point: usize| {
            let values = factors
                .clone()
                .map(move |(&factor, first)| (first + grid.value(point, factor)) as u16);
            std::iter::once(0).chain(values)
        };
        let mut memberships = Vec::with_capacity(n_points * (1 + grid.varying().len()));
        memberships.extend((0..n_points).flat_map(of_point));
        let n_codes = table.n_codes();
        let of_code = |code: usize| {
            let column = |values: &'a [f32]| values.iter().skip(code).step_by(n_codes);
            let gaussians = column(table.codes()).zip(column(logvars));
            narrowest_logvar(gaussians.map(|(&mean, &logvar)| (mean.into(), logvar.into())))
        };
        Ok(Self {
            table,
            logvars,
            least_logvars: (0..n_codes).into_par_iter().map(of_code).collect(),
            memberships,
            first,
            masses,
        })
    }

    /// The densities of all mixtures of a code.
    fn densities(&self, code: usize) -> Densities {
        let n_codes = self.table.n_codes();
        let column = |values: &[f32]| -> Vec<f64> {
            values
                .iter()
                .skip(code)
                .step_by(n_codes)
                .map(|&x| f64::from(x))
                .collect()
        };
        let densities = Densities::of(&Gaussians {
            means: &column(self.table.codes()),
            logvars: &column(self.logvars),
            memberships: &self.memberships,
            n_memberships: 1 + self.first.len(),
            n_mixtures: self.masses.len(),
        });
        densities.refined()
    }

    /// Entropy of a factor over the points, in nats.
    fn factor_entropy(&self, factor: usize) -> f64 {
        let grid = self.table.grid();
        let place = grid.varying().iter().position(|&varying| varying == factor);
        match place {
            Some(place) if !grid.is_complete() => {
                let n_points = self.masses[0];
                let masses = &self.masses[self.first[place]..][..grid.sizes()[factor]];
                let shares = masses.iter().map(|mass| mass / n_points);
                shares
                    .filter(|share| 0.0 < *share)
                    .map(|share| -share * share.ln())
                    .sum()
            }
            _ => (grid.sizes()[factor] as f64).ln(),
        }
    }

    fn integrated(&self, code: usize) -> Entropies {
        let densities = self.densities(code);
        let nats = densities.entropies(&self.masses, 1);
        let coarse = densities.entropies(&self.masses, 2);
        let change = nats
            .iter()
            .zip(&coarse)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f64::max);
        Entropies { nats, change }
    }

    fn sampled(&self, code: usize, samples: &[f32], draws: &[Vec<u32>]) -> Entropies {
        let densities = self.densities(code);
        let n_codes = self.table.n_codes();
        let entropy = |(mixture, points): (usize, &Vec<u32>)| {
            let sum: f64 = points
                .iter()
                .map(|&point| {
                    let at = point as usize * n_codes + code;
                    let z = f64::from(samples[at]);
                    // At least the point's own share, which interpolation can miss in a far tail.
                    let own = own_density(z, self.table.codes()[at], self.logvar(at));
                    let density = densities.at(mixture, z).max(own) / self.masses[mixture];
                    -density.ln()
                })
                .sum();
            sum / points.len() as f64
        };
        Entropies {
            nats: draws.iter().enumerate().map(entropy).collect(),
            change: 0.0,
        }
    }

    /// The log variance of a posterior at its place in the table, once it is widened.
    fn logvar(&self, at: usize) -> f64 {
        f64::from(self.logvars[at]).max(self.least_logvars[at % self.least_logvars.len()])
    }

    /// Whether any posterior is widened.
    fn widens(&self) -> bool {
        let is_narrow = |at: usize| f64::from(self.logvars[at]) < self.logvar(at);
        (0..self.logvars.len()).into_par_iter().any(is_narrow)
    }

    /// One sample of every posterior, `[n_points, n_codes]`.
    fn samples(&self, seed: u64) -> Vec<f32> {
        let mut samples = self.table.codes().to_vec();
        let chunk = POINTS_PER_STREAM * self.table.n_codes();
        let chunks = samples.par_chunks_mut(chunk).enumerate();
        chunks.for_each(|(stream, samples)| {
            let normals = Normals::new(generator(seed, SAMPLES, stream as u64));
            for ((at, sample), normal) in (stream * chunk..).zip(samples).zip(normals) {
                // With the widened standard deviation, as in the densities.
                *sample = (f64::from(*sample) + (0.5 * self.logvar(at)).exp() * normal) as f32;
            }
        });
        samples
    }

    /// The points whose samples estimate the entropy of each mixture: the first points of a random permutation.
    fn draws(&self, seed: u64) -> Vec<Vec<u32>> {
        let mut members = vec![Vec::new(); self.masses.len()];
        let n_memberships = 1 + self.first.len();
        for (point, mixtures) in self.memberships.chunks_exact(n_memberships).enumerate() {
            for &mixture in mixtures {
                members[usize::from(mixture)].push(point as u32);
            }
        }
        let draw = |(mixture, mut points): (usize, Vec<u32>)| {
            let mut rng = generator(seed, POINTS, mixture as u64);
            let n = points.len().min(N_SAMPLES);
            for at in 0..n {
                // The bias of the remainder of 64 random bits is at most 1 in 2^32.
                let other = at + (rng.next_u64() % (points.len() - at) as u64) as usize;
                points.swap(at, other);
            }
            points.truncate(n);
            points
        };
        members.into_par_iter().enumerate().map(draw).collect()
    }
}

fn own_density(z: f64, mean: f32, logvar: f64) -> f64 {
    let sd = (0.5 * logvar).exp();
    let deviation = (z - f64::from(mean)) / sd;
    (-0.5 * deviation * deviation).exp().max(f64::MIN_POSITIVE)
        / (sd * std::f64::consts::TAU.sqrt())
}

fn outcome(
    posteriors: &Posteriors,
    entropies: impl Fn(usize) -> Entropies + Sync + Send,
) -> Result<Outcome, MetricError> {
    let table = posteriors.table;
    let grid = table.grid();
    let by_code: Vec<Entropies> = (0..table.n_codes())
        .into_par_iter()
        .map(entropies)
        .collect();
    let mut information = vec![0.0; table.n_codes() * grid.n_factors()];
    for (entropies, information) in by_code
        .iter()
        .zip(information.chunks_exact_mut(grid.n_factors()))
    {
        for (&factor, &first) in grid.varying().iter().zip(&posteriors.first) {
            let size = grid.sizes()[factor];
            let nats = &entropies.nats[first..][..size];
            let masses = &posteriors.masses[first..][..size];
            let conditional = match grid.is_complete() {
                true => nats.iter().sum::<f64>() / size as f64,
                false => {
                    let sum: f64 = nats
                        .iter()
                        .zip(masses)
                        .map(|(nats, mass)| nats * mass)
                        .sum();
                    sum / posteriors.masses[0]
                }
            };
            information[factor] = (entropies.nats[0] - conditional).max(0.0);
        }
    }
    let gaps: Vec<f64> = (0..grid.n_factors())
        .map(|factor| {
            let column = information.iter().skip(factor).step_by(grid.n_factors());
            let nats = posteriors.factor_entropy(factor);
            if nats == 0.0 {
                0.0
            } else {
                (gap(column.copied()).width / nats).min(1.0)
            }
        })
        .collect();
    let mean = |factors: &[usize]| {
        factors.iter().map(|&factor| gaps[factor]).sum::<f64>() / factors.len() as f64
    };
    let without: Vec<usize> = grid
        .varying()
        .iter()
        .copied()
        .filter(|&factor| grid.names()[factor] != LEFT_OUT)
        .collect();
    // If only shape varies, it is scored.
    let four = if without.is_empty() {
        grid.varying()
    } else {
        &without
    };
    let per_code = by_code.iter().flat_map(|code| [code.nats[0], code.change]);
    Ok(Outcome {
        notes: if posteriors.widens() {
            vec![WIDENED]
        } else {
            Vec::new()
        },
        quantities: vec![
            ("mig", mean(four)),
            ("mig_all_factors", mean(grid.varying())),
        ],
        matrices: vec![
            Matrix::by_code(
                "integration",
                &["entropy_nats", "largest_change_nats"],
                table,
                per_code.collect(),
            ),
            Matrix::by_factor("gap_per_factor", "gap", table, gaps),
            Matrix::codes_by_factors("mutual_information_nats", table, information),
        ],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grid::FactorGrid;

    /// Two codes over shape (2 values) and scale (3 values): posteriors ten standard deviations apart by shape, and the prior.
    fn example() -> (Vec<f32>, Vec<f32>, FactorGrid) {
        let codes = (0..6)
            .flat_map(|point| [if point < 3 { -1.0 } else { 1.0 }, 0.0])
            .collect();
        let logvars = (0..6).flat_map(|_| [2.0 * 0.1_f32.ln(), 0.0]).collect();
        let grid = FactorGrid::new(&[2, 3]).unwrap();
        (
            codes,
            logvars,
            grid.with_names(vec!["shape".into(), "scale".into()])
                .unwrap(),
        )
    }

    #[test]
    fn separated_posteriors_hold_the_factor_and_the_prior_nothing() {
        let (codes, logvars, grid) = example();
        let table = CodeTable::over(&codes, 2, grid)
            .unwrap()
            .with_logvars(&logvars)
            .unwrap();
        let outcome = exact(&table).unwrap();
        let information = &outcome.matrix("mutual_information_nats").unwrap().values;
        assert!(
            (information[0] - 2_f64.ln()).abs() < 1e-6,
            "{information:?}"
        );
        assert!(
            information[1..].iter().all(|nats| nats.abs() < 1e-9),
            "{information:?}"
        );
        // The entropy of a Gaussian.
        let entropy = outcome.matrix("integration").unwrap().at(1, 0);
        let expected = 0.5 * (std::f64::consts::TAU * std::f64::consts::E).ln();
        assert!((entropy - expected).abs() < 1e-8, "{entropy}");
        assert!(outcome.headline().abs() < 1e-9, "shape is left out");
        assert!((outcome.quantity("mig_all_factors").unwrap() - 0.5).abs() < 1e-6);
    }

    #[test]
    fn monte_carlo_agrees_with_the_integral() {
        let codes: Vec<f32> = (0..3000)
            .flat_map(|i| [(i % 3) as f32, (i / 3 % 7) as f32 * 0.3])
            .collect();
        let logvars: Vec<f32> = (0..6000).map(|i| -1.0 - (i % 11) as f32 * 0.2).collect();
        let table = CodeTable::new(&codes, 2, &[1000, 3])
            .unwrap()
            .with_logvars(&logvars)
            .unwrap();
        let (exact, study) = (exact(&table).unwrap(), study(&table, 3).unwrap());
        let matrix = |outcome: &Outcome| {
            outcome
                .matrix("mutual_information_nats")
                .unwrap()
                .values
                .clone()
        };
        for (factor, (a, b)) in matrix(&exact).into_iter().zip(matrix(&study)).enumerate() {
            // Conditionals of three posteriors each are estimated from three samples.
            let tolerance = if factor % 2 == 0 { 0.1 } else { 0.03 };
            assert!((a - b).abs() < tolerance, "{a} and {b}");
        }
    }

    #[test]
    fn posteriors_narrower_than_the_lattice_are_widened_alike_in_both_variants() {
        // Each value of the only factor has posteriors at 100 places of its own, far apart beside the widened ones.
        let codes: Vec<f32> = (0..6000)
            .flat_map(|i| {
                let (value, within) = (i / 2000, (i % 100) as f32 / 100.0);
                [2.0 * value as f32 + within, within]
            })
            .collect();
        let scores = |logvar: f32| {
            let logvars = vec![logvar; codes.len()];
            let grid = FactorGrid::of_rows(&[3], (0..6000).map(|i| i / 2000).collect()).unwrap();
            let table = CodeTable::over(&codes, 2, grid).unwrap();
            let table = table.with_logvars(&logvars).unwrap();
            [exact(&table).unwrap(), study(&table, 5).unwrap()]
        };
        for logvar in [-26.0, -40.0] {
            let [exact, study] = scores(logvar);
            let entropy =
                |outcome: &Outcome, code| outcome.matrix("integration").unwrap().at(code, 0);
            for code in 0..2 {
                let (a, b) = (entropy(&exact, code), entropy(&study, code));
                assert!((a - b).abs() < 0.03, "{logvar} {code}: {a} and {b}");
            }
            assert_eq!([&exact.notes, &study.notes], [&vec![WIDENED]; 2]);
        }
        // Wide enough for the lattice.
        assert!(scores(-10.0).iter().all(|outcome| outcome.notes.is_empty()));
    }

    #[test]
    fn codes_alone_have_no_posteriors() {
        let (codes, _, grid) = example();
        let error = exact(&CodeTable::over(&codes, 2, grid).unwrap()).unwrap_err();
        assert_eq!(
            error,
            MetricError::NoLogvars {
                metric: Metric::MigChen
            }
        );
    }
}
