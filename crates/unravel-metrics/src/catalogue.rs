//! The list of metrics: names, ranges, variants, and the way from a name to a score.

use serde::{Deserialize, Serialize};

use crate::error::MetricError;
use crate::metrics::{
    active_units, beta_vae_score, dci, dcimig, downstream, explicitness, factor_vae_score, infomec,
    irs, jemmig, mig, mig_chen, mig_sup, modularity, sap, udr, unsupervised,
};
use crate::needs::{Needs, Offered};
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
    /// Chen et al. 2018, on Gaussian posteriors.
    MigChen,
    /// Eastwood & Williams 2018.
    Dci,
    /// Kumar et al. 2018.
    Sap,
    /// Ridgeway & Mozer 2018.
    Modularity,
    /// Ridgeway & Mozer 2018, how well factors are read off linearly.
    Explicitness,
    /// Suter et al. 2019.
    Irs,
    /// Locatello et al. 2019, scores without factors.
    Unsupervised,
    /// Li et al. 2020.
    MigSup,
    /// Do & Tran 2020.
    Jemmig,
    /// Sepliarskaia et al. 2019.
    Dcimig,
    /// Hsu et al. 2023.
    Infomec,
    /// Duan et al. 2020, over several trials.
    Udr,
    /// Locatello et al. 2019, accuracy with few labels and many.
    Downstream,
    /// Burda et al. 2016.
    ActiveUnits,
}

/// How a metric is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// Sampled, with the settings of disentanglement_lib's study; depends on a seed.
    Study,
    /// Over every point of the grid once; no sampling and no seed.
    Exact,
    /// With linear regressions under an L1 penalty, over all points there are; no sampling and no seed.
    Lasso,
    /// With random forests, on as many points as the study; depends on a seed.
    RandomForest,
    /// With rank correlations, over all points there are; no sampling and no seed.
    Spearman,
    /// Sampled, by the protocol of Lin et al. 2020 ([`crate::lin_2020`]); depends on a seed.
    #[serde(rename = "lin-2020")]
    Lin2020,
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
    /// What there must be for it to mean something.
    pub needs: Needs,
    /// Its quantities, the headline first.
    pub quantities: &'static [Quantity],
}

/// How long a score takes with ten codes over the whole of dSprites, on two cores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// Less than a second.
    Moments,
    /// Seconds, up to half a minute.
    Seconds,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 17] = [
        Self::BetaVaeScore,
        Self::FactorVaeScore,
        Self::Mig,
        Self::MigChen,
        Self::Dci,
        Self::Sap,
        Self::Modularity,
        Self::Explicitness,
        Self::Irs,
        Self::Unsupervised,
        Self::MigSup,
        Self::Jemmig,
        Self::Dcimig,
        Self::Infomec,
        Self::Udr,
        Self::Downstream,
        Self::ActiveUnits,
    ];

    /// What there is to say of it.
    pub fn description(self) -> &'static Description {
        match self {
            Self::BetaVaeScore => &beta_vae_score::DESCRIPTION,
            Self::FactorVaeScore => &factor_vae_score::DESCRIPTION,
            Self::Mig => &mig::DESCRIPTION,
            Self::MigChen => &mig_chen::DESCRIPTION,
            Self::Dci => &dci::DESCRIPTION,
            Self::Sap => &sap::DESCRIPTION,
            Self::Modularity => &modularity::DESCRIPTION,
            Self::Explicitness => &explicitness::DESCRIPTION,
            Self::Irs => &irs::DESCRIPTION,
            Self::Unsupervised => &unsupervised::DESCRIPTION,
            Self::MigSup => &mig_sup::DESCRIPTION,
            Self::Jemmig => &jemmig::DESCRIPTION,
            Self::Dcimig => &dcimig::DESCRIPTION,
            Self::Infomec => &infomec::DESCRIPTION,
            Self::Udr => &udr::DESCRIPTION,
            Self::Downstream => &downstream::DESCRIPTION,
            Self::ActiveUnits => &active_units::DESCRIPTION,
        }
    }

    /// What there must be for it to mean something.
    pub fn needs(self) -> Needs {
        self.description().needs
    }

    /// Whether it is a metric of the Gaussian posteriors, which scores a table of their means and log variances
    /// ([`CodeTable::with_logvars`]). All others score codes, whether means or samples.
    pub fn needs_posteriors(self) -> bool {
        self.needs().posteriors
    }

    /// Why the metric cannot be computed in this variant of what is `offered`, before there is any code; nothing if it
    /// can. A metric of several trials is refused only for what it asks of each of them.
    ///
    /// # Errors
    /// The metric lacks the variant, or something that it [needs](Needs).
    pub fn check(self, variant: Variant, offered: &Offered) -> Result<(), MetricError> {
        if !self.variants().contains(&variant) {
            return Err(MetricError::NoSuchVariant {
                metric: self,
                variant,
            });
        }
        self.needs().check(self, offered)
    }

    /// How long a score takes.
    pub fn cost(self, variant: Variant) -> Cost {
        match (self, variant) {
            (Self::Dci, Variant::Lasso | Variant::Lin2020) => Cost::Moments,
            (Self::Dci | Self::Downstream | Self::MigChen, _)
            | (Self::Infomec | Self::Explicitness, _) => Cost::Seconds,
            _ => Cost::Moments,
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

    /// The variants that it has of those that are asked for by name, in its own order; its first where it has none of them.
    pub fn variants_asked(self, names: &[String]) -> Vec<Variant> {
        let has = self.variants();
        let is_asked = |variant: &&Variant| names.iter().any(|name| name == variant.name());
        let both: Vec<Variant> = has.iter().filter(is_asked).copied().collect();
        match both.is_empty() {
            true => has.iter().take(1).copied().collect(),
            false => both,
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
    pub const ALL: [Self; 6] = [
        Self::Study,
        Self::Exact,
        Self::Lasso,
        Self::RandomForest,
        Self::Spearman,
        Self::Lin2020,
    ];

    /// `study`, `exact`, `lasso`, `random-forest`, `spearman` or `lin-2020`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Study => "study",
            Self::Exact => "exact",
            Self::Lasso => "lasso",
            Self::RandomForest => "random-forest",
            Self::Spearman => "spearman",
            Self::Lin2020 => "lin-2020",
        }
    }

    /// The variant called `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|variant| variant.name() == name)
    }

    /// Whether the score depends on a seed.
    pub fn is_sampled(self) -> bool {
        matches!(self, Self::Study | Self::RandomForest | Self::Lin2020)
    }
}

