//! What a sweep asks for and its data cannot give: found before anything trains, with its place in the file.

use unravel_data::{Grid, GridError};
use unravel_metrics::{Metric, MetricError};
use unravel_model::error::ModelError;
use unravel_sweep::{Estimator, Fault, Faults, Sweep, span_of};
use unravel_worker::WorkerError;

/// Takes out of the sweep the metrics that need more factors than vary on its grid, a sentence for each.
///
/// # Errors
/// Where the file names such a metric.
pub fn leave_out_metrics(
    sweep: &mut Sweep,
    text: &str,
    grid: &Grid,
) -> Result<Vec<String>, Faults> {
    let factors = grid.space().factors();
    let found = factors.iter().filter(|factor| 1 < factor.size).count();
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    sweep.evaluation.metrics.retain(|name| {
        let metric = Metric::from_name(name).filter(|metric| found < metric.factors_needed());
        let Some(metric) = metric else {
            return true;
        };
        let needed = metric.factors_needed();
        let too_few = MetricError::TooFewFactors {
            metric,
            needed,
            found,
        };
        match span_of(text, "metrics", Some(name)) {
            Some(span) => faults.push(Fault {
                message: too_few.to_string(),
                span,
                label: "too few factors vary".to_owned(),
                help: Some(
                    "leave it out, or let `keep` keep 2 values or more of another factor"
                        .to_owned(),
                ),
            }),
            None => notes.push(format!("{too_few}; it is left out")),
        }
        false
    });
    if faults.is_empty() {
        Ok(notes)
    } else {
        Err(Faults::of_data(faults, text))
    }
}

/// The error as a fault of the file, where it is about something that stands in it.
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
            "does not take the images of the data",
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
        help: None,
    })
}
