//! `unravel compare`: two sweeps, or one sweep in two stores, on one page.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;
use unravel_report::{CompareError, Compared, Side, compare as write_page};
use unravel_store::Store;

use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{output, say};

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
    /// The second one; left out, A once more, in another store
    #[arg(value_name = "B.toml", required_unless_present = "store_b")]
    b: Option<PathBuf>,
    /// The folder that holds every trial
    #[arg(long, value_name = "DIR", default_value = "runs")]
    store: PathBuf,
    /// The folder that holds B's trials, where it is another one
    #[arg(long, value_name = "DIR")]
    store_b: Option<PathBuf>,
    /// The page's folder [default: reports/<A>-and-<B>]
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
    /// Print no findings
    #[arg(long, short)]
    quiet: bool,
}

/// Writes the page and says what differs.
pub fn compare(args: &CompareArgs) -> Result<Exit, Failure> {
    let files = [&args.a, args.b.as_ref().unwrap_or(&args.a)];
    let stores = [&args.store, args.store_b.as_ref().unwrap_or(&args.store)];
    if files[0] == files[1] && stores[0] == stores[1] {
        let sentence = "both are the same sweep in the same store; name another sweep, or its other store by --store-b";
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
    let mut compared = write_page(sides.each_ref(), &folder)?;
    compared.notices.extend(notices);
    say(args, &titles, &compared);
    Ok(Exit::Success)
}

/// What tells the two apart: their names, else their stores, else their files.
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

/// `reports/<A>-and-<B>`, in letters that can stand in a path.
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
        say::note(notice);
    }
    if args.json {
        output::json(&json!({
            "a": titles[0], "b": titles[1], "matched": compared.n_matched, "only_a": compared.n_alone[0],
            "only_b": compared.n_alone[1], "scores": compared.scores, "findings": compared.findings,
            "report": output::path(&compared.index),
        }));
        return;
    }
    if !args.quiet {
        compared.findings.iter().for_each(say::line);
    }
    output::line(&compared.index.display().to_string());
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Empty { .. } => Self::new(Exit::TrialsFailed, error),
            CompareError::Report(error) => error.into(),
        }
    }
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
