//! Which codes are scored.

use crate::named;

named! {
    /// Which codes are scored.
    pub enum Representation {
        /// The posterior's mean.
        Mean = "mean",
        /// One sample of the posterior.
        Sampled = "sampled",
    }
}
