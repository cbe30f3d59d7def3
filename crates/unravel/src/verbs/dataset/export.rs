//! `unravel dataset export`: renders dSprites and writes it in the format of the official npz file.

use std::ops::ControlFlow;

use unravel_data::{check_replaceable, export_npz};

use super::ExportArgs;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::progress::task::Task;
use crate::stderr;
use crate::stdout;

/// Writes the file. An existing file is overwritten only with `--force`, and only by a complete file.
pub fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    let file = args.file.display();
    // A broken link counts as a file, since it would be replaced too.
    if !args.force && args.file.symlink_metadata().is_ok() {
        return Err(Failure::usage(format!(
            "`{file}` already exists; choose another path, or pass --force to overwrite it"
        )));
    }
    check_replaceable(&args.file).map_err(|error| {
        Failure::usage(format!(
            "cannot write `{file}`: {error}; choose another path"
        ))
    })?;
    let mut task = Task::new("exporting", "images", args.quiet);
    let watch = interrupt::watch()?;
    let exported = export_npz(&args.file, |done, total| {
        task.set(done, total);
        match watch.interrupt.n_raised() {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    });
    drop(task);
    if exported
        .as_ref()
        .is_err_and(|error| error.is_interruption())
    {
        stderr::line("interrupted; nothing was written");
        return Ok(Exit::Interrupted);
    }
    exported.map_err(|error| Failure::new(Exit::BadStore, error))?;
    let size = std::fs::metadata(&args.file).map_or(0, |about| about.len());
    stdout::line(&format!(
        "{file}: dSprites, 737,280 images, {}",
        stdout::bytes(size)
    ));
    Ok(Exit::Success)
}