/// Scores a table of codes. Variants that are not sampled ignore `seed`.
///
/// The same table, variant and seed give the same outcome, bit for bit, on any number of threads.
///
/// # Errors
/// The metric lacks the variant, or something that it [needs](Needs); [`Metric::check`] tells beforehand. A metric of
/// several trials is not computed from one table ([`udr::udr`]).
pub fn score(
    metric: Metric,
    variant: Variant,
    table: &CodeTable,
    seed: u64,
) -> Result<Outcome, MetricError> {
    if metric.needs().several_trials && metric.variants().contains(&variant) {
        return Err(MetricError::SeveralTrials { metric });
    }
    metric.check(variant, &table.offered())?;
    match (metric, variant) {
        (Metric::BetaVaeScore, Variant::Study) => beta_vae_score::study(table, seed),
        (Metric::BetaVaeScore, Variant::Lin2020) => beta_vae_score::lin_2020(table, seed),
        (Metric::FactorVaeScore, Variant::Study) => factor_vae_score::study(table, seed),
        (Metric::FactorVaeScore, Variant::Exact) => factor_vae_score::exact(table),
        (Metric::FactorVaeScore, Variant::Lin2020) => factor_vae_score::lin_2020(table, seed),
        (Metric::Mig, Variant::Study) => mig::study(table, seed),
        (Metric::Mig, Variant::Exact) => mig::exact(table),
        (Metric::Mig, Variant::Lin2020) => mig::lin_2020(table, seed),
        (Metric::MigChen, Variant::Study) => mig_chen::study(table, seed),
        (Metric::MigChen, Variant::Exact) => mig_chen::exact(table),
        (Metric::Dci, Variant::Study) => dci::study(table, seed),
        (Metric::Dci, Variant::Lasso) => dci::lasso(table),
        (Metric::Dci, Variant::RandomForest) => dci::random_forest(table, seed),
        (Metric::Dci, Variant::Lin2020) => dci::lin_2020(table, seed),
        (Metric::Sap, Variant::Study) => sap::study(table, seed),
        (Metric::Sap, Variant::Exact) => sap::exact(table),
        (Metric::Sap, Variant::Lin2020) => sap::lin_2020(table, seed),
        (Metric::Explicitness, Variant::Study) => explicitness::study(table, seed),
        (Metric::Explicitness, Variant::Lin2020) => explicitness::lin_2020(table, seed),
        (Metric::Downstream, Variant::Study) => downstream::study(table, seed),
        (Metric::Modularity, Variant::Study) => modularity::study(table, seed),
        (Metric::Modularity, Variant::Exact) => modularity::exact(table),
        (Metric::Modularity, Variant::Lin2020) => modularity::lin_2020(table, seed),
        (Metric::Irs, Variant::Study) => irs::study(table, seed),
        (Metric::Irs, Variant::Exact) => irs::exact(table),
        (Metric::Unsupervised, Variant::Study) => unsupervised::study(table, seed),
        (Metric::Unsupervised, Variant::Exact) => unsupervised::exact(table),
        (Metric::MigSup, Variant::Study) => mig_sup::study(table, seed),
        (Metric::MigSup, Variant::Exact) => mig_sup::exact(table),
        (Metric::Jemmig, Variant::Study) => jemmig::study(table, seed),
        (Metric::Jemmig, Variant::Exact) => jemmig::exact(table),
        (Metric::Dcimig, Variant::Study) => dcimig::study(table, seed),
        (Metric::Dcimig, Variant::Exact) => dcimig::exact(table),
        (Metric::Infomec, Variant::Study) => infomec::study(table, seed),
        (Metric::Infomec, Variant::Exact) => infomec::exact(table),
        (Metric::Udr, Variant::Lasso | Variant::Spearman) => {
            Err(MetricError::SeveralTrials { metric })
        }
        (Metric::ActiveUnits, Variant::Exact) => active_units::exact(table),
        (metric, variant) => Err(MetricError::NoSuchVariant { metric, variant }),
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
        assert_eq!(Metric::from_name("mig-sub"), None);
        for variant in Variant::ALL {
            assert_eq!(Variant::from_name(variant.name()), Some(variant));
            assert_eq!(serde_json::to_value(variant).unwrap(), variant.name());
        }
    }

    #[test]
    fn a_metric_has_the_variants_it_declares_and_no_other() {
        let codes: Vec<f32> = (0..48).map(|x| (x % 7) as f32).collect();
        let logvars = [-1.0; 48];
        let table = CodeTable::new(&codes, 2, &[4, 6])
            .unwrap()
            .with_logvars(&logvars)
            .unwrap();
        for metric in Metric::ALL {
            for variant in Variant::ALL {
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
