//! What each metric holds while it is computed, from what its parts say of themselves.

use crate::bytes::{Bytes, array_bytes};
use crate::correlations::Correlations;
use crate::counts::JointCounts;
use crate::estimators::boosting::GradientBoosting;
use crate::estimators::forest::RandomForest;
use crate::estimators::linear_svm::SortedFeature;
use crate::estimators::logistic::LogisticRegression;
use crate::estimators::one_vs_rest::OneVsRest;
use crate::estimators::{balanced_logistic, logistic_cv};
use crate::lin_2020;
use crate::metrics::{beta_vae_score, downstream, factor_vae_score, unsupervised};
use crate::mixture::Densities;
use crate::moments::Moments;
use crate::catalogue::{Metric, Variant};
use crate::samples::{Examples, SampleSizes};
use crate::sampling::N_STUDY_POINTS;
use crate::table::CodeTable;

/// A table, and the threads that score it.
#[derive(Clone, Copy)]
pub(crate) struct Scoring<'a> {
    pub(crate) table: &'a CodeTable<'a>,
    pub(crate) n_threads: usize,
}

impl Scoring<'_> {
    /// Bytes that one score holds at most, beside the table and its own outcome.
    pub(crate) fn bytes(self, metric: Metric, variant: Variant) -> Bytes {
        match metric {
            Metric::Mig | Metric::Modularity | Metric::MigSup | Metric::Jemmig | Metric::Dcimig => {
                match variant {
                    Variant::Exact => JointCounts::bytes_of_grid(self.table, self.n_threads),
                    _ => JointCounts::bytes_of_points(self.table, self.n_points(variant)),
                }
            }
            Metric::BetaVaeScore => self.beta_vae_score(variant),
            Metric::FactorVaeScore => self.factor_vae_score(variant),
            Metric::MigChen => self.mig_chen(variant),
            Metric::Dci => self.dci(variant),
            Metric::Sap => self.sap(variant),
            Metric::Explicitness => self.explicitness(variant),
            Metric::Irs => self.irs(variant),
            Metric::Unsupervised => self.unsupervised(variant),
            Metric::Infomec => self.infomec(variant),
            Metric::Downstream => self.downstream(),
            Metric::ActiveUnits => Moments::bytes(self.n_codes(), self.table.grid().n_points()),
            // Of several trials, so not of this table.
            Metric::Udr => 0,
        }
    }

    fn n_codes(self) -> usize {
        self.table.n_codes()
    }

    fn n_varying(self) -> usize {
        self.table.grid().varying().len()
    }

    /// Points that a variant looks at, in metrics that look at points once.
    fn n_points(self, variant: Variant) -> usize {
        match variant {
            Variant::Study | Variant::RandomForest => N_STUDY_POINTS,
            Variant::Lin2020 => lin_2020::N_POINTS,
            Variant::Exact | Variant::Lasso | Variant::Spearman => self.table.grid().n_points(),
        }
    }

    /// The most values of a factor that so many points can have.
    fn n_classes(self, n_points: usize) -> usize {
        let largest = self.table.grid().sizes().iter().max();
        largest.map_or(0, |&size| size.min(n_points))
    }

    /// Of something that each thread holds for a code at a time.
    fn by_code(self, bytes: Bytes) -> Bytes {
        bytes * self.n_codes().min(self.n_threads) as Bytes
    }

    fn beta_vae_score(self, variant: Variant) -> Bytes {
        let (n_codes, n_classes) = (self.n_codes(), self.n_varying());
        if variant == Variant::Lin2020 {
            let n_groups = lin_2020::N_GROUPS;
            return array_bytes::<f64>(&[n_groups, n_codes])
                + array_bytes::<u32>(&[n_groups, lin_2020::GROUP_SIZE])
                + OneVsRest::bytes(n_groups, n_codes, n_classes, self.n_threads);
        }
        let sizes = beta_vae_score::Settings::STUDY;
        array_bytes::<f64>(&[sizes.n_train + sizes.n_eval, n_codes + 1])
            + LogisticRegression::bytes(sizes.n_train, n_codes, n_classes)
    }

    fn factor_vae_score(self, variant: Variant) -> Bytes {
        let (grid, n_codes) = (self.table.grid(), self.n_codes());
        let of_codes = array_bytes::<f64>(&[n_codes, 3]);
        match variant {
            Variant::Exact => {
                let n_values: usize = match grid.matching() {
                    Some(matching) => matching.iter().map(|factor| factor.groups.len()).sum(),
                    None => grid.sizes().iter().sum(),
                };
                let variances = 2 * array_bytes::<f64>(&[n_values, n_codes]);
                // Of listed points a group is summed up at a time, of a grid all of them by each task.
                let n_tasks = match grid.is_complete() {
                    true => {
                        grid.n_points()
                            .div_ceil(factor_vae_score::exact::ROWS_PER_TASK)
                            + 1
                    }
                    false => 0,
                };
                let sums = array_bytes::<f64>(&[n_values, n_codes, 2, n_tasks]);
                Moments::bytes(n_codes, grid.n_points()).max(variances + sums) + of_codes
            }
            Variant::Lin2020 => array_bytes::<u32>(&[lin_2020::N_POINTS]) + of_codes,
            _ => {
                let sizes = factor_vae_score::Settings::STUDY;
                let n_tasks = sizes.n_train.div_ceil(factor_vae_score::VOTES_PER_TASK);
                array_bytes::<u32>(&[n_tasks + self.n_threads, n_codes, grid.n_factors()])
                    + of_codes * (self.n_threads + 1) as Bytes
            }
        }
    }

    fn mig_chen(self, variant: Variant) -> Bytes {
        let grid = self.table.grid();
        let n_points = grid.n_points();
        let n_memberships = 1 + self.n_varying();
        let of_factor = |&factor: &usize| grid.sizes()[factor];
        let n_mixtures = 1 + grid.varying().iter().map(of_factor).sum::<usize>();
        // So many are refused.
        if usize::from(u16::MAX) < n_mixtures {
            return 0;
        }
        let held = array_bytes::<u16>(&[n_points, n_memberships]) + array_bytes::<f64>(&[n_mixtures, 2]);
        let drawn = match variant {
            // The members of each mixture, in vectors that grew to up to twice their room.
            Variant::Study => {
                array_bytes::<f32>(&[n_points, self.n_codes()])
                    + 2 * array_bytes::<u32>(&[n_points, n_memberships])
                    + array_bytes::<Vec<u32>>(&[n_mixtures, 2])
            }
            _ => 0,
        };
        let n_codes = self.n_codes();
        held + drawn
            + array_bytes::<f64>(&[n_codes, n_mixtures])
            + self.by_code(Densities::bytes(n_points, n_mixtures))
    }

    fn dci(self, variant: Variant) -> Bytes {
        let n_points = self.n_points(variant);
        let SampleSizes { n_train, n_test } = SampleSizes::STUDY;
        let examples = Examples::bytes(self.table, n_train + n_test);
        let (n_codes, n_threads) = (self.n_codes(), self.n_threads);
        match variant {
            Variant::Study => {
                let n_classes = self.n_classes(n_train);
                examples + GradientBoosting::bytes(n_train, n_codes, n_classes, n_threads)
            }
            Variant::RandomForest => {
                examples
                    + array_bytes::<f64>(&[n_train + n_test, 2])
                    + RandomForest::bytes(n_train, n_codes, n_threads)
            }
            _ => array_bytes::<u32>(&[n_points]) + Correlations::bytes(self.table, n_points),
        }
    }

    fn sap(self, variant: Variant) -> Bytes {
        let SampleSizes { n_train, n_test } = SampleSizes::STUDY;
        let (n_fitted, n_held) = match variant {
            Variant::Study => (n_train, n_train + n_test),
            _ => (self.n_points(variant), self.n_points(variant)),
        };
        Examples::bytes(self.table, n_held)
            + self
                .by_code(SortedFeature::bytes(n_fitted) + array_bytes::<f32>(&[n_held]))
                .max(Correlations::bytes(self.table, n_fitted))
    }

    fn explicitness(self, variant: Variant) -> Bytes {
        let n_codes = self.n_codes();
        let SampleSizes { n_train, n_test } = SampleSizes::STUDY;
        let (n_fitted, n_held) = match variant {
            Variant::Lin2020 => (lin_2020::N_POINTS, lin_2020::N_POINTS),
            _ => (n_train, n_train + n_test),
        };
        let n_classes = self.n_classes(n_fitted);
        let fit = match variant {
            Variant::Lin2020 => OneVsRest::bytes(n_fitted, n_codes, n_classes, self.n_threads),
            _ => LogisticRegression::bytes(n_fitted, n_codes, n_classes),
        };
        // A vector of probabilities for each row, and for each label at hand those of its own.
        let areas = array_bytes::<Vec<f64>>(&[n_fitted])
            + array_bytes::<f64>(&[n_fitted, n_classes])
            + array_bytes::<f64>(&[n_fitted, 3, n_classes.min(self.n_threads)]);
        Examples::bytes(self.table, n_held) + array_bytes::<f64>(&[n_held, n_codes]) + fit.max(areas)
    }

    fn irs(self, variant: Variant) -> Bytes {
        let (n_points, n_factors) = (self.n_points(variant), self.table.grid().n_factors());
        let n_values = self.n_classes(n_points);
        // The deviations of a code, and the same by value, in vectors that grow to up to twice their room.
        let of_code = array_bytes::<f64>(&[n_points, 1 + 2]) + array_bytes::<Vec<f64>>(&[n_values]);
        array_bytes::<u32>(&[n_points]) + 2 * array_bytes::<u16>(&[n_points, n_factors]) + self.by_code(of_code)
    }

    fn unsupervised(self, variant: Variant) -> Bytes {
        let (n_codes, n_points) = (self.n_codes(), self.n_points(variant));
        let sample = match variant {
            // Twice, as a vector of codes grows.
            Variant::Study => 2 * array_bytes::<u32>(&[n_points, n_codes + 1]),
            _ => 0,
        };
        sample + unsupervised::bytes(n_codes, n_points, self.n_threads)
    }

    fn infomec(self, variant: Variant) -> Bytes {
        let (n_codes, n_points) = (self.n_codes(), self.n_points(variant));
        let n_classes = self.n_classes(n_points);
        // The noisy values of a code, sorted, with their points; and positions by label, in vectors that grew.
        let of_code = array_bytes::<f64>(&[n_points, 3])
            + array_bytes::<u32>(&[n_points, 3])
            + array_bytes::<Vec<u32>>(&[self.n_classes(usize::MAX)]);
        // All codes standardised, as features, and as features that are not correlated.
        let fit = 2 * array_bytes::<f64>(&[n_points, n_codes])
            + balanced_logistic::bytes(n_points, n_codes, n_classes);
        array_bytes::<f64>(&[n_points, n_codes])
            + array_bytes::<u16>(&[n_points, self.n_varying()])
            + array_bytes::<u32>(&[n_points])
            + self.by_code(of_code).max(fit)
    }

    fn downstream(self) -> Bytes {
        let n_codes = self.n_codes();
        let n_train = downstream::N_LABELS.into_iter().max().unwrap_or(0);
        let n_held = n_train + downstream::N_TEST;
        let n_classes = self.n_classes(n_train);
        let boosted = GradientBoosting::bytes(n_train, n_codes, n_classes, self.n_threads);
        let logistic =
            array_bytes::<f64>(&[n_held, n_codes]) + logistic_cv::bytes(n_train, n_codes, n_classes);
        Examples::bytes(self.table, n_held) + boosted + logistic
    }
}
