//! Hyperparameter sweeps and evaluation of disentangled VAEs: the command line.
//!
//! Only this crate prints, exits or reads the environment. Each verb has one file in [`verbs`].

mod allocator;
mod choose_launcher;
mod cli;
mod devices;
mod exit;
mod interrupt;
mod isolation;
mod limits;
mod live_report;
mod memory;
mod progress;
mod stderr;
mod stdout;
mod study;
mod sweep_errors;
mod verbs;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Verb};
use exit::{Exit, Failure};
use unravel_sweep::printable;

fn main() -> ExitCode {
    isolation::shut_out();
    limits::survive_file_size_limit();
    limits::hear_panics();
    allocator::spare_addresses();
    let result = match Cli::try_parse() {
        Ok(cli) => {
            limits::within(|| work(cli.verb)).unwrap_or_else(|reason| Err(Failure::limit(reason)))
        }
        Err(shown) => Ok(show(&shown)),
    };
    // If the results could not be written, the run is not a success.
    let result = result.and_then(|exit| match exit {
        Exit::Success => stdout::finish().map(|()| exit),
        other => Ok(other),
    });
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => {
            failure.print();
            failure.exit.into()
        }
    }
}

fn work(verb: Verb) -> Result<Exit, Failure> {
    match &verb {
        // `init` and `completions` need no threads; a worker starts the number in its order.
        Verb::Init(_) | Verb::Completions(_) | Verb::Worker(_) => {}
        _ => limits::start_threads()?,
    }
    match verb {
        Verb::Init(args) => verbs::init::init(&args),
        Verb::Run(args) => verbs::run::run(&args),
        Verb::Check(args) => verbs::check::check(&args),
        Verb::Plan(args) => verbs::plan::plan(&args),
        Verb::Status(args) => verbs::status::status(&args),
        Verb::Report(args) => verbs::report::report(&args),
        Verb::Compare(args) => verbs::compare::compare(&args),
        Verb::Export(args) => verbs::export::export(&args),
        Verb::Gc(args) => verbs::gc::gc(&args),
        Verb::Evaluate(args) => verbs::evaluate::evaluate(&args),
        Verb::Dataset(args) => verbs::dataset::dataset(&args),
        Verb::Completions(args) => Ok(verbs::completions::completions(&args, Cli::command())),
        Verb::Worker(args) => verbs::worker::worker(&args),
    }
}

/// Prints the help, the version, or the error of the command line.
fn show(shown: &clap::Error) -> Exit {
    // The message quotes the arguments.
    let is_printable = std::env::args_os()
        .all(|arg| printable::line(&arg.to_string_lossy()) == arg.to_string_lossy());
    match shown.use_stderr() {
        // Has colours if the terminal supports them. Write errors are ignored.
        true if is_printable => drop(shown.print()),
        true => stderr::line(shown.render().to_string().trim_end()),
        false => stdout::written(shown.print()),
    }
    match shown.exit_code() {
        0 => Exit::Success,
        _ => Exit::Usage,
    }
}
