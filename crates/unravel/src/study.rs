//! A sweep file on its way to trials: read, parsed, matched with its data.

mod fit;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use unravel_data::Grid;
use unravel_orchestrator::plan::PlanOptions;
use unravel_orchestrator::store_records::StoreRecords;
use unravel_report::{Rendered, ReportError};
use unravel_score::Requests;
use unravel_store::{CrossTrialFile, Store};
use unravel_sweep::{Faults, Sweep, Trial};
use unravel_worker::{cross_trial, data};

use crate::exit::{Exit, Failure};
use crate::faults::SweepFaults;

/// A sweep with its text, its trials and the grid that they live on.
pub struct Study {
    pub text: String,
    pub sweep: Sweep,
    pub trials: Vec<Trial>,
    pub grid: Grid,
    /// One sentence for each metric that the file does not name and the grid is too small for.
    pub notes: Vec<String>,
}

/// Largest sweep file that is read; the committed ones have 2 kB.
const MAX_BYTES: u64 = 4 << 20;

/// Reads and validates a sweep file.
pub fn parse(path: &Path) -> Result<(String, Sweep), Failure> {
    let cannot = |why: String| {
        Failure::new(
            Exit::BadSweep,
            format!("cannot read the sweep file `{}`: {why}", path.display()),
        )
    };
    let text = read_bounded(path).map_err(|error| cannot(error.to_string()))?;
    if MAX_BYTES < text.len() as u64 {
        return Err(cannot(format!(
            "it has more than {MAX_BYTES} bytes, the most that a sweep file may have"
        )));
    }
    match unravel_sweep::parse(&text) {
        Ok(sweep) => Ok((text, sweep)),
        Err(faults) => Err(at(path, faults)),
    }
}

/// Faults of the file at this path.
fn at(path: &Path, faults: Faults) -> Failure {
    let path = path.display().to_string();
    SweepFaults { path, faults }.into()
}

/// Refuses the metrics that the file names and its grid has too few factors for, where that can be said without
/// reading the data: where it is rendered.
pub fn check_rendered(path: &Path, text: &str, sweep: &mut Sweep) -> Result<Vec<String>, Failure> {
    if sweep.npz().is_some() {
        return Ok(Vec::new());
    }
    let observations = data::open_source(&sweep.data.dataset)?;
    let grid = data::grid(observations.as_ref(), &sweep.data.keep)?;
    fit::leave_out_metrics(sweep, text, &grid).map_err(|faults| at(path, faults))
}

/// A text of at most one byte more than [`MAX_BYTES`]. The length that a file tells is not asked for: a pipe tells none,
/// and `/dev/zero` has no end.
fn read_bounded(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_string(&mut text)?;
    Ok(text)
}

impl Study {
    /// Reads a sweep file, opens its data and expands its trials.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let (text, mut sweep) = parse(path)?;
        let placed = |error| match fit::fault(&error, &text) {
            Some(fault) => at(path, Faults::of_data(vec![fault], &text)),
            None => Failure::from(error),
        };
        let observations = data::open_source(&sweep.data.dataset).map_err(placed)?;
        let grid = data::grid(observations.as_ref(), &sweep.data.keep).map_err(placed)?;
        let trials = sweep.trials(observations.content());
        for trial in &trials {
            data::check_fit(trial, observations.shape(), grid.n_points()).map_err(placed)?;
        }
        let notes = fit::leave_out_metrics(&mut sweep, &text, &grid).map_err(|f| at(path, f))?;
        Ok(Self {
            text,
            sweep,
            trials,
            grid,
            notes,
        })
    }

    /// What makes a trial of this sweep done.
    pub fn requests(&self, trial: &Trial, keep_codes: bool) -> Requests {
        let grid = self.grid.name();
        self.sweep.evaluation.requests(trial, &grid, keep_codes)
    }

    /// Where the report goes unless the user says otherwise.
    pub fn report_folder(&self, asked: Option<&Path>) -> PathBuf {
        asked.map_or_else(
            || Path::new("reports").join(&self.sweep.name),
            Path::to_owned,
        )
    }

    /// Makes the report's folder where it is not there.
    pub fn make_report_folder(&self, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            let folder = folder.display();
            Failure::new(
                Exit::BadStore,
                format!("cannot create the report's folder `{folder}`: {error}"),
            )
        })
    }

    /// Takes the scores that compare trials, where the sweep asks for them; they live beside the report. Returns a
    /// sentence for each file that could not be read.
    pub fn take_cross_trial_scores(
        &self,
        store: &Store,
        report: &Path,
    ) -> Result<Vec<String>, Failure> {
        let (evaluation, grid) = (&self.sweep.evaluation, self.grid.name());
        Ok(cross_trial::take(
            evaluation,
            &self.trials,
            &grid,
            store,
            report,
        )?)
    }

    /// The same scores without a report: nothing is written, and nothing is taken from an earlier time.
    pub fn cross_trial_scores(
        &self,
        store: &Store,
        notices: &mut Vec<String>,
    ) -> Result<Vec<CrossTrialFile>, Failure> {
        let (evaluation, grid) = (&self.sweep.evaluation, self.grid.name());
        let file = cross_trial::scores(evaluation, &self.trials, &grid, store, None, notices)?;
        Ok(file.into_iter().collect())
    }

    /// Renders the report of whatever the store holds.
    pub fn render(&self, store: &Store, folder: &Path) -> Result<Rendered, ReportError> {
        let (sweep, text, trials) = (&self.sweep, &self.text, &self.trials);
        unravel_report::render(sweep, text, trials, store, folder, &mut |_| {})
    }

    /// Renders the report of a run that is at work, which is `so_far`.
    pub fn render_so_far(
        &self,
        so_far: &str,
        store: &Store,
        folder: &Path,
    ) -> Result<Rendered, ReportError> {
        let (sweep, text, trials) = (&self.sweep, &self.text, &self.trials);
        unravel_report::render_so_far(so_far, sweep, text, trials, store, folder, &mut |_| {})
    }

    /// What is left to do of the sweep's trials, in this order, by what the store holds.
    pub fn plan(
        &self,
        trials: Vec<Trial>,
        records: &StoreRecords<'_>,
        options: &PlanOptions,
    ) -> unravel_orchestrator::plan::Plan {
        use unravel_orchestrator::held::Records;
        unravel_orchestrator::plan::plan_at_once(trials, options, |trials| {
            records.held_of_all(trials)
        })
    }
}
