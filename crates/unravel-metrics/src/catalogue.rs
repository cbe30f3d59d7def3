//! Finds the definition of a metric and computes scores with it.

use unravel_score::{Cost, Direction, Metric, Needs, Offered, Variant, for_each_metric};

use crate::cost::{Extent, MOMENTS_CORE_SECS, Work};
use crate::definition::{Definition, Quantity};
use crate::error::MetricError;
use crate::metrics;
use crate::outcome::Outcome;
use crate::table::CodeTable;

macro_rules! define_definition {
    ($( $(#[$doc:meta])* $metric:ident, $module:ident, $name:literal, $variants:tt, $needs:expr; )+) => {
        /// The definition in the metric's file.
        fn definition(metric: Metric) -> &'static Definition {
            match metric { $( Metric::$metric => &metrics::$module::DEFINITION, )+ }
        }
    };
}

for_each_metric!(define_definition);

/// The properties of a metric that its definition contains.
pub trait MetricExt: Copy {
    /// The definition in the metric's file.
    fn definition(self) -> &'static Definition;

    /// Checks that the metric can be computed in this variant from what is `offered`, before codes exist. For a metric
    /// of several trials, only its requirements on each trial are checked.
    ///
    /// # Errors
    /// If the metric does not have the variant, or if something that it [needs](Needs) is missing.
    fn check(self, variant: Variant, offered: &Offered) -> Result<(), MetricError>;

    /// The cost class of a score of this extent.
    fn cost(self, variant: Variant, extent: &Extent) -> Cost {
        let is_slow = (self.definition().is_slow)(variant);
        match is_slow || self.core_secs(variant, extent) > MOMENTS_CORE_SECS {
            true => Cost::Seconds,
            false => Cost::Moments,
        }
    }

    /// The approximate time of a score of this extent on one core, in seconds. For a metric that compares trials, the
    /// time of one pair of trials.
    fn core_secs(self, variant: Variant, extent: &Extent) -> f64 {
        1e-9 * (self.definition().nanoseconds)(&Work::new(variant, extent), variant)
    }

    /// Its name in figures and tables: `β-VAE score`.
    fn title(self) -> &'static str {
        self.definition().title
    }

    /// What it measures, in one line.
    fn one_line(self) -> &'static str {
        self.definition().one_line
    }

    /// Its quantities, the headline first.
    fn quantities(self) -> &'static [Quantity] {
        self.definition().quantities
    }

    /// Range of the headline.
    fn range(self) -> [f64; 2] {
        self.quantities()[0].range
    }

    /// The direction of the headline.
    fn direction(self) -> Direction {
        self.quantities()[0].direction
    }
}

impl MetricExt for Metric {
    fn definition(self) -> &'static Definition {
        definition(self)
    }

    fn check(self, variant: Variant, offered: &Offered) -> Result<(), MetricError> {
        if !self.variants().contains(&variant) {
            return Err(MetricError::NoSuchVariant {
                metric: self,
                variant,
            });
        }
        check_needs(self, self.needs(), offered)
    }
}

/// The error for a requirement that is not met.
fn check_needs(metric: Metric, needs: Needs, offered: &Offered) -> Result<(), MetricError> {
    if offered.n_varying < needs.n_varying {
        return Err(MetricError::TooFewFactors {
            metric,
            needed: needs.n_varying,
            found: offered.n_varying,
        });
    }
    if offered.n_points < needs.n_points {
        return Err(MetricError::TooFewPoints {
            metric,
            needed: needs.n_points,
            found: offered.n_points,
        });
    }
    if needs.matching_points && offered.n_matching < needs.n_varying {
        return Err(MetricError::TooFewMatching {
            metric,
            needed: needs.n_varying,
            found: offered.n_matching,
        });
    }
    if needs.posteriors && !offered.posteriors {
        return Err(MetricError::NoLogvars { metric });
    }
    Ok(())
}

