//! A sweep file on its way to trials: read, parsed, matched with its data.

use std::path::{Path, PathBuf};

use unravel_data::Grid;
use unravel_orchestrator::plan::PlanOptions;
use unravel_orchestrator::store_records::StoreRecords;
use unravel_store::Wanted;
use unravel_sweep::{Sweep, Trial};
use unravel_worker::{data, wanted};

use crate::exit::{Exit, Failure};
use crate::faults::SweepFaults;

/// A sweep with its text, its trials and the grid that they live on.
pub struct Study {
    pub text: String,
    pub sweep: Sweep,
    pub trials: Vec<Trial>,
    pub grid: Grid,
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
    let size = std::fs::metadata(path)
        .map_err(|error| cannot(error.to_string()))?
        .len();
    if MAX_BYTES < size {
        return Err(cannot(format!(
            "it has {size} bytes, and a sweep file at most {MAX_BYTES}"
        )));
    }
    let text = std::fs::read_to_string(path).map_err(|error| cannot(error.to_string()))?;
    match unravel_sweep::parse(&text) {
        Ok(sweep) => Ok((text, sweep)),
        Err(faults) => {
            let path = path.display().to_string();
            Err(SweepFaults { path, faults }.into())
        }
    }
}

impl Study {
    /// Reads a sweep file, opens its data and expands its trials.
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let (text, sweep) = parse(path)?;
        let observations = data::open_source(&sweep.data.dataset)?;
        let grid = data::grid(observations.as_ref(), &sweep.data.keep)?;
        let trials = sweep.trials(observations.content());
        for trial in &trials {
            data::check_fit(&trial.model, observations.shape())?;
        }
        Ok(Self {
            text,
            sweep,
            trials,
            grid,
        })
    }

    /// What makes a trial of this sweep done.
    pub fn wanted(&self, trial: &Trial, keep_codes: bool) -> Wanted {
        wanted::wanted(trial, &self.sweep.evaluation, &self.grid.name(), keep_codes)
    }

    /// Where the report goes unless the user says otherwise.
    pub fn report_folder(&self, asked: Option<&Path>) -> PathBuf {
        asked.map_or_else(
            || Path::new("reports").join(&self.sweep.name),
            Path::to_owned,
        )
    }

    /// What is left to do, by what the store holds.
    pub fn plan(
        &self,
        records: &StoreRecords<'_>,
        options: PlanOptions,
    ) -> unravel_orchestrator::plan::Plan {
        use unravel_orchestrator::held::Records;
        unravel_orchestrator::plan::plan(self.trials.iter().cloned(), &options, |trial| {
            records.held(trial)
        })
    }
}
