//! Estimates the time of a score from the numbers of points, codes and factor values.
//!
//! Each metric's file defines its work: a few terms, each of which is a number of operations times the time of one
//! operation. The nanoseconds are fitted to `examples/timings.rs` on one core, on dSprites with 10 codes and on grids
//! of 11,520 points with 10, 100 and 500 codes. An estimate is correct within a factor of about three.

use unravel_score::Variant;

use crate::lin_2020;
use crate::samples::SampleSizes;
use crate::sampling::N_STUDY_POINTS;
use crate::table::CodeTable;

/// The limit for the cost class `Moments`, in seconds of CPU time, for metrics that are in this class on dSprites.
pub const MOMENTS_CORE_SECS: f64 = 10.0;

/// The sizes that determine the time of a score.
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

    /// Ten codes over the whole of dSprites, as for the costs in the documentation.
    pub fn dsprites() -> Self {
        Self {
            n_points: 737_280,
            n_codes: 10,
            sizes: vec![3, 6, 40, 32, 32],
        }
    }
}

/// The factors of the terms.
pub(crate) struct Work {
    /// Points of the table.
    pub(crate) all: f64,
    /// Points that the variant uses, if it uses each of them once.
    pub(crate) points: f64,
    /// Codes of each point.
    pub(crate) codes: f64,
    /// Factors that vary.
    pub(crate) factors: f64,
    /// Values of these together.
    pub(crate) values: f64,
}

impl Work {
    pub(crate) fn new(variant: Variant, extent: &Extent) -> Self {
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
}

/// Points that a predictor is trained on in the study's settings.
pub(crate) const TRAINED: f64 = SampleSizes::STUDY.n_train as f64;

/// Points that it is trained and tested on.
pub(crate) const LOOKED_AT: f64 = (SampleSizes::STUDY.n_train + SampleSizes::STUDY.n_test) as f64;

/// Joint counts of codes and factors, and the scores computed from them.
pub(crate) fn joint_counts(work: &Work, _: Variant) -> f64 {
    4.5 * work.points * work.codes + 3.0 * N_STUDY_POINTS as f64 * work.codes * work.factors
}

/// Points looked up in a table in random order.
pub(crate) fn look_ups(points: f64, codes: f64) -> f64 {
    points * (30.0 + 0.6 * codes)
}

/// The products of every two codes.
pub(crate) fn products(points: f64, codes: f64) -> f64 {
    0.5 * points * codes * codes
}

/// A multinomial logistic regression by Newton's method.
pub(crate) fn logistic(rows: f64, codes: f64, classes: f64) -> f64 {
    rows * classes * (2.0 * codes * codes + 60.0 * codes)
}

#[cfg(test)]
mod tests {
    use unravel_score::{Cost, Metric};

    use super::*;
    use crate::catalogue::MetricExt;

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
