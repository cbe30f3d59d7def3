//! `unravel evaluate`: scores codes from another program.

mod codes;
mod files;
mod input;
mod scores;
mod select;

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde_json::json;
use unravel_data::free_memory;
use unravel_metrics::{
    Binning, CodeTable, Extent, FactorBins, FactorGrid, MetricError, Note, notes, scoring_bytes,
};
use unravel_score::{Metric, Variant};

use crate::exit::{Exit, Failure};
use crate::progress::task::Task;
use crate::{stderr, stdout};
use codes::Representation;
use scores::{Score, Scores};

const FORMATS: &str = "\
CODES is a .npy [737280, codes] in the order of dSprites, or an .npz with `codes` [n, codes] and `factors` \
[n, factors], in any row order. `logvars` [n, codes] and `factor_names` [factors] are optional. `-` is standard input; \
pipes of up to 4 GiB also work. Factor values are integers, or floats that are whole numbers; with --factor-bins they can \
be any numbers. If the rows contain every combination of factor values exactly once, they are a complete grid. Otherwise, \
each row counts once, and metrics that fix a factor use only factor values with 10 rows or more. Arrays are float32 or \
float64, in C or Fortran order; float64 codes are rounded to float32, and a note is printed if their differences are lost.";

#[derive(Args, Debug)]
#[command(after_help = FORMATS)]
pub struct EvaluateArgs {
    /// A .npy or .npz file with the codes; `-` reads standard input
    #[arg(value_name = "CODES")]
    codes: PathBuf,
    /// Metrics to compute; `moments`: all that take less than about 10 s; `all` [default: moments]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = metrics())]
    metrics: Vec<Named>,
    /// Variants to compute. study: sampled, as in disentanglement_lib; exact: every point once [default: all variants
    /// of each metric except lin-2020]
    #[arg(long, alias = "variant", value_name = "NAME,…", value_delimiter = ',', value_parser = variants())]
    variants: Vec<Variant>,
    /// Evaluation seeds of the study variants: 0 to N - 1
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// .npy file with the log variances of the codes; required by mig-chen and active-units if CODES is a .npy
    #[arg(long, value_name = "FILE")]
    logvars: Option<PathBuf>,
    /// For continuous factors: bin every factor with more than N distinct values into N bins
    #[arg(long, value_name = "N", value_parser = factor_bins())]
    factor_bins: Option<u32>,
    /// Binning method: bins of equal width, or quantiles (bins with equal numbers of rows) [default: equal-width]
    #[arg(long, value_name = "HOW", requires = "factor_bins", value_parser = binnings())]
    factor_binning: Option<Binning>,
    /// Print machine-readable results on stdout
    #[arg(long)]
    json: bool,
    /// Write scores.csv, scores.json and one CSV file per matrix to this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print no progress
    #[arg(long, short)]
    quiet: bool,
}

/// What `--metrics` may name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Named {
    Metric(Metric),
    /// Every metric and variant that takes less than about 10 s; the default.
    Moments,
    /// Every metric that can be computed from one table.
    All,
}

const MOMENTS: &str = "moments";
const ALL: &str = "all";

fn metrics() -> impl TypedValueParser<Value = Named> {
    let names = Metric::NAMES.into_iter().chain([MOMENTS, ALL]);
    PossibleValuesParser::new(names).map(|name| match name.as_str() {
        MOMENTS => Named::Moments,
        _ => Metric::from_name(&name).map_or(Named::All, Named::Metric),
    })
}

impl EvaluateArgs {
    /// The named metrics; empty if none is named, which means the quick ones.
    fn named(&self) -> Vec<Metric> {
        let is_of_one_table = |metric: &Metric| !metric.needs().several_trials;
        let named = self.metrics.iter().flat_map(|named| match named {
            Named::Metric(metric) => vec![*metric],
            Named::Moments => Vec::new(),
            Named::All => Metric::ALL.into_iter().filter(is_of_one_table).collect(),
        });
        named.collect()
    }

