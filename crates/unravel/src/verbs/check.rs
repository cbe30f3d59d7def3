//! `unravel check`: validates a sweep file, and the parts of its data that are quick to check.

use serde_json::json;

use crate::cli::CheckArgs;
use crate::exit::{Exit, Failure};
use crate::study;
use crate::{stderr, stdout};

/// Prints the size of a valid sweep, or the errors of its file.
pub fn check(args: &CheckArgs) -> Result<Exit, Failure> {
    let checked = study::parse(&args.sweep).and_then(|(text, mut sweep)| {
        let notes = study::check_data(&args.sweep, &text, &mut sweep)?;
        Ok((sweep, notes))
    });
    let (sweep, notes) = match checked {
        Err(failure) if args.json => {
            stdout::json(&json!({ "valid": false, "faults": failure.faults_json() }));
            return Ok(failure.exit);
        }
        other => other?,
    };
    notes.iter().for_each(stderr::note);
    // Trials that several arms share count once. The content of the data does not affect the number.
    let n_trials = sweep.trials("").len();
    if args.json {
        stdout::json(
            &json!({ "valid": true, "name": sweep.name, "trials": n_trials, "notes": notes }),
        );
    } else {
        let arms = stdout::count(sweep.arms.len(), "arm");
        let trials = stdout::count(n_trials, "trial");
        stdout::line(&format!(
            "{}: {} with {arms}, {trials}",
            args.sweep.display(),
            sweep.name
        ));
    }
    Ok(Exit::Success)
}
