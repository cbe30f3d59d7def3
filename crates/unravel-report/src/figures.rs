//! The figures: each prepares its data (polars) in one file and lays it out in another.

pub mod trade_off;
pub mod training_curves;
pub mod traversals;

use crate::error::ReportError;
use crate::scene::Scene;
use polars::prelude::{DataFrame, PolarsResult};

/// A figure laid out, with its words and its data.
pub struct Figure {
    /// Name of its files, without theme and ending: `trade-off-mig-exact`.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// What the marks are, of how many trials, in which variant.
    pub caption: String,
    /// What it says, for those who cannot see it.
    pub description: String,
    /// The layout.
    pub scene: Scene,
    /// The numbers behind it.
    pub data: DataFrame,
}

fn frame(name: &str, frame: PolarsResult<DataFrame>) -> Result<DataFrame, ReportError> {
    frame.map_err(|source| ReportError::Table {
        table: name.to_owned(),
        source,
    })
}
