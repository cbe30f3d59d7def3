//! Errors of making a report.

use std::io;
use std::path::PathBuf;

use polars::error::PolarsError;

/// An error of making a report. A missing or damaged trial is not an error: the page lists it.
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
        source: PolarsError,
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
        /// The requested name.
        name: String,
        /// The known names.
        known: Vec<String>,
    },
    /// The sweep has no data for a figure yet.
    #[error(
        "the store has no data for the figure `{name}`: run the sweep first, or request in it what the figure shows (docs/sweep-file.md)"
    )]
    NothingToShow {
        /// The figure's name.
        name: String,
    },
    /// A figure cannot be written in the format of this extension.
    #[error("--out `{}`: the figure `{name}` has the formats {}", path.display(), endings.join(", "))]
    UnknownEnding {
        /// The figure's name.
        name: String,
        /// The requested file.
        path: PathBuf,
        /// The supported extensions.
        endings: Vec<&'static str>,
    },
}

impl ReportError {
    /// Makes a [`Table`](Self::Table) error of polars' reason.
    pub(crate) fn table(name: &str) -> impl Fn(PolarsError) -> Self + Copy {
        move |source| Self::Table {
            table: name.to_owned(),
            source,
        }
    }

    /// Makes a [`Draw`](Self::Draw) error of the reason.
    pub(crate) fn draw(name: &str) -> impl Fn(io::Error) -> Self + Copy {
        move |source| Self::Draw {
            figure: name.to_owned(),
            source,
        }
    }
}
