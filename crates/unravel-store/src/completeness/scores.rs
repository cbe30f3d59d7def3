//! Which scores a trial has: what a look at many trials needs of a score file, and no number of it.

use std::borrow::Cow;

use serde::Deserialize;

use crate::error::{StoreError, absent_if_damaged};
use crate::completeness::{Check, WantedScore};
use crate::score_record::ScoreContext;
use crate::scores::MATRICES;
use crate::sealed::Sealed;
use crate::trial_folder::TrialFolder;

/// A score file as far as it says what was taken.
#[derive(Deserialize)]
struct TakenFile<'a> {
    #[serde(borrow)]
    metric: Cow<'a, str>,
    #[serde(borrow)]
    scores: Vec<Taken<'a>>,
}

/// One quantity that was taken.
#[derive(Clone, Deserialize)]
struct Taken<'a> {
    #[serde(borrow)]
    variant: Cow<'a, str>,
    #[serde(borrow)]
    representation: Cow<'a, str>,
    #[serde(borrow)]
    grid: Cow<'a, str>,
    step: u64,
    seeds: Vec<u64>,
}

impl TrialFolder {
    /// Those of these scores that the trial has not, of each the seeds that are missing only. A damaged file has none;
    /// a sentence of it is added to `notices`.
    pub(crate) fn lacking_with(
        &self,
        wanted: &[WantedScore],
        check: Check,
        notices: &mut Vec<String>,
    ) -> Result<Vec<WantedScore>, StoreError> {
        let mut missing = Vec::new();
        // Those of a metric come together, so that its file is read once.
        for scores in wanted.chunk_by(|a, b| a.metric == b.metric) {
            let lacking = self.lacking_of(&scores[0].metric, scores, check);
            let lacking = absent_if_damaged(lacking, notices)?;
            missing.extend(lacking.unwrap_or_else(|| scores.to_vec()));
        }
        Ok(missing)
    }

    /// The same of one metric; `None` where it has no file.
    fn lacking_of(
        &self,
        metric: &str,
        wanted: &[WantedScore],
        check: Check,
    ) -> Result<Option<Vec<WantedScore>>, StoreError> {
        let path = self.score_path(metric)?;
        if check == Check::Thorough && self.scores(metric)?.is_none() {
            return Ok(None);
        }
        let Some(mut sealed) = Sealed::open(&path, Some(self.id()))? else {
            return Ok(None);
        };
        sealed.cut_before(MATRICES);
        let file: TakenFile<'_> = sealed.value(&path)?;
        if file.metric != metric {
            return Err(StoreError::of_another_metric(&path, &file.metric));
        }
        let lacking = wanted
            .iter()
            .filter_map(|score| lacking(score, &file.scores));
        Ok(Some(lacking.collect()))
    }
}

/// The part of a wanted score that was not taken; `None` when all of it was.
fn lacking(wanted: &WantedScore, taken: &[Taken<'_>]) -> Option<WantedScore> {
    let ScoreContext {
        variant,
        representation,
        grid,
        step,
    } = &wanted.context;
    let is_of = |taken: &&Taken<'_>| {
        taken.step == *step
            && taken.variant == *variant
            && taken.representation == *representation
            && taken.grid == *grid
    };
    let mut records = taken.iter().filter(is_of).peekable();
    if records.peek().is_none() {
        return Some(wanted.clone());
    }
    // A metric writes all its quantities at once, so a seed that one of them lacks is taken anew for all.
    let mut seeds = wanted.seeds.clone();
    let has = |record: &Taken<'_>, seed: &u64| record.seeds.contains(seed);
    let records: Vec<&Taken<'_>> = records.collect();
    seeds.retain(|seed| !records.iter().all(|record| has(record, seed)));
    (!seeds.is_empty()).then(|| WantedScore {
        seeds,
        ..wanted.clone()
    })
}

#[cfg(test)]
mod tests {
    use unravel_sweep::{Objective, Trial};

    use super::*;
    use crate::{ScoreFile, ScoreRecord, Store};

    fn context(variant: &str) -> ScoreContext {
        let (variant, representation, grid) =
            (variant.to_owned(), "mean".to_owned(), "2x2".to_owned());
        ScoreContext {
            variant,
            representation,
            grid,
            step: 10,
        }
    }

    fn wanted(variant: &str, seeds: &[u64]) -> WantedScore {
        WantedScore {
            metric: "mig".to_owned(),
            context: context(variant),
            seeds: seeds.to_vec(),
        }
    }

    fn file() -> ScoreFile {
        let mut file = ScoreFile::new("mig");
        let (exact, study) = (context("exact"), context("study"));
        let three = [(0, 0.1), (1, 0.2), (2, 0.3)];
        file.scores = vec![
            ScoreRecord::exact("mig", "mig", &exact, 0.5),
            ScoreRecord::sampled("mig", "mig", &study, three),
            ScoreRecord::sampled("mig", "entropy_nats", &study, [(0, 0.1), (2, 0.3)]),
        ];
        file
    }

    #[test]
    fn only_what_is_not_there_is_lacking() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let trial = Trial::new(Objective::beta_vae(4.0), 0);
        let lock = store.create(&trial).unwrap();
        let lacking = |score: WantedScore| {
            let [quick, thorough] = [Check::Quick, Check::Thorough].map(|check| {
                let found = lock.lacking_with(std::slice::from_ref(&score), check, &mut Vec::new());
                found.unwrap().pop().map(|lacking| lacking.seeds)
            });
            assert_eq!(quick, thorough);
            quick
        };
        assert_eq!(lacking(wanted("exact", &[])), Some(vec![]));
        lock.set_scores(&file()).unwrap();
        assert_eq!(lacking(wanted("exact", &[])), None);
        assert_eq!(lacking(wanted("study", &[0, 2])), None);
        assert_eq!(lacking(wanted("study", &[0, 1, 2, 3])), Some(vec![1, 3]));
        let mut at_another_step = wanted("exact", &[]);
        at_another_step.context.step = 20;
        assert_eq!(lacking(at_another_step), Some(vec![]));
    }

    #[test]
    fn a_damaged_file_has_nothing_and_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let trial = Trial::new(Objective::beta_vae(4.0), 0);
        let lock = store.create(&trial).unwrap();
        lock.set_scores(&file()).unwrap();
        let path = lock.score_path("mig").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("0.5", "0.6")).unwrap();
        for check in [Check::Quick, Check::Thorough] {
            let mut notices = Vec::new();
            let lacking = lock.lacking_with(&[wanted("exact", &[])], check, &mut notices);
            assert_eq!((lacking.unwrap().len(), notices.len()), (1, 1));
        }
    }
}
