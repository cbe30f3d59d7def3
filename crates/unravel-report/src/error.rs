//! Errors of making a report.

use std::io;
use std::path::PathBuf;

/// An error of making a report. A missing or damaged trial is not an error: the page lists it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file of the report could not be written.
    #[error("cannot write `{}` of the report: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The system's reason.
        #[source]
        source: io::Error,
    },
    /// A table could not be made or encoded.
    #[error("cannot make the table {table}: {source}")]
    Table {
        /// The table's name, without an ending.
        table: String,
        /// polars' reason.
        #[source]
        source: polars::error::PolarsError,
    },
    /// A figure could not be drawn or encoded.
    #[error("cannot draw the figure {figure}: {source}")]
    Draw {
        /// The figure's name, without an ending.
        figure: String,
        /// The reason.
        #[source]
        source: io::Error,
    },
    /// The page's template failed.
    #[error("cannot write the page: {0}")]
    Page(#[from] askama::Error),
    /// No figure has this name.
    #[error("there is no figure `{name}` in this sweep; there are {}", known.join(", "))]
    UnknownFigure {
        /// The requested name.
        name: String,
        /// The known names.
        known: Vec<String>,
    },
    /// The sweep has no data for a figure yet.
    #[error("nothing to show in `{name}` yet: the store has no numbers for it")]
    NothingToShow {
        /// The figure's name.
        name: String,
    },
    /// A figure cannot be written in the format of this extension.
    #[error("cannot write `{name}` to `{}`: give a file that ends in {}", path.display(), endings.join(", "))]
    UnknownEnding {
        /// The figure's name.
        name: String,
        /// The requested file.
        path: PathBuf,
        /// The supported extensions.
        endings: Vec<&'static str>,
    },
}
