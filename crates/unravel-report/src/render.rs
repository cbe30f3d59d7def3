//! Makes a report: loads the trials, writes tables and figures, and writes the page.

mod pictures;
mod single_figure;
mod write_figures;

pub use single_figure::{Alone, draw_alone};
pub use write_figures::draw as draw_figures;

use crate::cross_trial;
use crate::error::ReportError;
use crate::figures::trade_off::{Panel, panels};
use crate::figures::traversals::best_trials;
use crate::figures::{Context, Kind};
use crate::final_scores::{Scored, scored};
use crate::latex::latex;
use crate::load::{LoadOptions, load};
use crate::missing::missing;
use crate::output::{write, write_page};
use crate::page::{Inputs, Remarks, Section, page, settings_table};
use crate::report_input::Rows;
use crate::tables::{encode, tables};
use polars::prelude::DataFrame;
use std::path::{Path, PathBuf};
use unravel_store::{CrossTrialFile, Store};
use unravel_sweep::{Measure, Sweep, Trial};

/// The progress of making a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// `reading trials`, `drawing figures`, `drawing pictures`.
    pub stage: &'static str,
    /// Items that are done.
    pub n_done: usize,
    /// All items of the stage.
    pub n_all: usize,
}

/// A report that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendered {
    /// The page.
    pub index: PathBuf,
    /// Figures and pictures, in the order of the page.
    pub figures: Vec<PathBuf>,
    /// Number of trials of the sweep.
    pub n_trials: usize,
    /// Number of trials that are not trained or lack a requested score.
    pub n_missing: usize,
    /// One sentence for every file of the store that could not be read.
    pub notices: Vec<String>,
}

/// The data that is loaded and computed before drawing.
struct Prepared {
    rows: Rows,
    scored: Vec<Scored>,
    panels: Vec<Panel>,
}

impl Prepared {
    /// `cross_trial` has the scores that compare several trials.
    fn of(
        sweep: &Sweep,
        trials: &[Trial],
        store: &Store,
        cross_trial: &[CrossTrialFile],
        options: LoadOptions,
        progress: &mut dyn FnMut(Progress),
    ) -> Self {
        let mut reading = |n_done, n_all| {
            let stage = "reading trials";
            progress(Progress {
                stage,
                n_done,
                n_all,
            });
        };
        let mut rows = load(sweep, trials, store, options, &mut reading);
        cross_trial::add(&mut rows, cross_trial);
        let scored = scored(&rows, &sweep.evaluation.metrics);
        let panels = panels(&rows, &scored);
        Self {
            rows,
            scored,
            panels,
        }
    }

    fn context<'a>(&'a self, sweep: &'a Sweep) -> Context<'a> {
        Context {
            rows: &self.rows,
            scored: &self.scored,
            panels: &self.panels,
            published: &sweep.report.published,
        }
    }
}

/// Writes the report of `sweep` into `dir`: `index.html`, `figures/`, `data/` and `pictures/`.
///
/// `sweep_text` is the sweep's file as written; `trials` are [`Sweep::trials`]. Trials that are missing, unfinished or
/// damaged are listed on the page with their reason. The same store gives the same bytes.
///
/// # Errors
/// If a file cannot be written, or a table or figure cannot be encoded.
pub fn render(
    sweep: &Sweep,
    sweep_text: &str,
    trials: &[Trial],
    store: &Store,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rendered, ReportError> {
    let remarks = Remarks::default();
    render_with(remarks, sweep, sweep_text, trials, store, dir, progress)
}

/// The same as [`render()`], with remarks at the top of the page.
///
/// # Errors
/// As [`render()`].
pub fn render_with(
    remarks: Remarks<'_>,
    sweep: &Sweep,
    sweep_text: &str,
    trials: &[Trial],
    store: &Store,
    dir: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Rendered, ReportError> {
    let mut notices = Vec::new();
    let cross_trial = cross_trial::read(&sweep.evaluation, dir, &mut notices);
    let options = load_options(sweep);
    let prepared = Prepared::of(sweep, trials, store, &cross_trial, options, progress);
    let context = prepared.context(sweep);
    let (rows, panels) = (&prepared.rows, &prepared.panels);
    write_tables(rows, panels, dir)?;

    let sources = pictures::Sources {
        rows,
        best: &best_trials(rows, panels),
        trials,
        store,
        dir,
    };
    notices.splice(0..0, rows.notices.iter().cloned());
    let (mut files, mut sections) = (Vec::new(), Vec::new());
    for kind in sweep
        .report
        .figures
        .iter()
        .filter_map(|name| Kind::named(name))
    {
        let mut section = Section::new(kind);
        let figures = (kind.make)(&context)?;
        let mut tell = |stage: &'static str, n_done: usize, n_all: usize| {
            progress(Progress {
                stage,
                n_done,
                n_all,
            });
        };
        let mut drawing = |n, all| tell("drawing figures", n, all);
        section.figures = write_figures::draw(figures, dir, &mut files, &mut drawing)?;
        if let Some(pictured) = kind.pictures {
            section.lead = format!(
                "{} The trial with {} of each setting is shown.",
                section.lead,
                sources.best.criterion.words()
            );
            let mut drawing = |n, all| tell("drawing pictures", n, all);
            let shown = pictures::draw(&sources, pictured, &mut drawing)?;
            section.pictures = shown.settings;
            files.extend(shown.files);
            notices.extend(shown.notices);
        }
        sections.push(section);
    }

    let mut seen = std::collections::BTreeSet::new();
    notices.retain(|notice| seen.insert(notice.clone()));
    let missing = missing(rows, &prepared.scored, &sweep.evaluation);
    let n_missing = missing.len();
    let inputs = Inputs {
        remarks,
        sweep,
        sweep_text,
        trials,
        context: &context,
        sections,
        missing: &missing,
        notices: &notices,
    };
    let index = write_page(dir, &page(inputs)?)?;
    Ok(Rendered {
        index,
        figures: files,
        n_trials: trials.len(),
        n_missing,
        notices,
    })
}

/// The data of every trial that the sweep's figures and claims need.
fn load_options(sweep: &Sweep) -> LoadOptions {
    let figures = sweep.report.figures.iter();
    let of_figures = figures.filter_map(|name| Some(Kind::named(name)?.reads));
    let mut claims = sweep.report.claims.iter();
    let of_claims = LoadOptions {
        logs: claims.any(|claim| matches!(claim.of, Measure::Log { .. })),
        ..LoadOptions::default()
    };
    of_figures.fold(of_claims, LoadOptions::and)
}

/// Writes every score and every setting's means as CSV and Parquet, and the means as LaTeX.
fn write_tables(rows: &Rows, panels: &[Panel], dir: &Path) -> Result<(), ReportError> {
    let tables = tables(rows)?;
    write_table(dir, "scores", &tables.scores)?;
    write_table(dir, "summary", &tables.summary)?;
    let text = latex(&settings_table(rows, panels));
    write(&dir.join("data"), "summary.tex", text.as_bytes())?;
    Ok(())
}

/// Writes `data/<name>.csv` and `data/<name>.parquet`.
pub fn write_table(dir: &Path, name: &str, frame: &DataFrame) -> Result<(), ReportError> {
    for (file, bytes) in encode(name, frame)? {
        write(&dir.join("data"), &file, &bytes)?;
    }
    Ok(())
}
