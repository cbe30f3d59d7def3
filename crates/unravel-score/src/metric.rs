//! The table of metrics: one row a metric.

use serde::{Deserialize, Serialize};

use crate::needs::Needs;
use crate::variant::Variant;

/// The table of metrics, handed to the macro `$then`.
///
/// A row has a doc comment, the metric's name in Rust, the module of `unravel-metrics` that computes it, its name in sweep
/// files, on the command line and in score files, its [variants](Variant), the usual first, and its [needs](Needs). A variant
/// whose definition has changed has its revision in brackets. The order is that of the documentation.
#[macro_export]
macro_rules! for_each_metric {
    ($then:ident) => {
        $then! {
            /// Higgins et al. 2017.
            BetaVaeScore, beta_vae_score, "beta-vae-score", [Study, Lin2020], Needs::factors(2).matching_points();
            /// Kim & Mnih 2018.
            FactorVaeScore, factor_vae_score, "factor-vae-score", [Study, Exact, Lin2020],
                Needs::factors(2).matching_points();
            /// Chen et al. 2018, on binned codes.
            Mig, mig, "mig", [Study, Exact, Lin2020], Needs::factors(1);
            /// Chen et al. 2018, on Gaussian posteriors.
            MigChen, mig_chen, "mig-chen", [Study, Exact], Needs::factors(1).posteriors();
            /// Eastwood & Williams 2018.
            Dci, dci, "dci", [Study, Lasso, RandomForest, Lin2020], Needs::factors(2);
            /// Kumar et al. 2018.
            Sap, sap, "sap", [Study, Exact, Lin2020], Needs::factors(1);
            /// Ridgeway & Mozer 2018.
            Modularity, modularity, "modularity", [Study, Exact, Lin2020], Needs::factors(2);
            /// Ridgeway & Mozer 2018, how well factors are read off linearly.
            Explicitness, explicitness, "explicitness", [Study, Lin2020], Needs::factors(1);
            /// Suter et al. 2019.
            Irs, irs, "irs", [Study, Exact], Needs::factors(1);
            /// Locatello et al. 2019, scores without factors.
            Unsupervised, unsupervised, "unsupervised", [Study, Exact], Needs::factors(0);
            /// Li et al. 2020.
            MigSup, mig_sup, "mig-sup", [Study, Exact], Needs::factors(1);
            /// Do & Tran 2020.
            Jemmig, jemmig, "jemmig", [Study, Exact], Needs::factors(1);
            /// Sepliarskaia et al. 2019.
            Dcimig, dcimig, "dcimig", [Study, Exact], Needs::factors(1);
            /// Hsu et al. 2023.
            Infomec, infomec, "infomec", [Study(1), Exact], Needs::factors(2);
            /// Duan et al. 2020, over several trials.
            Udr, udr, "udr", [Lasso, Spearman], Needs::factors(0).posteriors().several_trials();
            /// Locatello et al. 2019, accuracy with few labels and many.
            Downstream, downstream, "downstream", [Study], Needs::factors(1);
            /// Burda et al. 2016.
            ActiveUnits, active_units, "active-units", [Exact], Needs::factors(0).posteriors();
        }
    };
}

macro_rules! define_metric {
    ($( $(#[$doc:meta])* $metric:ident, $module:ident, $name:literal, [$($variant:ident $(($revision:literal))?),+], $needs:expr; )+) => {
        /// A disentanglement metric.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Metric {
            $( $(#[$doc])* #[serde(rename = $name)] $metric, )+
        }

        impl Metric {
            /// Every metric, in the order of the documentation.
            pub const ALL: [Self; [$($name),+].len()] = [$( Self::$metric ),+];

            /// The name of every metric, in the order of [`Metric::ALL`].
            pub const NAMES: [&'static str; Self::ALL.len()] = [$( $name ),+];

            /// The name in sweep files, on the command line and in score files: `beta-vae-score`.
            pub fn name(self) -> &'static str {
                match self { $( Self::$metric => $name, )+ }
            }

            /// The metric called `name`.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $( $name => Some(Self::$metric), )+ _ => None }
            }

            /// The variants that it has, the usual one first.
            pub fn variants(self) -> &'static [Variant] {
                match self { $( Self::$metric => &[$( Variant::$variant ),+], )+ }
            }

            /// The revision of the definition of a score: 0 for the first. It is raised when the same table, variant and
            /// seed come to mean another score, so that stored scores of an earlier revision are computed again.
            pub fn revision(self, variant: Variant) -> u32 {
                match (self, variant) {
                    $( $( $( (Self::$metric, Variant::$variant) => $revision, )? )+ )+
                    _ => 0,
                }
            }

            /// What there must be for it to mean something.
            pub fn needs(self) -> Needs {
                match self { $( Self::$metric => $needs, )+ }
            }
        }
    };
}

for_each_metric!(define_metric);

impl Metric {
    /// Whether it is a metric of the Gaussian posteriors, which scores their means and log variances. All others score
    /// codes, whether means or samples.
    pub fn needs_posteriors(self) -> bool {
        self.needs().posteriors
    }

    /// The variants in which a sweep that asks for `requested` takes this metric: those of them that it has, in its own
    /// order, or its first variant if it has none of them.
    pub fn requested_variants(self, requested: &[Variant]) -> Vec<Variant> {
        let has = self.variants();
        let both: Vec<Variant> = has
            .iter()
            .copied()
            .filter(|variant| requested.contains(variant))
            .collect();
        if both.is_empty() {
            has[..1].to_vec()
        } else {
            both
        }
    }
}

impl std::fmt::Display for Metric {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_metric_and_variant() {
        for (metric, name) in Metric::ALL.into_iter().zip(Metric::NAMES) {
            assert_eq!(
                (metric.name(), Metric::from_name(name)),
                (name, Some(metric))
            );
            assert_eq!(serde_json::to_value(metric).unwrap(), name);
        }
        assert_eq!(Metric::from_name("mig-sub"), None);
        for &variant in Variant::ALL {
            assert_eq!(Variant::from_name(variant.name()), Some(variant));
            assert_eq!(serde_json::to_value(variant).unwrap(), variant.name());
        }
    }

    #[test]
    fn a_metric_is_taken_in_the_variants_asked_for_or_else_in_its_first() {
        use Variant::{Exact, Lasso, Lin2020, Study};
        assert_eq!(
            Metric::Mig.requested_variants(&[Exact, Lasso, Study]),
            [Study, Exact]
        );
        assert_eq!(Metric::Dci.requested_variants(&[Exact]), [Study]);
        assert_eq!(Metric::Unsupervised.requested_variants(&[Lin2020]), [Study]);
        assert_eq!(Metric::Mig.requested_variants(&[]), [Study]);
    }
}
