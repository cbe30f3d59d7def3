//! What can go wrong while a report is made.

use std::io;
use std::path::PathBuf;

/// Why a report could not be made. A missing or damaged trial is not an error: the page lists it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// A file of the report could not be written.
    #[error("cannot write the report file `{}`: {source}; check the free space and the permissions, or choose another folder", path.display())]
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
    #[error("--figure: unknown figure `{name}`; this sweep has {}", known.join(", "))]
    UnknownFigure {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The sweep has nothing for a figure yet.
    #[error("the store has no data for the figure `{name}` yet; run `unravel run` first")]
    NothingToShow {
        /// The figure's name.
        name: String,
    },
    /// A figure cannot be written as such a file.
    #[error("--out `{}`: the figure `{name}` has the formats {}", path.display(), endings.join(", "))]
    UnknownEnding {
        /// The figure's name.
        name: String,
        /// The file that was asked for.
        path: PathBuf,
        /// The endings that there are.
        endings: Vec<&'static str>,
    },
}
