//! Writes a single figure to a file, for example for a paper or a slide.

use super::{Prepared, Progress, pictures};
use crate::error::ReportError;
use crate::figures::traversals::{POSTERIOR_TRAVERSALS, Pictured, animation, best_trials, sheets};
use crate::figures::{Context, Figure, KINDS, Kind};
use crate::latex::latex;
use crate::load::noted;
use crate::output::write;
use crate::page::settings_table;
use crate::paint::{described, png, svg};
use crate::scene::Scene;
use crate::style::Theme;
use crate::tables::{encode, tables};
use polars::prelude::DataFrame;
use std::path::{Path, PathBuf};
use unravel_store::{CrossTrialFile, Store};
use unravel_sweep::{Sweep, Trial};

/// A request for a single figure.
pub struct Alone<'a> {
    /// One of these names: a name in `[report] figures`, for all of its figures in one file; the name of one figure as
    /// in `figures/`; `traversals-<setting>` and the like for the pictures of a setting other than the best, with
    /// `-posterior` for traversals over the posterior range; `table` for the settings' means; `scores` for every score
    /// of every trial.
    pub name: &'a str,
    /// Whether to use the dark theme.
    pub is_dark: bool,
    /// The file. Its extension determines the format.
    pub out: &'a Path,
    /// The scores that compare several trials, which are not in the trial folders.
    pub cross_trial: &'a [CrossTrialFile],
}

/// The name of the table of all settings.
const TABLE: &str = "table";
/// The name of the table of all scores of all trials.
const SCORES: &str = "scores";
/// The suffix of the names of traversals over the posterior range.
const POSTERIOR: &str = "-posterior";

/// Draws one figure into one file and returns its path.
///
/// # Errors
/// If no figure has the name, the store has no data for it, it cannot be written in the format of this extension, or
/// the file cannot be written.
pub fn draw_alone(
    sweep: &Sweep,
    trials: &[Trial],
    store: &Store,
    asked: &Alone<'_>,
    progress: &mut dyn FnMut(Progress),
) -> Result<PathBuf, ReportError> {
    let is_table = [TABLE, SCORES].contains(&asked.name);
    let kind = if is_table { None } else { Some(kind(asked)?) };
    let options = kind.map(|kind| kind.reads).unwrap_or_default();
    let prepared = Prepared::of(sweep, trials, store, asked.cross_trial, options, progress);
    let context = prepared.context(sweep);
    let bytes = match (kind, kind.and_then(|kind| kind.pictures)) {
        (None, _) => table(&context, asked)?,
        (Some(kind), None) => figure(&context, asked, kind)?,
        (Some(kind), Some(pictured)) => picture(&prepared, trials, store, asked, (kind, pictured))?,
    };
    let folder = asked.out.parent().filter(|folder| *folder != Path::new(""));
    let name = asked.out.file_name().unwrap_or_default().to_string_lossy();
    write(folder.unwrap_or(Path::new(".")), &name, &bytes)
}

/// The kind whose name equals the requested name or is its prefix.
fn kind(asked: &Alone<'_>) -> Result<&'static Kind, ReportError> {
    let is_of = |kind: &&Kind| {
        let rest = asked.name.strip_prefix(kind.name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let found = KINDS.iter().filter(is_of);
    found
        .max_by_key(|kind| kind.name.len())
        .ok_or_else(|| unknown(asked, KINDS.iter().map(|kind| kind.name.to_owned())))
}

fn unknown(asked: &Alone<'_>, known: impl Iterator<Item = String>) -> ReportError {
    ReportError::UnknownFigure {
        name: asked.name.to_owned(),
        known: known.chain([TABLE, SCORES].map(str::to_owned)).collect(),
    }
}

fn bad_ending(asked: &Alone<'_>, endings: &[&'static str]) -> ReportError {
    ReportError::UnknownEnding {
        name: asked.name.to_owned(),
        path: asked.out.to_owned(),
        endings: endings.to_vec(),
    }
}

fn nothing(asked: &Alone<'_>) -> ReportError {
    ReportError::NothingToShow {
        name: asked.name.to_owned(),
    }
}

fn ending<'a>(asked: &Alone<'a>) -> &'a str {
    asked.out.extension().and_then(|e| e.to_str()).unwrap_or("")
}

fn table(context: &Context<'_>, asked: &Alone<'_>) -> Result<Vec<u8>, ReportError> {
    match ending(asked) {
        "tex" if asked.name == TABLE => {
            Ok(latex(&settings_table(context.rows, context.panels)).into_bytes())
        }
        "csv" | "parquet" => {
            let tables = tables(context.rows)?;
            let is_summary = asked.name == TABLE;
            encoded(
                asked,
                if is_summary {
                    &tables.summary
                } else {
                    &tables.scores
                },
            )
        }
        _ if asked.name == TABLE => Err(bad_ending(asked, &[".tex", ".csv", ".parquet"])),
        _ => Err(bad_ending(asked, &[".csv", ".parquet"])),
    }
}

