//! `unravel report`: render again from the store.

use std::path::Path;

use serde_json::json;
use unravel_report::Alone;
use unravel_store::Store;

use crate::cli::ReportArgs;
use crate::exit::{Exit, Failure};
use crate::study::Study;
use crate::{output, say};

/// Renders a sweep's report from whatever the store holds.
pub fn report(args: &ReportArgs) -> Result<Exit, Failure> {
    let study = Study::open(&args.common.sweep)?;
    let store = Store::open_read(&args.common.store)?;
    if let (Some(name), Some(out)) = (&args.figure, &args.out) {
        return alone(args, &study, &store, name, out);
    }
    let folder = study.report_folder(args.report.as_deref());
    study.make_report_folder(&folder)?;
    for notice in study.take_cross_trial_scores(&store, &folder)? {
        say::note(notice);
    }
    let rendered = study.render(&store, &folder)?;
    if args.common.json {
        output::json(&json!({
            "report": output::path(&rendered.index), "trials": rendered.n_trials, "missing": rendered.n_missing,
        }));
        return Ok(Exit::Success);
    }
    if 0 < rendered.n_missing && !args.common.quiet {
        let trials = output::count(study.trials.len(), "trial");
        say::note(format_args!(
            "of {trials}, {} not done yet; `unravel run` goes on",
            rendered.n_missing
        ));
    }
    output::line(&rendered.index.display().to_string());
    Ok(Exit::Success)
}

/// Draws one figure into one file.
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
        say::note(notice);
    }
    let path = unravel_report::draw_alone(&study.sweep, &study.trials, store, &asked, &mut |_| {})?;
    if args.common.json {
        output::json(&json!({ "figure": name, "file": output::path(&path) }));
    } else {
        output::line(&path.display().to_string());
    }
    Ok(Exit::Success)
}
