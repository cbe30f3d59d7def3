//! The sheets of each setting's best trial to files, one trial in memory at a time.

use crate::axis::plain;
use crate::error::ReportError;
use crate::figures::traversals::{Best, BestTrials, sheets};
use crate::load::noted;
use crate::output::write;
use crate::page::{SettingPictures, setting_pictures, view};
use crate::rows::Rows;
use std::path::{Path, PathBuf};
use unravel_store::Store;
use unravel_sweep::Trial;

/// Where pictures come from and go to.
pub struct Sources<'a> {
    /// The trials that are shown.
    pub best: &'a BestTrials,
    /// The trials of the sweep.
    pub trials: &'a [Trial],
    /// Where their pictures are.
    pub store: &'a Store,
    /// The report's folder.
    pub dir: &'a Path,
}

/// Writes every sheet; `files` takes the paths. A trial without pictures is shown as such.
///
/// # Errors
/// When a picture cannot be encoded or a file not be written.
pub fn draw(
    rows: &mut Rows,
    sources: &Sources<'_>,
    files: &mut Vec<PathBuf>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<SettingPictures>, ReportError> {
    let best = &sources.best.trials;
    let mut shown = Vec::new();
    for (n_done, best_trial) in best.iter().enumerate() {
        progress(n_done, best.len());
        shown.push(draw_one(rows, sources, best_trial, files)?);
    }
    progress(best.len(), best.len());
    Ok(shown)
}

fn draw_one(
    rows: &mut Rows,
    sources: &Sources<'_>,
    best: &Best,
    files: &mut Vec<PathBuf>,
) -> Result<SettingPictures, ReportError> {
    let folder = sources.store.trial(&sources.trials[best.trial].id());
    let pictures = noted(folder.pictures(), &mut rows.notices);
    let trial = &rows.trials[best.trial];
    let setting = &rows.settings[trial.setting];
    let mut views = Vec::new();
    for sheet in pictures.iter().flat_map(sheets) {
        let name = format!("{}-{}.png", slug(rows, trial.setting), sheet.kind);
        let failed = |source| ReportError::Draw {
            figure: name.clone(),
            source,
        };
        let bytes = sheet.sheet.labelled_png().map_err(failed)?;
        files.push(write(&sources.dir.join("pictures"), &name, &bytes)?);
        views.push(view(setting, trial, &sheet, format!("pictures/{name}")).map_err(failed)?);
    }
    let (quantity, value) = (sources.best.criterion.quantity(), plain(best.value, 3));
    let which = format!(
        "seed {} · {quantity} {value} · trial {}",
        trial.seed, trial.id
    );
    Ok(setting_pictures(setting, which, views))
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
