//! `unravel dataset export`: the rendered dSprites as its official npz.

use std::ops::ControlFlow;

use unravel_data::{check_replaceable, export_npz};

use super::ExportArgs;
use crate::exit::{Exit, Failure};
use crate::interrupt;
use crate::output;
use crate::progress::task::Task;
use crate::say;

/// Writes the file; one that is there is replaced only when forced, and only by a complete one.
pub fn export(args: &ExportArgs) -> Result<Exit, Failure> {
    let file = args.file.display();
    // A link that leads nowhere counts as a file, since it would be replaced too.
    if !args.force && args.file.symlink_metadata().is_ok() {
        return Err(Failure::usage(format!(
            "`{file}` is there already; give another name, or --force to replace it"
        )));
    }
    check_replaceable(&args.file).map_err(|error| {
        Failure::usage(format!("cannot write `{file}`: {error}; give another name"))
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
        say::line("interrupted; nothing was written");
        return Ok(Exit::Interrupted);
    }
    exported.map_err(|error| Failure::new(Exit::BadStore, error))?;
    let size = std::fs::metadata(&args.file).map_or(0, |about| about.len());
    output::line(&format!(
        "{file}: dSprites, 737,280 images, {}",
        output::bytes(size)
    ));
    Ok(Exit::Success)
}
