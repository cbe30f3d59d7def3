//! `unravel report`: renders the report again from the store.

use std::path::Path;

use serde_json::json;
use unravel_report::Alone;
use unravel_store::Store;

use crate::cli::ReportArgs;
use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{stderr, stdout};

/// Renders the report of a sweep from the finished trials of the store.
pub fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let study = Study::open(&args.common.sweep)?;
    let store = Store::open_read(&args.common.store)?;
    if let (Some(name), Some(out)) = (&args.figure, &args.out) {
        return alone(args, &study, &store, name, out);
    }
    let folder = study.report_folder(args.report.as_deref());
    study.make_report_folder(&folder)?;
    for notice in study.take_cross_trial_scores(&store, &folder)? {
        stderr::note(notice);
    }
    let rendered = study.render(&store, &folder)?;
    if args.common.json {
        stdout::json(&json!({
            "report": stdout::path(&rendered.index), "trials": rendered.n_trials, "missing": rendered.n_missing,
        }));
        return Ok(Exit::Success);
    }
    if 0 < rendered.n_missing && !args.common.quiet {
        let trials = stdout::count(study.trials.len(), "trial");
        stderr::note(format_args!(
            "{} of {trials} {} not finished; `unravel run` trains and scores them",
            rendered.n_missing,
            if rendered.n_missing == 1 { "is" } else { "are" },
        ));
    }
    stdout::line(&rendered.index.display().to_string());
    Ok(Exit::Success)
}

/// Draws one figure to a file.
fn alone(
    args: &ReportArgs,
    study: &Study,
    store: &Store,
    name: &str,
    out: &Path,
) -> Result<Exit, Failure> {
    let mut notices = Vec::new();
    let asked = Alone {
        name,
        is_dark: args.dark,
        out,
        cross_trial: &study.cross_trial_scores(store, &mut notices)?,
    };
    for notice in notices {
        stderr::note(notice);
    }
    let path = unravel_report::draw_alone(&study.sweep, &study.trials, store, &asked, &mut |_| {})?;
    if args.common.json {
        stdout::json(&json!({ "figure": name, "file": stdout::path(&path) }));
    } else {
        stdout::line(&path.display().to_string());
    }
    Ok(Exit::Success)
}