    /// Whether the fast metrics are requested: by name, or because no metric is named.
    fn asks_for_moments(&self) -> bool {
        self.metrics.is_empty() || self.metrics.contains(&Named::Moments)
    }

    /// How factor values are binned, if they are.
    fn bins(&self) -> Result<Option<FactorBins>, Failure> {
        let binning = self.factor_binning.unwrap_or(Binning::EqualWidth);
        let bins = self.factor_bins.map(|n| FactorBins::new(n, binning));
        bins.transpose().map_err(Failure::usage)
    }

    /// Whether a metric that cannot be computed is skipped. If it was named, this is an error instead.
    fn leaves_out(&self) -> bool {
        self.asks_for_moments() || self.metrics.contains(&Named::All)
    }
}

fn variants() -> impl TypedValueParser<Value = Variant> {
    PossibleValuesParser::new(Variant::NAMES.iter().copied())
        .map(|name| Variant::from_name(&name).expect("the possible values are names of variants"))
}

fn factor_bins() -> impl TypedValueParser<Value = u32> {
    let [fewest, most] = FactorBins::RANGE.map(i64::from);
    clap::value_parser!(u32).range(fewest..=most)
}

fn binnings() -> impl TypedValueParser<Value = Binning> {
    PossibleValuesParser::new(Binning::ALL.map(Binning::name)).map(|name| {
        let named = |binning: &Binning| binning.name() == name;
        let found = Binning::ALL.into_iter().find(named);
        found.expect("the possible values are names of binnings")
    })
}

/// Reads the codes, scores them and prints the scores.
pub fn evaluate(args: &EvaluateArgs) -> Result<Exit, Failure> {
    let named = match args.named().as_slice() {
        [] => Vec::new(),
        metrics if args.metrics.contains(&Named::All) => select::had(metrics, &args.variants),
        metrics => select::pairs(metrics, &args.variants).map_err(Failure::usage)?,
    };
    let quick = match args.asks_for_moments() {
        true => select::pairs(&[], &args.variants).map_err(Failure::usage)?,
        false => Vec::new(),
    };
    if let Some(folder) = &args.out {
        files::create(folder)?;
    }
    let bins = args.bins()?;
    let representation = codes::read(&args.codes, args.logvars.as_deref(), bins)?;
    let mut pairs = within_reason(args, &representation, quick)?;
    pairs.extend(named);
    select::keep_distinct(&mut pairs);
    let (scores, notes) = score(args, &representation, &pairs, bins)?;
    // --quiet hides progress, not the limits of a score.
    for Note {
        sentence, metrics, ..
    } in &notes
    {
        stderr::line(format_args!("note ({}): {sentence}", metrics.join(", ")));
    }
    let json = json!({ "scores": scores.scores, "notes": notes });
    if let Some(folder) = &args.out {
        files::write(folder, &scores, &json)?;
    }
    if args.json {
        stdout::json(&json);
    } else {
        print(args, &representation, &scores);
    }
    Ok(Exit::Success)
}

/// Skips the metrics that were not named and would take long.
fn within_reason(
    args: &EvaluateArgs,
    representation: &Representation,
    pairs: Vec<(Metric, Variant)>,
) -> Result<Vec<(Metric, Variant)>, Failure> {
    let extent = Extent {
        n_points: representation.grid.n_points(),
        n_codes: representation.n_codes,
        sizes: representation.grid.sizes().to_vec(),
    };
    let (pairs, left_out) = select::quick(pairs, &extent, args.seeds);
    match left_out {
        Some(sentence) if pairs.is_empty() && args.named().is_empty() => Err(Failure::usage(
            format!("`{}`: {sentence}", args.codes.display()),
        )),
        Some(sentence) => {
            if !args.quiet {
                stderr::note(sentence);
            }
            Ok(pairs)
        }
        None => Ok(pairs),
    }
}

