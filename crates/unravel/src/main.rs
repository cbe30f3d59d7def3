//! Hyperparameter sweeps and evaluation of disentangled VAEs: the command line.
//!
//! The only place that prints, exits or reads the environment. One file a verb, in [`verbs`].

mod allocator;
mod cli;
mod devices;
mod exit;
mod faults;
mod interrupt;
mod launch;
mod limits;
mod live;
mod memory;
mod output;
mod progress;
mod say;
mod study;
mod surroundings;
mod verbs;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};

use cli::{Cli, Verb};
use exit::{Exit, Failure};
use unravel_sweep::harmless;

fn main() -> ExitCode {
    surroundings::shut_out();
    limits::survive_file_size_limit();
    limits::hear_panics();
    allocator::spare_addresses();
    let result = match Cli::try_parse() {
        Ok(cli) => {
            limits::within(|| work(cli.verb)).unwrap_or_else(|reason| Err(Failure::limit(reason)))
        }
        Err(shown) => Ok(show(&shown)),
    };
    // A result that was not delivered is no success, whatever else went well.
    let result = result.and_then(|exit| match exit {
        Exit::Success => output::finish().map(|()| exit),
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
        // They compute nothing; a worker starts as many threads as its order allows.
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

/// Prints help or version, which are results, or what is wrong with the command line.
fn show(shown: &clap::Error) -> Exit {
    // What is wrong is told with the arguments in it.
    let is_harmless = std::env::args_os()
        .all(|arg| harmless::line(&arg.to_string_lossy()) == arg.to_string_lossy());
    match shown.use_stderr() {
        // In colours, where the terminal has them. What stderr does not take is lost.
        true if is_harmless => drop(shown.print()),
        true => say::line(shown.render().to_string().trim_end()),
        false => output::written(shown.print()),
    }
    match shown.exit_code() {
        0 => Exit::Success,
        _ => Exit::Usage,
    }
}
