//! Disentanglement metrics: they take plain arrays and return typed scores.
//!
//! A [`CodeTable`] is one representation of a complete factor grid: the codes of every point,
//! `f32 [n_points, n_codes]`, row-major, the last factor fastest. [`score`] computes a [`Metric`] from it in one of its
//! [`Variant`]s and returns an [`Outcome`]: named quantities, the headline first, and the matrices that explain them.
//! [`MetricExt::check`] checks in advance, from only the sizes of a grid, what cannot be computed, and why. A table can
//! also have a list of points instead of a complete grid ([`FactorGrid::of_rows`]); every row then counts equally.
//!
//! - *Study* variants follow disentanglement_lib's study settings (Locatello et al. 2019): points are drawn at random and
//!   looked up in the table, so the score depends on a seed. Every vote draws from a stream of its own
//!   ([`sampling`]), so the score does not depend on the number of threads.
//! - *Exact* variants use every point of the grid once: no sampling, no seed.
//! - A few metrics have variants with another estimator, which are named after it: [`Variant`].
//! - [`lin_2020`] is the protocol of one paper, for comparison with its published numbers.
//!
//! The crate has no tensors, files, clocks or models; it does not print or read the environment. Work is distributed
//! over rayon's current pool.
//!
//! Layout: one file per metric in [`metrics`], the classifiers that they train in [`estimators`], all random draws in
//! [`sampling`]. The list of metrics is the table in `unravel-score`, from which the crate finds each metric's
//! [`Definition`].

mod budget;
mod bytes;
mod catalogue;
mod conditions;
mod correlations;
mod cost;
mod counts;
mod covariance_sums;
mod definition;
mod discretise;
mod error;
mod factor_bins;
mod grid;
mod limits;
mod memory;
mod mixture;
mod moments;
mod outcome;
mod parallel_count;
mod samples;
mod stencil;
mod symmetric;
mod table;

pub mod estimators;
pub mod lin_2020;
pub mod metrics;
pub mod sampling;

pub use catalogue::{MetricExt, score};
pub use conditions::{AsRead, CONDITIONS, Condition, Note, notes, notes_of_grid};
pub use cost::{Extent, MOMENTS_CORE_SECS};
pub use counts::JointCounts;
pub use definition::{Definition, Quantity};
pub use discretise::{EqualWidthBins, N_BINS};
pub use error::MetricError;
pub use factor_bins::{Binning, FactorBins};
pub use grid::FactorGrid;
pub use limits::{LOGVAR_RANGE, MIN_MATCHING_ROWS};
pub use memory::scoring_bytes;
pub use outcome::{Matrix, Outcome};
pub use samples::{SampleSizes, Split};
pub use table::{CodeRange, CodeTable};
pub use unravel_score::{Cost, Direction, Metric, Needs, Offered, Variant};