fn encoded(asked: &Alone<'_>, frame: &DataFrame) -> Result<Vec<u8>, ReportError> {
    let [(_, csv), (_, parquet)] = encode(asked.name, frame)?;
    Ok(if ending(asked) == "csv" { csv } else { parquet })
}

fn figure(context: &Context<'_>, asked: &Alone<'_>, kind: &Kind) -> Result<Vec<u8>, ReportError> {
    let mut figures = (kind.make)(context)?;
    if figures.is_empty() {
        return Err(nothing(asked));
    }
    if asked.name != kind.name || figures.iter().any(|one| one.name == asked.name) {
        let known: Vec<String> = figures.iter().map(|one| one.name.clone()).collect();
        figures.retain(|one| one.name == asked.name);
        if figures.is_empty() {
            return Err(unknown(asked, known.into_iter()));
        }
    }
    let theme = if asked.is_dark {
        Theme::Dark
    } else {
        Theme::Light
    };
    let scenes: Vec<Scene> = figures.iter().map(|one| one.scene.clone()).collect();
    let scene = Scene::tiled(&scenes, if scenes.len() < 4 { scenes.len() } else { 3 });
    let join = |of: fn(&Figure) -> &str| figures.iter().map(of).collect::<Vec<_>>().join(" ");
    match ending(asked) {
        "svg" => {
            let text = svg(&scene, theme);
            let text = described(
                &text,
                &join(|one| &one.title),
                &join(|one| &one.description),
            );
            Ok(text.into_bytes())
        }
        "png" => png(&scene, theme).map_err(ReportError::draw(asked.name)),
        "csv" | "parquet" => {
            let mut all = figures[0].data.clone();
            for one in &figures[1..] {
                all.vstack_mut(&one.data)
                    .map_err(ReportError::table(asked.name))?;
            }
            encoded(asked, &all)
        }
        _ => Err(bad_ending(asked, &[".svg", ".png", ".csv", ".parquet"])),
    }
}

/// The pictures of one trial: the best trial of the requested setting, or the best trial of all.
fn picture(
    prepared: &Prepared,
    trials: &[Trial],
    store: &Store,
    asked: &Alone<'_>,
    (kind, pictured): (&Kind, Pictured),
) -> Result<Vec<u8>, ReportError> {
    let rows = &prepared.rows;
    let best = best_trials(rows, &prepared.panels);
    let slug = |trial: usize| {
        format!(
            "{}-{}",
            kind.name,
            pictures::slug(rows, rows.trials[trial].setting)
        )
    };
    let merit = best.criterion.merit();
    // `traversals-posterior` and `traversals-<setting>-posterior` are the traversals over the posterior range.
    let own_range = match pictured {
        Pictured::Traversals => asked.name.strip_suffix(POSTERIOR),
        _ => None,
    };
    let name = own_range.unwrap_or(asked.name);
    let found = if name == kind.name {
        let all = best.trials.iter();
        all.max_by(|a, b| (merit * a.value).total_cmp(&(merit * b.value)))
    } else {
        best.trials.iter().find(|one| slug(one.trial) == name)
    };
    let Some(found) = found else {
        let known = best.trials.iter().map(|one| slug(one.trial));
        return Err(if best.trials.is_empty() {
            nothing(asked)
        } else {
            unknown(asked, known)
        });
    };
    let folder = store.trial(&trials[found.trial].id());
    let pictures = noted(folder.pictures(), &mut Vec::new()).ok_or_else(|| nothing(asked))?;
    let probe = noted(folder.probe(), &mut Vec::new());
    let file = sheets(&pictures, probe.as_ref(), pictured)
        .into_iter()
        .find(|file| own_range.is_some() == (file.kind == POSTERIOR_TRAVERSALS))
        .ok_or_else(|| nothing(asked))?;
    match (ending(asked), pictured) {
        ("png", _) => file
            .sheet
            .labelled_png()
            .map_err(ReportError::draw(asked.name)),
        ("gif", Pictured::Traversals) => animation(&file.sheet)
            .map_err(ReportError::draw(asked.name))?
            .ok_or_else(|| nothing(asked)),
        (_, Pictured::Traversals) => Err(bad_ending(asked, &[".png", ".gif"])),
        _ => Err(bad_ending(asked, &[".png"])),
    }
}