fn score(
    args: &EvaluateArgs,
    representation: &Representation,
    pairs: &[(Metric, Variant)],
    bins: Option<FactorBins>,
) -> Result<(Scores, Vec<Note>), Failure> {
    let name = input::name(&args.codes);
    let place = name.display();
    let refused = |error| Failure::usage(format!("`{place}`: {error}"));
    let Representation {
        codes,
        logvars,
        n_codes,
        grid,
        read,
    } = representation;
    if !grid.is_complete() && !args.quiet {
        stderr::note(format_args!(
            "the {}; each row counts once",
            not_complete(grid)
        ));
    }
    let table = CodeTable::over(codes, *n_codes, grid.clone());
    let table = table.and_then(|table| match logvars {
        Some(logvars) => table.with_logvars(logvars),
        None => Ok(table),
    });
    let table = table.map_err(refused)?;
    free_memory::check(scoring_bytes(
        &table,
        pairs,
        args.seeds,
        rayon::current_num_threads(),
    ))
    .map_err(|fault| Failure::usage(format!("`{place}`: {fault}")))?;
    let mut task = Task::new("scoring", "scores", args.quiet);
    let scores = Scores::take(&table, pairs, args.seeds, bins, |done, total| {
        task.set(done, total)
    });
    drop(task);
    let scores = scores.map_err(refused)?;
    for error in &scores.left_out {
        if !args.leaves_out() {
            return Err(Failure::usage(format!("`{place}`: {}", refusal(error))));
        }
        if !args.quiet {
            stderr::note(skipped(error));
        }
    }
    if scores.scores.is_empty() {
        return Err(Failure::usage(format!(
            "`{place}`: the grid of its factors is too small for any metric; add factors that vary, or values of factors"
        )));
    }
    let is_scored = |(metric, variant): &&(Metric, Variant)| {
        let mut scores = scores.scores.iter();
        scores.any(|score| (score.metric, score.variant) == (metric.name(), variant.name()))
    };
    let scored: Vec<_> = pairs.iter().filter(is_scored).copied().collect();
    let notes = notes(&table, &scored, read);
    Ok((scores, notes))
}

/// `300 rows are not a complete 3x3 grid`.
fn not_complete(grid: &FactorGrid) -> String {
    let sizes: Vec<String> = grid.sizes().iter().map(usize::to_string).collect();
    let rows = stdout::count(grid.n_points(), "row");
    format!("{rows} are not a complete {} grid", sizes.join("x"))
}

/// The sentence on a named metric that cannot be computed, with a remedy.
fn refusal(error: &MetricError) -> String {
    let sentence = error.to_string();
    match sentence.contains(';') {
        true => sentence,
        false => format!("{sentence}; remove the metric from --metrics, or use other data"),
    }
}

/// The sentence on a metric that cannot be computed and was not named: `udr is skipped: it compares …`.
fn skipped(error: &MetricError) -> String {
    let sentence = error.to_string();
    match sentence.split_once(' ') {
        Some((metric, rest)) if Metric::from_name(metric).is_some() => {
            format!("{metric} is skipped: it {rest}")
        }
        _ => format!("skipped: {sentence}"),
    }
}

fn print(args: &EvaluateArgs, representation: &Representation, scores: &Scores) {
    stdout::line(&format!(
        "{}: {} of {}, grid {}{}",
        input::name(&args.codes).display(),
        stdout::count(representation.grid.n_points(), "point"),
        stdout::count(representation.n_codes, "code"),
        scores.grid,
        scores.factor_bins.map_or_else(String::new, |bins| format!(
            ", factors binned into up to {}",
            bins.label()
        )),
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
    stdout::line(stdout::table(&header, &rows).trim_end());
    if scores.scores.iter().any(|score| score.sd.is_some()) {
        stdout::line(&format!(
            "± is the standard deviation over {} evaluation seeds",
            args.seeds
        ));
    }
    for note in scores.notes() {
        stdout::line(&note);
    }
    if let Some(folder) = &args.out {
        stdout::line(&format!("tables and matrices: {}", folder.display()));
    }
}
