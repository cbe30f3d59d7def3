//! Reads a sweep file, checks it against its data, and expands its trials.

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
use crate::stdout;
use crate::sweep_errors::SweepFaults;

/// A sweep with its text, its trials and its grid of factor values.
pub struct Study {
    pub text: String,
    pub sweep: Sweep,
    pub trials: Vec<Trial>,
    pub grid: Grid,
    /// The memory that its data takes.
    pub data: DataSize,
    /// One sentence for each peculiarity of the images, each skipped metric, and each limit of the scores on this grid.
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
    let text = read_bounded(path).map_err(|error| cannot(why_unreadable(&error)))?;
    let text = String::from_utf8(text).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        cannot(format!(
            "it is not UTF-8 text (first invalid byte at offset {offset}); save it as UTF-8"
        ))
    })?;
    if MAX_BYTES < text.len() as u64 {
        return Err(cannot(format!(
            "it has more than {MAX_BYTES} bytes, the limit for a sweep file; check the path"
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

/// Checks that the data is sufficient for the sweep, as far as this is quick, and returns the notes.
///
/// Reads the headers and the factors of an npz. Reads its images only if they are small; then the notes are complete.
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
                        "the images of the npz were not checked because they have {}; `unravel plan` checks them",
                        stdout::bytes(n)
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

/// Maximum size of the images that `check` reads, in bytes; this takes about two seconds.
const MAX_IMAGE_BYTES_OF_A_CHECK: u64 = 256 << 20;

/// An error of the data, at the key that causes it if there is one.
fn placed(path: &Path, text: &str, error: WorkerError) -> Failure {
    match fit::fault(&error, text) {
        Some(fault) => at(path, Faults::of_data(vec![fault], text)),
        None => Failure::from(error),
    }
}

/// Fails if a network cannot process images of this shape, or if a batch is larger than the grid.
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

/// Reads at most one byte more than [`MAX_BYTES`]. Does not rely on the length in the metadata: a pipe has none, and
/// `/dev/zero` has no end.
fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?
        .take(MAX_BYTES + 1)
        .read_to_end(&mut text)?;
    Ok(text)
}

/// Why a sweep file cannot be read, with a remedy.
fn why_unreadable(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => {
            "no such file; check the path, or create a sweep file with `unravel init`".to_owned()
        }
        io::ErrorKind::IsADirectory => "it is a folder; pass the path of a file".to_owned(),
        io::ErrorKind::PermissionDenied => "permission denied; change the permissions".to_owned(),
        _ => error.to_string(),
    }
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

    /// The files and scores that a finished trial of this sweep has.
    pub fn requests(&self, trial: &Trial, keep_codes: bool) -> Requests {
        let grid = self.grid.name();
        self.sweep.evaluation.requests(trial, &grid, keep_codes)
    }

    /// The report's folder: the given one, or `reports/<sweep name>`.
    pub fn report_folder(&self, asked: Option<&Path>) -> PathBuf {
        asked.map_or_else(
            || Path::new("reports").join(&self.sweep.name),
            Path::to_owned,
        )
    }

    /// Creates the report's folder if it does not exist.
    pub fn make_report_folder(&self, folder: &Path) -> Result<(), Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            let folder = folder.display();
            Failure::new(
                Exit::BadStore,
                format!("cannot create the report folder `{folder}`: {error}; choose another folder with --report"),
            )
        })
    }

    /// Computes the scores that compare trials, if the sweep requests them, and stores them beside the report. Returns
    /// one sentence for each file that could not be read.
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

    /// Computes the same scores without reading or writing files of the report.
    pub fn cross_trial_scores(
        &self,
        store: &Store,
        notices: &mut Vec<String>,
    ) -> Result<Vec<CrossTrialFile>, Failure> {
        let (evaluation, grid) = (&self.sweep.evaluation, self.grid.name());
        let file = cross_trial::scores(evaluation, &self.trials, &grid, store, None, notices)?;
        Ok(file.into_iter().collect())
    }

    /// Renders the report from the finished trials of the store.
    pub fn render(&self, store: &Store, folder: &Path) -> Result<Rendered, ReportError> {
        self.render_with(None, store, folder)
    }

    /// Renders the report during a run; `so_far` is a sentence on its progress.
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

    /// Plans the remaining work of the trials in this order, from the state of the store.
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
