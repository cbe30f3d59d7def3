//! How long a score takes, before it is taken: from the number of points, codes and factor values.
//!
//! Each metric's work is a few terms, each a number of operations times what one takes: nanoseconds on one core, fitted to
//! `examples/timings.rs` on dSprites with 10 codes and on grids of 11,520 points with 10, 100 and 500 codes. A figure is
//! right to within a factor of about three, which tells moments from minutes.

use serde::Serialize;

use crate::lin_2020;
use crate::registry::{Metric, Variant};
use crate::samples::SampleSizes;
use crate::sampling::N_STUDY_POINTS;
use crate::table::CodeTable;

/// How long a score takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// Moments: less than a second with ten codes over the whole of dSprites, on two cores.
    Moments,
    /// Seconds up to half a minute there; elsewhere, whatever takes more than [`MOMENTS_CORE_SECS`].
    Seconds,
}

/// The longest that a score of a metric that takes moments on dSprites may take elsewhere to count as moments too, in core
/// seconds.
pub const MOMENTS_CORE_SECS: f64 = 10.0;

/// What decides how long a score takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// Points of the table.
    pub n_points: usize,
    /// Codes of each point.
    pub n_codes: usize,
    /// Values of each factor.
    pub sizes: Vec<usize>,
}

impl Extent {
    /// That of a table.
    pub fn of(table: &CodeTable) -> Self {
        Self {
            n_points: table.grid().n_points(),
            n_codes: table.n_codes(),
            sizes: table.grid().sizes().to_vec(),
        }
    }

    /// Ten codes over the whole of dSprites, which the costs in the documentation are of.
    pub fn dsprites() -> Self {
        Self {
            n_points: 737_280,
            n_codes: 10,
            sizes: vec![3, 6, 40, 32, 32],
        }
    }
}

impl Metric {
    /// How long a score of this extent takes.
    pub fn cost(self, variant: Variant, extent: &Extent) -> Cost {
        match (self, variant) {
            (Self::Dci, Variant::Lasso | Variant::Lin2020) => {}
            (Self::Dci | Self::Downstream | Self::MigChen, _)
            | (Self::Infomec | Self::Explicitness, _) => return Cost::Seconds,
            _ => {}
        }
        match self.core_secs(variant, extent) <= MOMENTS_CORE_SECS {
            true => Cost::Moments,
            false => Cost::Seconds,
        }
    }

    /// About how long a score of this extent takes one core, in seconds. Of a metric that compares trials it is the share
    /// of one pair of trials.
    pub fn core_secs(self, variant: Variant, extent: &Extent) -> f64 {
        1e-9 * Work::new(variant, extent).nanoseconds(self, variant)
    }
}

/// The numbers that terms are products of.
struct Work {
    /// Points of the table.
    all: f64,
    /// Points that the variant looks at, where it looks at each once.
    points: f64,
    codes: f64,
    /// Factors that vary.
    factors: f64,
    /// Values of these together.
    values: f64,
}

impl Work {
    fn new(variant: Variant, extent: &Extent) -> Self {
        let n_points = match variant {
            Variant::Study | Variant::RandomForest => N_STUDY_POINTS,
            Variant::Lin2020 => lin_2020::N_POINTS,
            Variant::Exact | Variant::Lasso | Variant::Spearman => extent.n_points,
        };
        let varying = extent.sizes.iter().filter(|&&size| 1 < size);
        // No factor has more values than there are points.
        let values: f64 = varying.clone().map(|&size| size.min(n_points) as f64).sum();
        Self {
            all: extent.n_points as f64,
            points: n_points as f64,
            codes: extent.n_codes as f64,
            factors: varying.count() as f64,
            values,
        }
    }

    fn nanoseconds(&self, metric: Metric, variant: Variant) -> f64 {
        let Self {
            all,
            points,
            codes,
            factors,
            values,
        } = *self;
        let SampleSizes { n_train, n_test } = SampleSizes::STUDY;
        let (trained, looked_at) = (n_train as f64, (n_train + n_test) as f64);
        match (metric, variant) {
            (Metric::BetaVaeScore, Variant::Lin2020) => {
                let n_groups = lin_2020::N_GROUPS as f64;
                let pairs = n_groups * lin_2020::GROUP_SIZE as f64;
                look_ups(pairs, codes) + logistic(n_groups, codes, factors)
            }
            // 64 pairs of points an example.
            (Metric::BetaVaeScore, _) => {
                look_ups(128.0 * looked_at, codes) + logistic(trained, codes, factors)
            }
            (Metric::FactorVaeScore, Variant::Exact) => 13.0 * points * codes,
            // Groups of 64 points, or those of a protocol, of nearly as many points.
            (Metric::FactorVaeScore, Variant::Lin2020) => look_ups(points, codes),
            (Metric::FactorVaeScore, _) => look_ups(64.0 * looked_at, codes),
            (
                Metric::Mig | Metric::MigSup | Metric::Jemmig | Metric::Dcimig | Metric::Modularity,
                _,
            ) => 4.5 * points * codes + 3.0 * N_STUDY_POINTS as f64 * codes * factors,
            // Mixtures on lattices, and the points in one of all and one of each factor.
            (Metric::MigChen, _) => {
                let lattices = (1.0 + values) * LATTICE_NODES;
                let draws = match variant {
                    Variant::Study => 250.0 * N_STUDY_POINTS as f64 * (1.0 + values),
                    _ => 0.0,
                };
                codes * (10.0 * all * (1.0 + factors) + 15.0 * lattices + draws)
            }
            (Metric::Dci, Variant::Study) => 920.0 * trained * codes * values,
            (Metric::Dci, Variant::RandomForest) => 9_600.0 * trained * codes * factors,
            (Metric::Dci, _) => products(points, codes) + 26_000.0 * factors * codes * codes,
            (Metric::Sap, _) => 180.0 * points * codes + products(points, codes),
            (Metric::Explicitness, Variant::Study) => logistic(trained, codes, values),
            (Metric::Explicitness, _) => 0.5 * logistic(points, codes, values),
            (Metric::Irs, _) => 60.0 * points * codes,
            (Metric::Unsupervised, _) => {
                // Every pair in bins, and the eigenvalues of two matrices by rotations.
                1.2 * points * codes * codes + products(points, codes) + 270.0 * codes.powi(3)
            }
            (Metric::Infomec, _) => {
                points * (200.0 * (codes + 1.0) * values + 200.0 * codes * factors)
                    + 4.0 * products(points, codes)
            }
            (Metric::Udr, _) => 2.0 * products(N_STUDY_POINTS as f64, codes),
            // Trees with 10 to 10,000 labels, and 51 logistic regressions a factor with each number.
            (Metric::Downstream, _) => {
                let labelled = 1.111 * trained;
                920.0 * labelled * codes * values + 51.0 * logistic(labelled, codes, values)
            }
            (Metric::ActiveUnits, _) => 5.0 * points * codes + products(points, codes),
        }
    }
}

