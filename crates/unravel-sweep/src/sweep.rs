//! A checked sweep, and its expansion into trials.

use std::collections::BTreeSet;

use crate::data::{DataConfig, DatasetSource};
use crate::evaluation::EvaluationConfig;
use crate::field::{Field, Value};
use crate::objective::Family;
use crate::report::ReportConfig;
use crate::setting::settings;
use crate::trial::Trial;

/// A checked sweep.
#[derive(Clone, Debug, PartialEq)]
pub struct Sweep {
    /// Names the report's folder: letters, digits, `-`, `_`, `.`, at most 64.
    pub name: String,
    /// The observations of every trial, their content not filled in.
    pub data: DataConfig,
    /// The families, in the order of the file; at least one.
    pub arms: Vec<Arm>,
    /// Which scores are taken.
    pub evaluation: EvaluationConfig,
    /// Which figures are shown.
    pub report: ReportConfig,
}

impl Sweep {
    /// The trials of all arms together: the product of each arm's lists, counted without expanding them.
    ///
    /// A trial that stands in several arms is counted in each.
    pub fn n_trials(&self) -> u64 {
        self.arms.iter().map(Arm::n_trials).sum()
    }

    /// Whether any setting has two trials or more, which differ in their seed.
    pub fn has_repetitions(&self) -> bool {
        let trials = || self.trials("whatever it is");
        self.arms.iter().any(|arm| 1 < arm.seeds.len())
            || (1 < self.arms.len() && settings(&trials()).len() < trials().len())
    }

    /// Every trial once: arms in the order of the file, lists in written order with the first list slowest, seeds
    /// fastest. A trial that stands in several arms comes at its first place.
    ///
    /// `data_content` says what the observations are (a content hash or a versioned name) and decides the ids.
    pub fn trials(&self, data_content: &str) -> Vec<Trial> {
        let mut trials: Vec<Trial> = self.arms.iter().flat_map(Arm::trials).collect();
        for trial in &mut trials {
            data_content.clone_into(&mut trial.data.content);
        }
        // Several arms may share a trial; in one, so may values of a key that decides nothing of some of them.
        let mut seen = BTreeSet::new();
        trials.retain(|trial| seen.insert(trial.id()));
        trials
    }

    /// The path of the npz file that the observations come from, as written; `None` where they are rendered.
    pub fn npz(&self) -> Option<&str> {
        match &self.data.dataset {
            DatasetSource::Npz { path } => Some(path),
            _ => None,
        }
    }
}

/// One family of objectives with its grid.
#[derive(Clone, Debug, PartialEq)]
pub struct Arm {
    /// What all trials of the arm share.
    pub(crate) template: Trial,
    /// What multiplies, slowest first.
    pub(crate) axes: Vec<Axis>,
    /// The fastest axis.
    pub(crate) seeds: Vec<u64>,
}

/// Lists that go side by side: one of them, or several that `zip` ties.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Axis {
    pub(crate) fields: Vec<&'static Field>,
    /// For each field its values; all of one length, at least 1.
    pub(crate) columns: Vec<Vec<Value>>,
}

impl Axis {
    fn len(&self) -> u64 {
        self.columns.first().map_or(1, Vec::len) as u64
    }
}

impl Arm {
    /// The objective's family.
    pub fn family(&self) -> &'static Family {
        self.template.objective.family()
    }

    /// The product of the lengths of its lists and its seeds.
    pub fn n_trials(&self) -> u64 {
        self.axes.iter().map(Axis::len).product::<u64>() * self.seeds.len() as u64
    }

    /// The steps of its longest trial.
    pub(crate) fn max_steps(&self) -> u64 {
        let steps = Field::at("training.steps")
            .into_iter()
            .flat_map(|field| self.values(field));
        steps
            .filter_map(|value| value.as_count())
            .max()
            .unwrap_or(0)
    }

    /// Every value that the field takes in the arm.
    pub(crate) fn values(&self, field: &Field) -> impl Iterator<Item = Value> {
        let listed: Vec<Value> = self
            .axes
            .iter()
            .flat_map(|axis| axis.fields.iter().zip(&axis.columns))
            .filter(|(listed, _)| listed.path == field.path)
            .flat_map(|(_, column)| column.iter().copied())
            .collect();
        let template = if listed.is_empty() {
            field.get(&self.template)
        } else {
            None
        };
        template.into_iter().chain(listed)
    }

    /// One trial for each combination of its lists, all with the first seed.
    pub(crate) fn without_seeds(&self) -> impl Iterator<Item = Trial> {
        let n_seeds = self.seeds.len() as u64;
        (0..self.n_trials())
            .step_by(n_seeds.max(1) as usize)
            .map(|idx| self.trial(idx))
    }

    fn trials(&self) -> impl Iterator<Item = Trial> {
        (0..self.n_trials()).map(|idx| self.trial(idx))
    }

    /// The trial at this place: a number whose digits are the places in the lists, the seed's the last.
    fn trial(&self, idx: u64) -> Trial {
        let n_seeds = self.seeds.len() as u64;
        let mut trial = self.template.clone();
        trial.seed = self.seeds[(idx % n_seeds) as usize];
        let mut rest = idx / n_seeds;
        for axis in self.axes.iter().rev() {
            let place = (rest % axis.len()) as usize;
            rest /= axis.len();
            for (field, column) in axis.fields.iter().zip(&axis.columns) {
                field.set(&mut trial, column[place]);
            }
        }
        trial
    }
}
