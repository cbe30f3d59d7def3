//! `unravel evaluate`: score a representation made elsewhere.

mod codes;
mod files;
mod scores;
mod select;

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use unravel_metrics::{CodeTable, FactorGrid, Metric, Variant};

use crate::exit::{Exit, Failure};
use crate::output;
use crate::progress::task::Task;
use codes::Representation;
use scores::{Score, Scores};

const FORMATS: &str = "\
CODES is a .npy [737280, codes] in the order of dSprites, or an .npz with `codes` [n, codes] and `factors` \
[n, factors], integers, of a complete grid of factor values in any order of rows (and, if you like, \
`factor_names` [factors]). Codes are float32 or float64, C or Fortran order; float64 is rounded to float32.";

#[derive(Args, Debug)]
#[command(after_help = FORMATS)]
pub struct EvaluateArgs {
    /// The codes, as NumPy wrote them
    #[arg(value_name = "CODES")]
    codes: PathBuf,
    /// Metrics to compute [default: all that take moments]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = metrics())]
    metrics: Vec<Metric>,
    /// study: sampled, as disentanglement_lib does; exact: every point once [default: all that a metric has]
    #[arg(long, alias = "variant", value_name = "NAME,…", value_delimiter = ',', value_parser = variants())]
    variants: Vec<Variant>,
    /// Evaluation seeds of the study variants: 0 to N - 1
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
    /// Write scores.csv, scores.json and one CSV a matrix to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

fn metrics() -> impl TypedValueParser<Value = Metric> {
    PossibleValuesParser::new(Metric::ALL.map(Metric::name))
        .map(|name| Metric::from_name(&name).expect("the possible values are names of metrics"))
}

fn variants() -> impl TypedValueParser<Value = Variant> {
    PossibleValuesParser::new(Variant::ALL.map(Variant::name))
        .map(|name| Variant::from_name(&name).expect("the possible values are names of variants"))
}

/// Reads the codes, scores them and says so.
pub fn evaluate(args: &EvaluateArgs) -> Result<Exit, Failure> {
    let pairs = select::pairs(&args.metrics, &args.variants).map_err(Failure::usage)?;
    if let Some(folder) = &args.out {
        files::create(folder)?;
    }
    let representation = codes::read(&args.codes)?;
    let scores = score(args, &representation, &pairs)?;
    let json = json!({ "scores": scores.scores });
    if let Some(folder) = &args.out {
        files::write(folder, &scores, &json)?;
    }
    if args.json {
        output::json(&json);
    } else {
        print(args, &representation, &scores);
    }
    Ok(Exit::Success)
}

fn score(
    args: &EvaluateArgs,
    representation: &Representation,
    pairs: &[(Metric, Variant)],
) -> Result<Scores, Failure> {
    let place = args.codes.display();
    let refused = |error| Failure::usage(format!("`{place}`: {error}"));
    let factors = representation.space.factors();
    let (names, sizes): (Vec<_>, Vec<_>) = factors.iter().map(|f| (f.name.clone(), f.size)).unzip();
    let grid = FactorGrid::new(&sizes)
        .and_then(|grid| grid.with_names(names))
        .map_err(refused)?;
    let table =
        CodeTable::over(&representation.codes, representation.n_codes, grid).map_err(refused)?;
    let mut task = Task::new("scoring", "scores", args.quiet);
    let scores = Scores::take(&table, pairs, args.seeds, |done, total| {
        task.set(done, total)
    });
    drop(task);
    let scores = scores.map_err(refused)?;
    for error in &scores.left_out {
        if !args.metrics.is_empty() {
            return Err(refused(error.clone()));
        }
        eprintln!("note: {error}; left out");
    }
    if scores.scores.is_empty() {
        return Err(Failure::usage(format!(
            "`{place}`: its grid is too small for any metric"
        )));
    }
    Ok(scores)
}

fn print(args: &EvaluateArgs, representation: &Representation, scores: &Scores) {
    output::line(&format!(
        "{}: {} of {}, grid {}",
        args.codes.display(),
        output::count(representation.space.n_points(), "point"),
        output::count(representation.n_codes, "code"),
        scores.grid,
    ));
    let row = |score: &Score| {
        let Score {
            metric,
            quantity,
            variant,
            representation,
            ..
        } = score;
        let mut row = [metric, quantity, variant, representation]
            .map(|&cell| cell.to_owned())
            .to_vec();
        row.push(score.mean_and_sd());
        row
    };
    let rows: Vec<Vec<String>> = scores.scores.iter().map(row).collect();
    let header = [
        "metric",
        "quantity",
        "variant",
        "representation",
        "mean ± sd",
    ];
    output::line(output::table(&header, &rows).trim_end());
    if scores.scores.iter().any(|score| score.sd.is_some()) {
        output::line(&format!(
            "± is the standard deviation over {} evaluation seeds",
            args.seeds
        ));
    }
    if let Some(folder) = &args.out {
        output::line(&format!("tables and matrices: {}", folder.display()));
    }
}
