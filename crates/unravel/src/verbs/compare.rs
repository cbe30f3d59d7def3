//! `unravel compare`: compares two sweeps, or one sweep in two stores, on one page.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use unravel_report::{CompareError, Compared, Side, compare as write_page};
use unravel_store::Store;

use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{stderr, stdout};

const EXAMPLES: &str = "\
Examples:
  unravel compare small.toml large.toml                         two sweeps of one store
  unravel compare sweep.toml --store before --store-b after     one sweep, before and after a change";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct CompareArgs {
    /// The first sweep file
    #[arg(value_name = "A.toml")]
    a: PathBuf,
    /// The second sweep file. If omitted, A is compared with itself in another store; requires --store-b
    #[arg(value_name = "B.toml")]
    b: Option<PathBuf>,
    /// The store: the folder with the trials
    #[arg(long, value_name = "DIR", default_value = "runs")]
    store: PathBuf,
    /// The folder with the trials of B [default: the folder of --store]
    #[arg(long, value_name = "DIR")]
    store_b: Option<PathBuf>,
    /// The page's folder [default: reports/<A>-and-<B>]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
    /// Do not print the summary of differences
    #[arg(long, short)]
    quiet: bool,
}

/// Writes the page and prints the differences.
pub fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    if args.b.is_none() && args.store_b.is_none() {
        return Err(Failure::usage(
            "compare requires a second sweep file, or another store with --store-b",
        ));
    }
    let files = [&args.a, args.b.as_ref().unwrap_or(&args.a)];
    let stores = [&args.store, args.store_b.as_ref().unwrap_or(&args.store)];
    if files[0] == files[1] && stores[0] == stores[1] {
        let sentence = "both sides are the same sweep in the same store; pass a second sweep file, or another store with --store-b";
        return Err(Failure::usage(sentence));
    }
    let studies = [Study::open(files[0])?, Study::open(files[1])?];
    let opened = [Store::open_read(stores[0])?, Store::open_read(stores[1])?];
    let titles = titles(&studies, files, stores);
    let mut notices = Vec::new();
    let mut side = |idx: usize| {
        Ok::<_, Failure>(Side {
            title: titles[idx].clone(),
            sweep: &studies[idx].sweep,
            trials: &studies[idx].trials,
            store: &opened[idx],
            cross_trial: studies[idx].cross_trial_scores(&opened[idx], &mut notices)?,
        })
    };
    let sides = [side(0)?, side(1)?];
    let folder = args.report.clone().unwrap_or_else(|| folder(&titles));
    let mut compared = write_page(sides.each_ref(), &folder).map_err(|error| match error {
        CompareError::Empty { side } => empty(&studies[side], files[side], stores[side]),
        CompareError::Report(error) => error.into(),
    })?;
    compared.notices.extend(notices);
    say(args, &titles, &compared);
    Ok(Exit::Success)
}

/// Distinct titles of the two sides: the names of the sweeps, else of the stores, else of the files.
fn titles(studies: &[Study; 2], files: [&PathBuf; 2], stores: [&PathBuf; 2]) -> [String; 2] {
    let names = studies.each_ref().map(|study| study.sweep.name.clone());
    if names[0] != names[1] {
        return names;
    }
    let stems = |paths: [&PathBuf; 2]| paths.map(|path| stem(path));
    let by_store = stems(stores);
    if by_store[0] != by_store[1] {
        return by_store;
    }
    let by_file = stems(files);
    if by_file[0] != by_file[1] {
        return by_file;
    }
    let paths = if files[0] == files[1] { stores } else { files };
    paths.map(|path| path.display().to_string())
}

fn stem(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or(path.as_os_str());
    stem.to_string_lossy().into_owned()
}

/// `reports/<A>-and-<B>`, with characters that are valid in a path.
fn folder(titles: &[String; 2]) -> PathBuf {
    let name = format!("{}-and-{}", titles[0], titles[1]);
    let letter = |c: char| {
        if c.is_alphanumeric() || "-_.".contains(c) {
            c
        } else {
            '-'
        }
    };
    Path::new("reports").join(name.chars().map(letter).collect::<String>())
}

fn say(args: &CompareArgs, titles: &[String; 2], compared: &Compared) {
    for notice in &compared.notices {
        stderr::note(notice);
    }
    if args.json {
        stdout::json(&json!({
            "a": titles[0], "b": titles[1], "matched": compared.n_matched, "only_a": compared.n_alone[0],
            "only_b": compared.n_alone[1], "scores": compared.scores, "findings": compared.findings,
            "report": stdout::path(&compared.index),
        }));
        return;
    }
    if !args.quiet {
        compared.findings.iter().for_each(stderr::line);
    }
    stdout::line(&compared.index.display().to_string());
}

/// A side without a finished trial.
fn empty(study: &Study, file: &Path, store: &Path) -> Failure {
    let (name, file, store) = (&study.sweep.name, file.display(), store.display());
    let sentence = format!(
        "the store `{store}` has no trained and scored trial of the sweep `{name}`; run `unravel run {file} --store {store}` \
         first"
    );
    Failure::new(Exit::TrialsFailed, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_after_both() {
        let of = |a: &str, b: &str| folder(&[a.to_owned(), b.to_owned()]);
        assert_eq!(of("small", "large"), Path::new("reports/small-and-large"));
        assert_eq!(of("../a b", "c"), Path::new("reports/..-a-b-and-c"));
    }
}
