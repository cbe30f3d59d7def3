//! `unravel-bench`: benchmarks on this machine, printed as text or JSON lines.

mod cli;

use std::fmt::Display;
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use serde::Serialize;
use unravel_bench::BenchError;
use unravel_bench::machine::Machine;
use unravel_bench::versus::{self, Plan};
use unravel_bench::{cuda, data, encode, layers, scale, train};

use cli::{Cli, What};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match (cli.what.clone(), &cli.vs_torch) {
        (Some(What::Cuda { cohorts }), python) => on_cuda(&cli, &cohorts, python.as_deref()),
        (Some(What::Train) | None, Some(_)) => compare(&cli),
        (_, Some(_)) => {
            eprintln!(
                "error: --vs-torch compares training: use it with `train` or without a command"
            );
            return ExitCode::from(2);
        }
        (Some(what), None) => measure(&cli, what),
        (None, None) => {
            eprintln!(
                "error: no command: use train, encode, layers, data, cuda or scale; see --help"
            );
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(cli: &Cli, what: What) -> Result<(), BenchError> {
    if !cli.json && !matches!(what, What::Worker | What::CudaWorker) {
        println!("{}", Machine::here());
    }
    match what {
        What::Train => {
            for workload in cli.workloads() {
                for division in cli.divisions() {
                    emit(cli, &train::measure(workload, division, cli.seconds)?);
                }
            }
        }
        What::Encode { whole } => {
            for architecture in &cli.arch {
                let duration = (!whole).then_some(cli.seconds);
                emit(
                    cli,
                    &encode::measure(*architecture, cli.n_threads(), duration)?,
                );
            }
        }
        What::Layers => {
            for workload in cli.workloads() {
                show_layers(
                    cli,
                    &layers::measure(workload, cli.threads.unwrap_or(1), cli.seconds)?,
                );
            }
        }
        What::Data => data::measure(cli.n_threads(), cli.seconds, &mut |record| {
            emit(cli, record)
        })?,
        What::Cuda { cohorts } => on_cuda(cli, &cohorts, None)?,
        What::Scale {
            folder,
            trials,
            planned,
            cohorts,
        } => {
            let plan = scale::Plan {
                trials,
                planned,
                cohorts,
                rounds: cli.rounds,
                folder,
            };
            scale::measure(&plan, &mut |line| eprintln!("{line}"), &mut |timed| {
                emit(cli, timed);
            })?;
        }
        What::CudaWorker => {
            unravel_cuda::keep_kernels(&std::env::temp_dir().join("unravel-bench-kernels"));
            for workload in cli.workloads() {
                let rate = cuda::measure(workload, cli.seconds)?;
                println!("{}", serde_json::to_string(&rate).unwrap_or_default());
            }
        }
        What::Worker => {
            let (mut input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
            for workload in cli.workloads() {
                train::work(
                    workload,
                    cli.n_threads(),
                    cli.seconds,
                    &mut input,
                    &mut output,
                )?;
            }
        }
    }
    Ok(())
}

fn compare(cli: &Cli) -> Result<(), BenchError> {
    if !cli.json {
        println!("{}", Machine::here());
    }
    for workload in cli.workloads() {
        let plan = Plan {
            python: cli.vs_torch.clone().unwrap_or_default(),
            workload,
            divisions: cli.divisions(),
            threads: cli.n_threads(),
            duration: cli.seconds,
            rounds: cli.rounds,
        };
        emit(
            cli,
            &versus::compare(&plan, &mut |measured| emit(cli, measured))?,
        );
    }
    Ok(())
}

fn on_cuda(cli: &Cli, cohorts: &[usize], python: Option<&Path>) -> Result<(), BenchError> {
    for workload in cli.workloads() {
        let summary = cuda::sweep(workload, cohorts, cli.seconds, python, &mut |line| {
            emit(cli, line);
        })?;
        emit(cli, &summary);
    }
    Ok(())
}

fn show_layers(cli: &Cli, report: &layers::Report) {
    if !cli.json {
        println!(
            "{} {}, {} threads",
            report.summary.arch, report.summary.objective, report.summary.threads
        );
        println!("{}", layers::HEADER);
    }
    report.rows.iter().for_each(|row| emit(cli, row));
    emit(cli, &report.summary);
}

fn emit<R: Serialize + Display>(cli: &Cli, record: &R) {
    match (cli.json, serde_json::to_string(record)) {
        (true, Ok(text)) => println!("{text}"),
        _ => println!("{record}"),
    }
}
