//! How a metric is computed.

use crate::named;

named! {
    /// How a metric is computed.
    pub enum Variant {
        /// Sampled, with the settings of disentanglement_lib's study; depends on a seed.
        Study = "study",
        /// Over every point of the grid once; no sampling and no seed.
        Exact = "exact",
        /// With linear regressions under an L1 penalty, over all points there are; no sampling and no seed.
        Lasso = "lasso",
        /// With random forests, on as many points as the study; depends on a seed.
        RandomForest = "random-forest",
        /// With rank correlations, over all points there are; no sampling and no seed.
        Spearman = "spearman",
        /// Sampled, by the protocol of Lin et al. 2020; depends on a seed.
        Lin2020 = "lin-2020",
    }
}

impl Variant {
    /// Whether the score depends on a seed.
    pub fn is_sampled(self) -> bool {
        matches!(self, Self::Study | Self::RandomForest | Self::Lin2020)
    }
}
