//! Hyperparameter sweeps and evaluation of disentangled VAEs: the command line.
//!
//! The only place that prints, exits or reads the environment. One file a verb, in [`verbs`].

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
mod study;
mod verbs;

use clap::Parser;

use cli::{Cli, Verb};
use exit::Exit;

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    limits::survive_file_size_limit();
    let result = match cli.verb {
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
        Verb::Completions(args) => Ok(verbs::completions::completions(&args)),
        Verb::Worker(args) => verbs::worker::worker(&args),
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
