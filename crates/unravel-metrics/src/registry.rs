//! The list of metrics: names, ranges, variants, and the way from a name to a score.

use serde::{Deserialize, Serialize};

use crate::error::MetricError;
use crate::metrics::{beta_vae_score, factor_vae_score, mig};
use crate::outcome::Outcome;
use crate::table::CodeTable;

/// A disentanglement metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Higgins et al. 2017.
    BetaVaeScore,
    /// Kim & Mnih 2018.
    FactorVaeScore,
    /// Chen et al. 2018, on binned codes.
    Mig,
}

/// How a metric is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Sampled, with the settings of disentanglement_lib's study; depends on a seed.
    Study,
    /// Over every point of the grid once; no sampling and no seed.
    Exact,
}

/// Which way a quantity is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// More is better.
    HigherIsBetter,
    /// Less is better.
    LowerIsBetter,
    /// Says something about the representation, but neither end is better.
    Neither,
}

/// One number of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Quantity {
    /// Its name in [`Outcome::quantities`].
    pub name: &'static str,
    /// Smallest and largest possible value; infinite where there is no bound.
    pub range: [f64; 2],
    /// Which way it is better.
    pub direction: Direction,
    /// What it is, in one line.
    pub one_line: &'static str,
}

/// What there is to say of a metric, apart from computing it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Description {
    /// Its name in sweep files, on the command line and in score files.
    pub name: &'static str,
    /// Its name in figures and tables.
    pub title: &'static str,
    /// What it measures, in one line.
    pub one_line: &'static str,
    /// Where it was published.
    pub paper: &'static str,
    /// The variants it has.
    pub variants: &'static [Variant],
    /// Its quantities, the headline first.
    pub quantities: &'static [Quantity],
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 3] = [Self::BetaVaeScore, Self::FactorVaeScore, Self::Mig];

    /// What there is to say of it.
    pub fn description(self) -> &'static Description {
        match self {
            Self::BetaVaeScore => &beta_vae_score::DESCRIPTION,
            Self::FactorVaeScore => &factor_vae_score::DESCRIPTION,
            Self::Mig => &mig::DESCRIPTION,
        }
    }

    /// Its name in sweep files, on the command line and in score files: `beta-vae-score`.
    pub fn name(self) -> &'static str {
        self.description().name
    }

    /// The metric called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// Its name in figures and tables: `β-VAE score`.
    pub fn title(self) -> &'static str {
        self.description().title
    }

    /// What it measures, in one line.
    pub fn one_line(self) -> &'static str {
        self.description().one_line
    }

    /// The variants it has.
    pub fn variants(self) -> &'static [Variant] {
        self.description().variants
    }

    /// How many factors with two values or more it needs of a grid; [`score`] refuses a grid with fewer.
    pub fn factors_needed(self) -> usize {
        match self {
            Self::BetaVaeScore | Self::FactorVaeScore => 2,
            Self::Mig => 1,
        }
    }

    /// Its quantities, the headline first.
    pub fn quantities(self) -> &'static [Quantity] {
        self.description().quantities
    }

    /// Range of the headline.
    pub fn range(self) -> [f64; 2] {
        self.quantities()[0].range
    }

    /// Which way the headline is better.
    pub fn direction(self) -> Direction {
        self.quantities()[0].direction
    }
}

impl Variant {
    /// Every variant.
    pub const ALL: [Self; 2] = [Self::Study, Self::Exact];

    /// `study` or `exact`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Study => "study",
            Self::Exact => "exact",
        }
    }

    /// The variant called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    /// Whether the score depends on a seed.
    pub fn is_sampled(self) -> bool {
        self == Self::Study
    }
}

/// Scores a table of codes. Exact variants ignore `seed`.
///
/// The same table, variant and seed give the same outcome, bit for bit, on any number of threads.
///
/// # Errors
/// The metric lacks the variant, or the grid has too few factors that vary.
pub fn score(
    metric: Metric,
    variant: Variant,
    table: &CodeTable,
    seed: u64,
) -> Result<Outcome, MetricError> {
    match (metric, variant) {
        (Metric::BetaVaeScore, Variant::Study) => beta_vae_score::study(table, seed),
        (Metric::FactorVaeScore, Variant::Study) => factor_vae_score::study(table, seed),
        (Metric::Mig, Variant::Study) => mig::study(table, seed),
        (Metric::Mig, Variant::Exact) => mig::exact(table),
        (Metric::BetaVaeScore | Metric::FactorVaeScore, Variant::Exact) => {
            Err(MetricError::NoSuchVariant { metric, variant })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_metric() {
        for metric in Metric::ALL {
            assert_eq!(Metric::from_name(metric.name()), Some(metric));
        }
        assert_eq!(Metric::from_name("mig-sup"), None);
        for variant in Variant::ALL {
            assert_eq!(Variant::from_name(variant.name()), Some(variant));
        }
    }

    #[test]
    fn a_metric_needs_the_factors_that_it_declares() {
        // Grids in which no factor varies, one, and two.
        for sizes in [[1, 1], [1, 6], [2, 3]] {
            let n_points: usize = sizes.iter().product();
            let codes: Vec<f32> = (0..n_points).map(|point| point as f32).collect();
            let table = CodeTable::new(&codes, 1, &sizes).unwrap();
            let found = table.grid().varying().len();
            for metric in Metric::ALL {
                let outcome = score(metric, metric.variants()[0], &table, 0);
                let too_few = MetricError::TooFewFactors {
                    metric,
                    needed: metric.factors_needed(),
                    found,
                };
                assert_eq!(
                    outcome.err(),
                    (found < metric.factors_needed()).then_some(too_few),
                    "{} on {sizes:?}",
                    metric.name()
                );
            }
        }
    }

    #[test]
    fn a_metric_has_the_variants_it_declares_and_no_other() {
        let codes: Vec<f32> = (0..12).map(|x| x as f32).collect();
        let table = CodeTable::new(&codes, 2, &[2, 3]).unwrap();
        for metric in Metric::ALL {
            for variant in Variant::ALL {
                let outcome = score(metric, variant, &table, 0);
                if metric.variants().contains(&variant) {
                    let names: Vec<_> = outcome
                        .unwrap()
                        .quantities
                        .into_iter()
                        .map(|(name, _)| name)
                        .collect();
                    let declared: Vec<_> = metric
                        .quantities()
                        .iter()
                        .map(|quantity| quantity.name)
                        .collect();
                    assert_eq!(names, declared, "{}", metric.name());
                } else {
                    assert_eq!(outcome, Err(MetricError::NoSuchVariant { metric, variant }));
                }
            }
        }
    }
}