/// Nodes of the lattice that a mixture's density is tabulated on, at most.
const LATTICE_NODES: f64 = 32_768.0;

/// Points looked up in a table in random order.
fn look_ups(points: f64, codes: f64) -> f64 {
    points * (30.0 + 0.6 * codes)
}

/// The products of every two codes.
fn products(points: f64, codes: f64) -> f64 {
    0.5 * points * codes * codes
}

/// A multinomial logistic regression by Newton's method.
fn logistic(rows: f64, codes: f64, classes: f64) -> f64 {
    rows * classes * (2.0 * codes * codes + 60.0 * codes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn small(n_codes: usize) -> Extent {
        Extent {
            n_points: 11_520,
            n_codes,
            sizes: vec![3, 6, 10, 8, 8],
        }
    }

    #[test]
    fn what_was_measured_is_within_a_factor_of_three() {
        use Metric::{
            BetaVaeScore, Dci, Explicitness, FactorVaeScore, Infomec, MigChen, Sap, Unsupervised,
        };
        use Variant::{Exact, Lasso, Study};
        let dsprites = Extent::dsprites();
        // Core seconds.
        let measured = [
            (BetaVaeScore, Study, &dsprites, 0.16),
            (BetaVaeScore, Study, &small(100), 1.1),
            (BetaVaeScore, Study, &small(500), 28.0),
            (Unsupervised, Exact, &dsprites, 0.08),
            (Unsupervised, Exact, &small(100), 0.28),
            (Unsupervised, Exact, &small(500), 38.0),
            (FactorVaeScore, Study, &small(100), 0.08),
            (Dci, Lasso, &dsprites, 0.066),
            (Dci, Lasso, &small(100), 1.3),
            (Dci, Study, &dsprites, 10.4),
            (Sap, Exact, &dsprites, 1.4),
            (Sap, Exact, &small(100), 0.13),
            (Explicitness, Study, &dsprites, 1.1),
            (MigChen, Study, &dsprites, 4.0),
            (MigChen, Exact, &dsprites, 1.1),
            (Infomec, Study, &dsprites, 3.8),
            (Infomec, Exact, &dsprites, 194.0),
        ];
        for (metric, variant, extent, expected) in measured {
            let found = metric.core_secs(variant, extent);
            assert!(
                expected / 3.0 < found && found < 3.0 * expected,
                "{} {} of {} codes: {found} s instead of {expected} s",
                metric.name(),
                variant.name(),
                extent.n_codes
            );
        }
    }

    #[test]
    fn more_codes_and_more_points_never_cost_less() {
        let larger = Extent {
            n_points: 1_000_000,
            n_codes: 11,
            sizes: vec![10; 6],
        };
        for metric in Metric::ALL {
            for &variant in metric.variants() {
                let secs = |extent: &Extent| metric.core_secs(variant, extent);
                let name = metric.name();
                assert!(
                    0.0 < secs(&small(1)) && secs(&small(1)) < secs(&small(10)),
                    "{name}"
                );
                assert!(secs(&small(10)) < secs(&small(500)), "{name}");
                assert!(secs(&small(10)) < secs(&larger), "{name}");
            }
        }
    }

    #[test]
    fn costs_on_dsprites_are_what_they_were_and_those_of_many_codes_are_not() {
        let moments = |extent: &Extent| -> Vec<&str> {
            let is_quick = |metric: &Metric| {
                let mut costs = metric.variants().iter().map(|v| metric.cost(*v, extent));
                costs.all(|cost| cost == Cost::Moments)
            };
            Metric::ALL
                .into_iter()
                .filter(is_quick)
                .map(Metric::name)
                .collect()
        };
        let on_dsprites = moments(&Extent::dsprites());
        let slow = ["mig-chen", "dci", "explicitness", "infomec", "downstream"];
        assert_eq!(on_dsprites.len() + slow.len(), Metric::ALL.len());
        assert!(slow.iter().all(|name| !on_dsprites.contains(name)));
        let of_many = moments(&small(500));
        assert!(!of_many.contains(&"unsupervised") && !of_many.contains(&"beta-vae-score"));
        assert!(of_many.contains(&"mig") && of_many.contains(&"factor-vae-score"));
    }
}
