//! `unravel check`: validate a sweep file, and its data as far as a moment shows it.

use serde_json::json;

use crate::cli::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::study;
use crate::{output, say};

/// Says what a sweep file asks for, or what is wrong with it.
pub fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let checked = study::parse(&args.sweep).and_then(|(text, mut sweep)| {
        let notes = study::check_data(&args.sweep, &text, &mut sweep)?;
        Ok((sweep, notes))
    });
    let (sweep, notes) = match checked {
        Err(failure) if args.json => {
            output::json(&json!({ "valid": false, "faults": failure.faults_json() }));
            return Ok(failure.exit);
        }
        other => other?,
    };
    notes.iter().for_each(say::note);
    // Arms may share trials, which are trained once. What the observations are does not matter to that.
    let n_trials = sweep.trials("").len();
    if args.json {
        output::json(
            &json!({ "valid": true, "name": sweep.name, "trials": n_trials, "notes": notes }),
        );
    } else {
        let arms = output::count(sweep.arms.len(), "arm");
        let trials = output::count(n_trials, "trial");
        output::line(&format!(
            "{}: {} with {arms}, {trials}",
            args.sweep.display(),
            sweep.name
        ));
    }
    Ok(Exit::Success)
}
