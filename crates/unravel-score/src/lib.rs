//! What identifies a score, from a sweep file to the report.
//!
//! A [`ScoreRecord`] is one number of one metric with its [`ScoreContext`]: variant, representation, grid and step. A
//! [`ScoreRequest`] names a score that a sweep asks for. Both hold typed names: [`MetricName`], [`VariantName`] and
//! [`RepresentationName`] are the known names plus whatever a newer version may have written, so that every file can be
//! read. All names are strings in files.
//!
//! The metrics are listed in one table, in `metric.rs`. The crate computes nothing: `unravel-metrics` computes scores, and
//! generates its own list from the same table.

mod direction;
mod metric;
mod named;
mod names;
mod needs;
mod record;
mod representation;
mod request;
mod variant;

pub use direction::{Cost, Direction};
pub use metric::Metric;
pub use names::{MetricName, RepresentationName, VariantName};
pub use needs::{MIN_POINTS, Needs, Offered};
pub use record::{ScoreContext, ScoreRecord, mean_and_sd};
pub use representation::Representation;
pub use request::{Requests, ScoreRequest};
pub use variant::Variant;
