//! A report from beginning to end: read, tabulate, draw, write.

use crate::error::ReportError;
use crate::figures::traversals::{Best, best_trials, sheets};
use crate::figures::{Figure, trade_off, training_curves};
use crate::load::{load, noted};
use crate::missing::missing;
use crate::output::write;
use crate::page::{Inputs, Section, SettingPictures, page, setting_pictures, view};
use crate::paint::{described, png, svg};
use crate::rows::Rows;
use crate::style::Theme;
use crate::tables::{encode, tables};
use rayon::prelude::*;
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
/// damaged are listed on the page with their reason, so this may be called while the sweep runs. The same store gives
/// the same bytes.
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
    let mut reading = |n_done, n_all| {
        progress(Progress {
            stage: "reading trials",
            n_done,
            n_all,
        })
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
        let n_all = figures.len();
        progress(Progress {
            stage: "drawing figures",
            n_done: 0,
            n_all,
        });
        section.figures = draw(figures, dir, &mut files)?;
        progress(Progress {
            stage: "drawing figures",
            n_done: n_all,
            n_all,
        });
        if name == "traversals" {
            let (criterion, best) = best_trials(&rows, &panels);
            section.lead = format!(
                "{} The trial shown is the one of its setting with {}.",
                section.lead,
                criterion.words()
            );
            section.pictures =
                pictures(&mut rows, &best, trials, store, dir, &mut files, progress)?;
        }
        sections.push(section);
    }

    let missing = missing(&rows, metrics);
    let n_missing = missing.len();
    let inputs = Inputs {
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

fn write_table(
    dir: &Path,
    name: &str,
    frame: &polars::prelude::DataFrame,
) -> Result<(), ReportError> {
    for (file, bytes) in encode(name, frame)? {
        write(&dir.join("data"), &file, &bytes)?;
    }
    Ok(())
}

/// Paints every figure in both themes and formats, writes them with their data, and returns them with their SVG.
fn draw(
    figures: Vec<Figure>,
    dir: &Path,
    files: &mut Vec<PathBuf>,
) -> Result<Vec<(Figure, String)>, ReportError> {
    let drawn: Vec<(Figure, String, Vec<PathBuf>)> = figures
        .into_par_iter()
        .map(|figure| {
            let (inline, paths) = draw_one(&figure, dir)?;
            Ok((figure, inline, paths))
        })
        .collect::<Result<_, ReportError>>()?;
    let keep = |(figure, inline, paths): (Figure, String, Vec<PathBuf>)| {
        files.extend(paths);
        (figure, inline)
    };
    Ok(drawn.into_iter().map(keep).collect())
}

fn draw_one(figure: &Figure, dir: &Path) -> Result<(String, Vec<PathBuf>), ReportError> {
    let failed = |source| ReportError::Draw {
        figure: figure.name.clone(),
        source,
    };
    let folder = dir.join("figures");
    let mut inline = String::new();
    let mut paths = Vec::new();
    for theme in Theme::ALL {
        let text = svg(&figure.scene, theme).map_err(failed)?;
        let text = described(&text, &figure.title, &figure.description);
        let stem = format!("{}-{}", figure.name, theme.name());
        paths.push(write(&folder, &format!("{stem}.svg"), text.as_bytes())?);
        paths.push(write(
            &folder,
            &format!("{stem}.png"),
            &png(&figure.scene, theme).map_err(failed)?,
        )?);
        if theme == Theme::Light {
            inline = text;
        }
    }
    write_table(dir, &figure.name, &figure.data)?;
    Ok((inline, paths))
}

/// Writes the sheets of each setting's best trial, one trial in memory at a time.
fn pictures(
    rows: &mut Rows,
    best: &[Best],
    trials: &[Trial],
    store: &Store,
    dir: &Path,
    files: &mut Vec<PathBuf>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<SettingPictures>, ReportError> {
    let mut shown = Vec::new();
    for (n_done, Best { trial: idx, value }) in best.iter().enumerate() {
        progress(Progress {
            stage: "drawing pictures",
            n_done,
            n_all: best.len(),
        });
        let found = noted(
            store.trial(&trials[*idx].id()).pictures(),
            &mut rows.notices,
        );
        let trial = &rows.trials[*idx];
        let setting = &rows.settings[trial.setting];
        let mut views = Vec::new();
        for sheet in found.iter().flat_map(sheets) {
            let name = format!("{}-{}.png", slug(rows, trial.setting), sheet.kind);
            let failed = |source| ReportError::Draw {
                figure: name.clone(),
                source,
            };
            let bytes = sheet.sheet.labelled_png().map_err(failed)?;
            files.push(write(&dir.join("pictures"), &name, &bytes)?);
            views.push(view(setting, trial, &sheet, format!("pictures/{name}")).map_err(failed)?);
        }
        let which = format!(
            "seed {}, trial {}, {}",
            trial.seed,
            trial.id,
            crate::axis::plain(*value, 3)
        );
        shown.push(setting_pictures(setting, which, views));
    }
    Ok(shown)
}

/// `beta-vae-beta-4`; with the beginning of its id where settings share family and strength.
fn slug(rows: &Rows, idx: usize) -> String {
    let of = |idx: usize| {
        let setting = &rows.settings[idx].setting;
        format!(
            "{}-{}-{}",
            setting.family, setting.strength_name, setting.strength
        )
    };
    let slug = of(idx);
    let is_shared = (0..rows.settings.len()).any(|other| other != idx && of(other) == slug);
    if is_shared {
        format!("{slug}-{}", &rows.settings[idx].setting.id[..6])
    } else {
        slug
    }
}