/// Scores a table of codes. Variants that are not sampled ignore `seed`.
///
/// The same table, variant and seed give the same outcome, bit for bit, on any number of threads.
///
/// # Errors
/// The metric lacks the variant, or something that it [needs](Needs); [`MetricExt::check`] returns the same error in
/// advance. A metric of several trials is not computed from one table ([`metrics::udr::udr`]).
pub fn score(
    metric: Metric,
    variant: Variant,
    table: &CodeTable<'_>,
    seed: u64,
) -> Result<Outcome, MetricError> {
    if metric.needs().several_trials && metric.variants().contains(&variant) {
        return Err(MetricError::SeveralTrials { metric });
    }
    metric.check(variant, &table.offered())?;
    let mut variants = metric.definition().variants.iter();
    match variants.find(|(of, _)| *of == variant) {
        Some((_, compute)) => compute(table, seed),
        None => Err(MetricError::NoSuchVariant { metric, variant }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_metric_has_the_variants_it_declares_and_no_other() {
        let codes: Vec<f32> = (0..48).map(|x| (x % 7) as f32).collect();
        let logvars = [-1.0; 48];
        let table = CodeTable::new(&codes, 2, &[4, 6])
            .unwrap()
            .with_logvars(&logvars)
            .unwrap();
        for metric in Metric::ALL {
            let computed = metric
                .definition()
                .variants
                .iter()
                .map(|(variant, _)| *variant);
            if !metric.needs().several_trials {
                assert_eq!(computed.collect::<Vec<_>>(), metric.variants(), "{metric}");
            }
            for &variant in Variant::ALL {
                let outcome = score(metric, variant, &table, 0);
                if !metric.variants().contains(&variant) {
                    assert_eq!(outcome, Err(MetricError::NoSuchVariant { metric, variant }));
                } else if metric.needs().several_trials {
                    assert_eq!(outcome, Err(MetricError::SeveralTrials { metric }));
                } else {
                    let quantities = outcome.unwrap().quantities.into_iter();
                    let names: Vec<_> = quantities.map(|(name, _)| name).collect();
                    let declared = metric.quantities().iter();
                    let declared: Vec<_> = declared.map(|quantity| quantity.name).collect();
                    assert_eq!(names, declared, "{}", metric.name());
                }
            }
        }
    }

    #[test]
    fn what_is_refused_is_refused_before_there_are_codes() {
        let small = Offered::of_grid(&[3, 1, 2], true);
        let one_factor = Offered::of_grid(&[40], true);
        let codes_only = Offered::of_grid(&[3, 40], false);
        assert_eq!(
            Metric::Mig.check(Variant::Exact, &small),
            Err(MetricError::TooFewPoints {
                metric: Metric::Mig,
                needed: 20,
                found: 6
            })
        );
        assert_eq!(
            Metric::Dci.check(Variant::Study, &one_factor),
            Err(MetricError::TooFewFactors {
                metric: Metric::Dci,
                needed: 2,
                found: 1
            })
        );
        assert_eq!(
            Metric::MigChen.check(Variant::Exact, &codes_only),
            Err(MetricError::NoLogvars {
                metric: Metric::MigChen
            })
        );
        for metric in Metric::ALL {
            for &variant in metric.variants() {
                let whole = Offered::of_grid(&[3, 6, 40, 32, 32], true);
                assert_eq!(metric.check(variant, &whole), Ok(()), "{}", metric.name());
            }
        }
    }

    #[test]
    fn a_refusal_can_be_read_by_a_program() {
        let refusal = Metric::Sap.check(Variant::Lasso, &Offered::of_grid(&[3, 40], true));
        let json = serde_json::to_value(refusal.unwrap_err()).unwrap();
        assert_eq!(
            json,
            serde_json::json!({ "reason": "no-such-variant", "metric": "sap", "variant": "lasso" })
        );
    }
}
