//! Writes the picture sheets of each setting's best trial to files.

use crate::axis::plain;
use crate::error::ReportError;
use crate::figures::traversals::{Best, BestTrials, Pictured, SheetFile, animation, sheets};
use crate::load::noted;
use crate::output::write;
use crate::page::{SettingPictures, setting_pictures, view};
use crate::report_input::Rows;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use unravel_store::Store;
use unravel_sweep::Trial;

/// The source and the destination of pictures.
pub struct Sources<'a> {
    /// The rows loaded from the store.
    pub rows: &'a Rows,
    /// The trials that are shown.
    pub best: &'a BestTrials,
    /// The trials of the sweep.
    pub trials: &'a [Trial],
    /// Where their pictures are.
    pub store: &'a Store,
    /// The report's folder.
    pub dir: &'a Path,
}

/// What was drawn.
#[derive(Default)]
pub struct Shown {
    /// For the page, one per setting.
    pub settings: Vec<SettingPictures>,
    /// The files.
    pub files: Vec<PathBuf>,
    /// A sentence for every file of the store that could not be read.
    pub notices: Vec<String>,
}

/// Writes every sheet. For a trial without pictures, the page states that there are none.
///
/// # Errors
/// If a picture cannot be encoded or a file cannot be written.
pub fn draw(
    sources: &Sources<'_>,
    pictured: Pictured,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Shown, ReportError> {
    let best = &sources.best.trials;
    progress(0, best.len());
    let one = |best| draw_one(sources, pictured, best);
    let drawn: Vec<(SettingPictures, Vec<PathBuf>, Vec<String>)> =
        best.par_iter()
            .map(one)
            .collect::<Result<_, ReportError>>()?;
    progress(best.len(), best.len());
    let mut shown = Shown::default();
    for (setting, files, notices) in drawn {
        shown.settings.push(setting);
        shown.files.extend(files);
        shown.notices.extend(notices);
    }
    Ok(shown)
}

fn draw_one(
    sources: &Sources<'_>,
    pictured: Pictured,
    best: &Best,
) -> Result<(SettingPictures, Vec<PathBuf>, Vec<String>), ReportError> {
    let (rows, mut notices, mut files) = (sources.rows, Vec::new(), Vec::new());
    let folder = sources.store.trial(&sources.trials[best.trial].id());
    let pictures = noted(folder.pictures(), &mut notices);
    let trial = &rows.trials[best.trial];
    let setting = &rows.settings[trial.setting];
    let mut views = Vec::new();
    let probe = match pictured {
        Pictured::Traversals => noted(folder.probe(), &mut notices),
        _ => None,
    };
    let sheets = pictures
        .as_ref()
        .map_or_else(Vec::new, |p| sheets(p, probe.as_ref(), pictured));
    for file in &sheets {
        let stem = format!("{}-{}", slug(rows, trial.setting), file.kind);
        let names = write_sheet(sources.dir, &stem, file, pictured, &mut files)?;
        let shown = view(setting, trial, file, names.0, names.1);
        views.push(shown.map_err(ReportError::draw(&stem))?);
    }
    let (quantity, value) = (sources.best.criterion.quantity(), plain(best.value, 3));
    let which = format!(
        "seed {} · {quantity} {value} · trial {}",
        trial.seed, trial.id
    );
    Ok((setting_pictures(setting, which, views), files, notices))
}

/// Writes a sheet and, for traversals, its animation. Returns their paths relative to the page.
fn write_sheet(
    dir: &Path,
    stem: &str,
    file: &SheetFile<'_>,
    pictured: Pictured,
    files: &mut Vec<PathBuf>,
) -> Result<(String, Option<String>), ReportError> {
    let to = dir.join("pictures");
    let bytes = file.sheet.labelled_png().map_err(ReportError::draw(stem))?;
    files.push(write(&to, &format!("{stem}.png"), &bytes)?);
    let moving = match pictured {
        Pictured::Traversals => animation(&file.sheet).map_err(ReportError::draw(stem))?,
        _ => None,
    };
    let moving_name = moving.as_ref().map(|_| format!("{stem}.gif"));
    if let (Some(bytes), Some(name)) = (moving, &moving_name) {
        files.push(write(&to, name, &bytes)?);
    }
    let place = |name: String| format!("pictures/{name}");
    Ok((place(format!("{stem}.png")), moving_name.map(place)))
}

/// The maximum length of a setting's part of a file name. File systems allow 255 bytes per name.
const MAX_SLUG_BYTES: usize = 100;

/// `beta-vae-beta-4`. If settings share family and strength, or if the name was cut, the beginning of the trial's id is
/// added.
pub fn slug(rows: &Rows, idx: usize) -> String {
    let of = |idx: usize| {
        let setting = &rows.settings[idx].setting;
        let (family, name) = (&setting.family, &setting.strength_name);
        file_name_part(&format!("{family}-{name}-{}", setting.strength))
    };
    let (slug, is_cut) = of(idx);
    let is_shared = (0..rows.settings.len()).any(|other| other != idx && of(other).0 == slug);
    match is_shared || is_cut {
        true => format!("{slug}-{}", &rows.settings[idx].setting.id[..6]),
        false => slug,
    }
}

/// The part of a text that a file name can contain, and whether something was cut.
fn file_name_part(text: &str) -> (String, bool) {
    let end = text.floor_char_boundary(MAX_SLUG_BYTES);
    (text[..end].to_owned(), end < text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_make_no_file_name_that_a_disk_refuses() {
        let kept = |text: &str| (text.to_owned(), false);
        assert_eq!(file_name_part("beta-vae-beta-4"), kept("beta-vae-beta-4"));
        let (part, is_cut) = file_name_part(&format!("beta-vae-beta-{}", 5e-324));
        assert!(is_cut && part.len() <= MAX_SLUG_BYTES, "{part}");
        assert!(part.starts_with("beta-vae-beta-0.000"));
    }
}
