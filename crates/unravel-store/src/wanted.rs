//! What a trial still lacks, decided by the files that matter and by nothing else.

use crate::scores::{ScoreContext, ScoreFile};

/// One score that a sweep asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WantedScore {
    /// The metric's name.
    pub metric: String,
    /// Variant, representation, grid and step.
    pub context: ScoreContext,
    /// The evaluation seeds; empty for a variant that does not sample.
    pub seeds: Vec<u64>,
}

/// Everything that makes a trial done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Every score.
    pub scores: Vec<WantedScore>,
    /// Whether the whole table of codes is to be kept.
    pub codes: bool,
}

/// What a trial lacks; see [`TrialFolder::missing`](crate::TrialFolder::missing).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The final weights: it has to be trained, or to go on training.
    pub model: bool,
    /// `pictures.npz`.
    pub pictures: bool,
    /// `probe.npz`.
    pub probe: bool,
    /// `codes.npz`, where it was wanted.
    pub codes: bool,
    /// The scores, each with the seeds that are missing only.
    pub scores: Vec<WantedScore>,
    /// One sentence per file that is there and damaged, for the user.
    pub notices: Vec<String>,
}

impl Missing {
    /// Whether the trial is done.
    pub fn is_nothing(&self) -> bool {
        !(self.model || self.pictures || self.probe || self.codes) && self.scores.is_empty()
    }
}

/// The part of a wanted score that a metric's file does not have; `None` when it has all of it.
pub(crate) fn lacking(wanted: &WantedScore, file: Option<&ScoreFile>) -> Option<WantedScore> {
    let mut records = file
        .into_iter()
        .flat_map(|file| file.of(&wanted.context))
        .peekable();
    if records.peek().is_none() {
        return Some(wanted.clone());
    }
    // A metric writes all its quantities at once, so a seed that one of them lacks is taken anew for all.
    let records: Vec<_> = records.collect();
    let is_there = |seed: &u64| records.iter().all(|record| record.seeds.contains(seed));
    let seeds: Vec<u64> = wanted
        .seeds
        .iter()
        .copied()
        .filter(|seed| !is_there(seed))
        .collect();
    (!seeds.is_empty()).then(|| WantedScore {
        seeds,
        ..wanted.clone()
    })
}
