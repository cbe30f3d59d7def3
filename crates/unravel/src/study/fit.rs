//! Checks that the data of a sweep is sufficient for its metrics and networks, before anything trains.

use unravel_data::{Grid, GridError};
use unravel_metrics::{FactorGrid, MetricError, MetricExt, Note, notes_of_grid};
use unravel_model::error::ModelError;
use unravel_score::{Metric, Offered, Representation, Variant};
use unravel_sweep::{Estimator, EvaluationConfig, Fault, Faults, Sweep, span_of};
use unravel_worker::WorkerError;

/// Removes the metrics that cannot be computed on the sweep's grid or from its trials. Returns one sentence for each.
///
/// # Errors
/// If the file names such a metric.
pub fn leave_out_metrics(
    sweep: &mut Sweep,
    text: &str,
    grid: &Grid,
) -> Result<Vec<String>, Faults> {
    let offered = Offered::of_grid(&grid.space().sizes(), true);
    let evaluation = sweep.evaluation.clone();
    let has_repetitions = sweep.has_repetitions();
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    sweep.evaluation.metrics.retain(|metric| {
        let refusal = refusal(*metric, &evaluation, &offered, has_repetitions);
        let Some(Refusal {
            message,
            label,
            help,
        }) = refusal
        else {
            return true;
        };
        match span_of(text, "metrics", Some(metric.name())) {
            Some(span) => faults.push(Fault {
                message,
                span,
                label: label.to_owned(),
                help: Some(help.to_owned()),
            }),
            None => notes.push(format!("{message}; the metric is skipped")),
        }
        false
    });
    if faults.is_empty() {
        Ok(notes)
    } else {
        Err(Faults::of_data(faults, text))
    }
}

/// One sentence for each limit of the requested scores that follows from the grid, independent of the codes.
pub fn notes_of_scores(sweep: &Sweep, grid: &Grid) -> Vec<String> {
    let variants = |metric: Metric| {
        let variants = metric.requested_variants(&sweep.evaluation.variants);
        variants.into_iter().map(move |variant| (metric, variant))
    };
    let metrics = sweep.evaluation.metrics.iter().copied();
    let pairs: Vec<(Metric, Variant)> = metrics.flat_map(variants).collect();
    let space = grid.space();
    let names = space.factors().iter().map(|factor| factor.name.clone());
    let grid = FactorGrid::new(&space.sizes());
    // A grid that metrics cannot be of is refused where it is scored.
    let Ok(grid) = grid.and_then(|grid| grid.with_names(names.collect())) else {
        return Vec::new();
    };
    let sentence = |Note {
                        sentence, metrics, ..
                    }: Note| format!("{}: {sentence}", metrics.join(", "));
    notes_of_grid(&grid, &pairs)
        .into_iter()
        .map(sentence)
        .collect()
}

/// Why a metric cannot be computed.
struct Refusal {
    message: String,
    label: &'static str,
    help: &'static str,
}

/// Why a metric cannot be computed from the trials of a sweep, or `None` if it can. `has_repetitions` is whether any
/// setting has two seeds.
fn refusal(
    metric: Metric,
    evaluation: &EvaluationConfig,
    offered: &Offered,
    has_repetitions: bool,
) -> Option<Refusal> {
    let name = metric.name();
    if metric.needs_posteriors() && !evaluation.representations.contains(&Representation::Mean) {
        return Some(Refusal {
            message: format!(
                "{name} is computed from the posteriors and requires the representation \"mean\""
            ),
            label: "requires \"mean\"",
            help: "add \"mean\" to `representations`",
        });
    }
    if metric.needs().several_trials && !has_repetitions {
        return Some(Refusal {
            message: format!(
                "{name} compares trials that differ only in their seed, but each setting here has one seed"
            ),
            label: "nothing to compare",
            help: "remove the metric, or set more `seeds` in an arm",
        });
    }
    let variants = metric.requested_variants(&evaluation.variants);
    let error = variants
        .into_iter()
        .find_map(|variant| metric.check(variant, offered).err())?;
    let (label, help) = match error {
        MetricError::TooFewFactors { .. } => (
            "too few factors vary",
            "remove the metric, or keep at least 2 values of another factor in `data.keep`",
        ),
        MetricError::TooFewPoints { .. } => (
            "too few images",
            "remove the metric, use more data, or keep more values in `data.keep`",
        ),
        _ => ("cannot be computed", "remove the metric"),
    };
    Some(Refusal {
        message: error.to_string(),
        label,
        help,
    })
}

/// The error as a fault of the sweep file, if a key of the file causes it.
pub fn fault(error: &WorkerError, text: &str) -> Option<Fault> {
    let (span, label) = match error {
        WorkerError::Grid(
            GridError::UnknownFactor { name, .. } | GridError::OutOfRange { name, .. },
        ) => {
            let factor = span_of(text, name, None);
            (
                factor.or_else(|| span_of(text, "keep", None)),
                "not in the data",
            )
        }
        WorkerError::Grid(GridError::NothingVaries) => {
            (span_of(text, "keep", None), "keeps one image")
        }
        WorkerError::Npz(_) => (span_of(text, "npz", None), "this file"),
        WorkerError::Model(ModelError::ImageSize { architecture, .. }) => (
            span_of(text, "architecture", Some(architecture)),
            "cannot process these images",
        ),
        WorkerError::Model(ModelError::BatchBeyondData { .. }) => {
            let estimator = span_of(text, "estimator", Some(Estimator::Stratified.name()));
            (estimator, "the batch is larger than the data")
        }
        _ => (None, ""),
    };
    Some(Fault {
        message: error.to_string(),
        span: span?,
        label: label.to_owned(),
        help: help(error),
    })
}

/// A remedy for an error whose own sentence has none.
fn help(error: &WorkerError) -> Option<String> {
    let WorkerError::Model(ModelError::ImageSize { height, width, .. }) = *error else {
        return None;
    };
    let up = |side: usize| side.next_multiple_of(16);
    Some(format!(
        "pad the images to {}x{}, or set architecture = \"mlp-higgins\". If `imgs` is [n, channels, height, width], convert it \
         with np.moveaxis(imgs, 1, -1)",
        up(height),
        up(width)
    ))
}
