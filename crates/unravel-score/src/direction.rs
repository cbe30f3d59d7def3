//! Which way a quantity is better, and how long a score takes.

use serde::Serialize;

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

/// How long a score takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cost {
    /// Moments: less than a second with ten codes over the whole of dSprites, on two cores.
    Moments,
    /// Seconds up to half a minute there; elsewhere whatever takes more than ten core seconds.
    Seconds,
}
