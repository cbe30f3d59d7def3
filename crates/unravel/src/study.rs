//! A sweep file on its way to trials: read, parsed, matched with its data.

mod fit;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use unravel_data::{Dataset, Grid, NpzOutline};
use unravel_orchestrator::plan::PlanOptions;
use unravel_orchestrator::store_records::StoreRecords;
use unravel_report::{Remarks, Rendered, ReportError};
use unravel_score::Requests;
use unravel_store::{CrossTrialFile, Store};
use unravel_sweep::{Faults, Sweep, Trial};
use unravel_worker::cost::DataSize;
use unravel_worker::{WorkerError, cross_trial, data};

use crate::exit::{Exit, Failure};
use crate::faults::SweepFaults;
use crate::output;

/// A sweep with its text, its trials and the grid that they live on.
pub struct Study {
    pub text: String,
    pub sweep: Sweep,
    pub trials: Vec<Trial>,
    pub grid: Grid,
    /// What its data takes of memory.
    pub data: DataSize,
    /// One sentence for each thing to know of the images, for each metric that the file does not name and the grid is too
    /// small for, and for what the scores on this grid do not say.
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

/// Refuses what the file asks for and its data cannot give, as far as a moment shows it, and returns the notes on the rest.
///
/// Of an npz the headers and the table of factors are read, and the images where they are few: then the notes are all
/// those of [`Study::open`].
pub fn check_data(path: &Path, text: &str, sweep: &mut Sweep) -> Result<Vec<String>, Failure> {
    let placed = |error: WorkerError| placed(path, text, error);
    let (space, shape, mut notes) = match sweep.npz() {
        None => {
            let rendered = data::open_source(&sweep.data.dataset).map_err(placed)?;
            (rendered.space().clone(), rendered.shape(), Vec::new())
        }
        Some(npz) => {
            let outline = NpzOutline::open(npz).map_err(|error| placed(error.into()))?;
            let notes = match outline.image_bytes() {
                n if n <= MAX_IMAGE_BYTES_OF_A_CHECK => data::open_source(&sweep.data.dataset)
                    .map_err(placed)?
                    .notes(),
                n => {
                    let unread = format!(
                        "the images of the npz were not looked at, as they take {}; `unravel plan` reads them",
                        output::bytes(n)
                    );
                    outline.notes().iter().cloned().chain([unread]).collect()
                }
            };
            (outline.space().clone(), outline.shape(), notes)
        }
    };
    let grid = Grid::keep(space, &sweep.data.keep).map_err(|error| placed(error.into()))?;
    check_fit(path, text, &sweep.trials(""), shape, &grid)?;
    notes.extend(fit::leave_out_metrics(sweep, text, &grid).map_err(|faults| at(path, faults))?);
    Ok(notes)
}

/// The most bytes of images that `check` reads: a second or two.
const MAX_IMAGE_BYTES_OF_A_CHECK: u64 = 256 << 20;

/// An error of the data, at its place in the file where it has one.
fn placed(path: &Path, text: &str, error: WorkerError) -> Failure {
    match fit::fault(&error, text) {
        Some(fault) => at(path, Faults::of_data(vec![fault], text)),
        None => Failure::from(error),
    }
}

/// Refuses networks that do not take images of this shape, and batches that the grid is too small for.
fn check_fit(
    path: &Path,
    text: &str,
    trials: &[Trial],
    shape: [usize; 3],
    grid: &Grid,
) -> Result<(), Failure> {
    let misfit = trials
        .iter()
        .find_map(|trial| data::check_fit(trial, shape, grid.n_points()).err());
    match misfit {
        Some(error) => Err(placed(path, text, error)),
        None => Ok(()),
    }
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
        let placed = |error| placed(path, &text, error);
        let observations = data::open_source(&sweep.data.dataset).map_err(placed)?;
        let grid = data::grid(observations.as_ref(), &sweep.data.keep).map_err(placed)?;
        let trials = sweep.trials(observations.content());
        check_fit(path, &text, &trials, observations.shape(), &grid)?;
        let mut notes = observations.notes();
        notes.extend(fit::leave_out_metrics(&mut sweep, &text, &grid).map_err(|f| at(path, f))?);
        notes.extend(fit::notes_of_scores(&sweep, &grid));
        let dataset = Dataset::new(observations, grid.clone());
        Ok(Self {
            text,
            sweep,
            trials,
            grid,
            data: DataSize::of(&dataset),
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
        Ok(cross_trial::update(
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
        self.render_with(None, store, folder)
    }

    /// Renders the report of a run that is at work, which is `so_far`.
    pub fn render_so_far(
        &self,
        so_far: &str,
        store: &Store,
        folder: &Path,
    ) -> Result<Rendered, ReportError> {
        self.render_with(Some(so_far), store, folder)
    }

    fn render_with(
        &self,
        so_far: Option<&str>,
        store: &Store,
        folder: &Path,
    ) -> Result<Rendered, ReportError> {
        let (sweep, text, trials) = (&self.sweep, &self.text, &self.trials);
        let notes = &self.notes;
        let remarks = Remarks { so_far, notes };
        unravel_report::render_with(remarks, sweep, text, trials, store, folder, &mut |_| {})
    }

    /// What is left to do of the sweep's trials, in this order, by what the store holds.
    pub fn plan(
        &self,
        trials: Vec<Trial>,
        records: &StoreRecords<'_>,
        options: &PlanOptions,
    ) -> unravel_orchestrator::plan::Plan {
        use unravel_orchestrator::records::Records;
        unravel_orchestrator::plan::plan_at_once(trials, options, |trials| {
            records.progress_of_all(trials)
        })
    }
}
