//! Compares two sweeps, or one sweep in two stores, on one page: the differences with their uncertainty.
//!
//! [`matched`] pairs the settings of both sides, [`difference`] computes the differences of each pair, [`figure`] draws
//! both trade-offs in one figure, and [`page`] fills the template. The numbers are those of a single sweep's report.

mod difference;
mod draw;
mod figure;
mod matched;
mod page;
mod scatter;
mod words;

use crate::cross_trial;
use crate::error::ReportError;
use crate::final_scores::scored;
use crate::load::{LoadOptions, load};
use crate::output::write_page;
use crate::render::{draw_figures, write_table};
use crate::report_input::Rows;
use difference::Column;
use scatter::{Scatter, scatters};
use std::path::{Path, PathBuf};
use unravel_store::{CrossTrialFile, Store};
use unravel_sweep::{Sweep, Trial};

/// One side of a comparison.
pub struct Side<'a> {
    /// Its name on the page: the name of the sweep or of the store. The two sides have different names.
    pub title: String,
    /// Its sweep.
    pub sweep: &'a Sweep,
    /// [`Sweep::trials`].
    pub trials: &'a [Trial],
    /// The store of its trials.
    pub store: &'a Store,
    /// Its scores that compare several trials, which are not in the trial folders.
    pub cross_trial: Vec<CrossTrialFile>,
}

/// A comparison that was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compared {
    /// The page.
    pub index: PathBuf,
    /// Settings that both sides have.
    pub n_matched: usize,
    /// The number of settings that only the first side has, and that only the second side has.
    pub n_alone: [usize; 2],
    /// Scores that both sides have, by their titles.
    pub scores: Vec<String>,
    /// One sentence for each thing found, in the order of the page.
    pub findings: Vec<String>,
    /// One sentence for every file of the stores that could not be read.
    pub notices: Vec<String>,
}

/// An error of comparing two sweeps.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A side has no trained and scored trial.
    #[error("side {} of the comparison has no trained and scored trial; run its sweep first", side + 1)]
    Empty {
        /// Index of the side, 0 or 1.
        side: usize,
    },
    /// The page could not be written.
    #[error(transparent)]
    Report(#[from] ReportError),
}

/// One side as read from its store.
struct LoadedSide {
    title: String,
    /// The folder of its store.
    store: PathBuf,
    rows: Rows,
    scatters: Vec<Scatter>,
}

/// Writes the comparison of two sides into `dir`: `index.html`, `figures/` and `data/`.
///
/// Equal settings are matched. Other settings are matched if they have the same label in both sweeps. The page lists
/// the keys in which matched settings differ.
///
/// # Errors
/// If a side has nothing to compare, or a file cannot be written.
pub fn compare(sides: [&Side<'_>; 2], dir: &Path) -> Result<Compared, CompareError> {
    let load = |side: usize| load_side(sides[side]).ok_or(CompareError::Empty { side });
    let mut known = [load(0)?, load(1)?];
    let matches = matched::matches([sides[0].trials, sides[1].trials], &known);
    matches.share_looks(&mut known);
    let columns = difference::columns(&known);
    let table = difference::table(&known, &matches, &columns);
    let figures = figure::figures(&known, &matches)?;
    let mut files = Vec::new();
    let drawn = draw_figures(figures, dir, &mut files, &mut |_, _| {})?;
    write_table(
        dir,
        "differences",
        &difference::frame(&known, &table, &matches)?,
    )?;
    let findings = words::findings(&known, &matches, &table);
    let html = page::page(&page::Inputs {
        known: &known,
        sweeps: sides.map(|side| side.sweep),
        matches: &matches,
        table: &table,
        findings: &findings,
        figures: &drawn,
    });
    let html = html.map_err(ReportError::from)?;
    let index = write_page(dir, &html)?;
    let [first, second] = known;
    Ok(Compared {
        index,
        n_matched: matches.pairs.len(),
        n_alone: [matches.alone[0].len(), matches.alone[1].len()],
        scores: table.columns.iter().map(Column::title).collect(),
        findings,
        notices: [first.rows.notices, second.rows.notices].concat(),
    })
}

/// A side as its store has it; none if it has no trained and scored trial.
fn load_side(side: &Side<'_>) -> Option<LoadedSide> {
    let mut rows = load(
        side.sweep,
        side.trials,
        side.store,
        LoadOptions::default(),
        &mut |_, _| {},
    );
    cross_trial::add(&mut rows, &side.cross_trial);
    let scored = scored(&rows, &side.sweep.evaluation.metrics);
    let scatters = scatters(&rows, scored);
    rows.final_scores().next()?;
    let title = side.title.clone();
    let store = side.store.path();
    Some(LoadedSide {
        title,
        store: store.canonicalize().unwrap_or_else(|_| store.to_owned()),
        rows,
        scatters,
    })
}
