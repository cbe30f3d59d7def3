//! What can go wrong while a report is made.

use std::io;
use std::path::PathBuf;

/// Why a report could not be made. A missing or damaged trial is not an error: the page lists it.
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
}
