//! A report from beginning to end: read, tabulate, draw, write.

mod drawn;
mod pictures;

use crate::error::ReportError;
use crate::figures::traversals::best_trials;
use crate::figures::{trade_off, training_curves};
use crate::load::load;
use crate::missing::missing;
use crate::output::write;
use crate::page::{Inputs, Section, page};
use crate::tables::{encode, tables};
use polars::prelude::DataFrame;
use std::path::{Path, PathBuf};
use unravel_store::Store;
use unravel_sweep::{Sweep, Trial};

/// How far the making of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `reading trials`, `drawing figures`, `drawing pictures`.
    pub stage: &'static str,
    /// How many are done.
    pub n_done: usize,
    /// Of how many.
    pub n_all: usize,
}

/// A report that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The page.
    pub index: PathBuf,
    /// Figures and pictures, in the order of the page.
    pub figures: Vec<PathBuf>,
    /// How many trials the sweep has.
    pub n_trials: usize,
    /// How many of them are not trained, or lack a score that the sweep asks for.
    pub n_missing: usize,
    /// One sentence for every file of the store that could not be read.
    pub notices: Vec<String>,
}

/// Writes the report of `sweep` into `dir`: `index.html`, `figures/`, `data/` and `pictures/`.
///
/// `sweep_text` is the sweep's file as written; `trials` are [`Sweep::trials`]. Trials that are missing, unfinished or
/// damaged are listed on the page with their reason. The same store gives the same bytes.
///
/// # Errors
/// When a file cannot be written, or a table or figure not be encoded.
pub fn render(
    sweep: &Sweep,
    sweep_text: &str,
    trials: &[Trial],
    store: &Store,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rendered, ReportError> {
    render_with(None, sweep, sweep_text, trials, store, dir, progress)
}

/// The same while a run is at work on the sweep; `so_far` says on the page how far it is: `3 of 10 trials settled`.
///
/// # Errors
/// As [`render()`].
pub fn render_so_far(
    so_far: &str,
    sweep: &Sweep,
    sweep_text: &str,
    trials: &[Trial],
    store: &Store,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rendered, ReportError> {
    render_with(
        Some(so_far),
        sweep,
        sweep_text,
        trials,
        store,
        dir,
        progress,
    )
}

fn render_with(
    so_far: Option<&str>,
    sweep: &Sweep,
    sweep_text: &str,
    trials: &[Trial],
    store: &Store,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rendered, ReportError> {
    let mut reading = |n_done, n_all| {
        progress(Progress {
            stage: "reading trials",
            n_done,
            n_all,
        });
    };
    let mut rows = load(sweep, trials, store, &mut reading);
    let tables = tables(&rows)?;
    let metrics = &sweep.evaluation.metrics;
    let panels = trade_off::panels(&rows, &tables, metrics)?;
    write_table(dir, "scores", &tables.scores)?;
    write_table(dir, "summary", &tables.summary)?;

    let mut files = Vec::new();
    let mut sections = Vec::new();
    for name in &sweep.report.figures {
        let mut section = Section::new(name);
        let figures = match name.as_str() {
            "trade-off" => trade_off::figures(&rows, &panels)?,
            "training-curves" => training_curves::figures(&rows)?,
            _ => Vec::new(),
        };
        let mut drawing = |n_done, n_all| {
            progress(Progress {
                stage: "drawing figures",
                n_done,
                n_all,
            });
        };
        section.figures = drawn::draw(figures, dir, &mut files, &mut drawing)?;
        if name == "traversals" {
            let best = best_trials(&rows, &panels);
            section.lead = format!(
                "{} Of each setting, the trial with {} is shown.",
                section.lead,
                best.criterion.words()
            );
            let mut drawing = |n_done, n_all| {
                progress(Progress {
                    stage: "drawing pictures",
                    n_done,
                    n_all,
                });
            };
            let sources = pictures::Sources {
                best: &best,
                trials,
                store,
                dir,
            };
            section.pictures = pictures::draw(&mut rows, &sources, &mut files, &mut drawing)?;
        }
        sections.push(section);
    }

    let missing = missing(&rows, metrics);
    let n_missing = missing.len();
    let inputs = Inputs {
        so_far,
        sweep,
        sweep_text,
        trials,
        rows: &rows,
        panels: &panels,
        sections,
        missing: &missing,
    };
    let index = write(dir, "index.html", page(inputs)?.as_bytes())?;
    Ok(Rendered {
        index,
        figures: files,
        n_trials: trials.len(),
        n_missing,
        notices: rows.notices,
    })
}

/// Writes `data/<name>.csv` and `data/<name>.parquet`.
fn write_table(dir: &Path, name: &str, frame: &DataFrame) -> Result<(), ReportError> {
    for (file, bytes) in encode(name, frame)? {
        write(&dir.join("data"), &file, &bytes)?;
    }
    Ok(())
}
