//! Which scores a trial has: what a look at many trials needs of a score file, and no number of it.

use std::borrow::Cow;

use serde::Deserialize;
use unravel_score::{
    MetricName, RepresentationName, ScoreContext, ScoreRecord, ScoreRequest, VariantName,
};

use super::Check;
use crate::disk::checksummed_json::Sealed;
use crate::error::{StoreError, none_if_damaged};
use crate::files::scores::MATRICES;
use crate::trial::folder::TrialFolder;

/// A score file as far as it says what was taken.
#[derive(Deserialize)]
struct TakenFile<'a> {
    metric: MetricName,
    #[serde(borrow)]
    scores: Vec<Taken<'a>>,
}

/// One quantity that was taken.
#[derive(Clone, Deserialize)]
struct Taken<'a> {
    variant: VariantName,
    representation: RepresentationName,
    #[serde(borrow)]
    grid: Cow<'a, str>,
    step: u64,
    seeds: Vec<u64>,
    #[serde(default)]
    revision: u32,
}

impl TrialFolder {
    /// Those of these scores that the trial has not, of each the seeds that are missing only. A damaged file has none;
    /// a sentence of it is added to `notices`.
    pub(crate) fn lacking_with(
        &self,
        requests: &[ScoreRequest],
        check: Check,
        notices: &mut Vec<String>,
    ) -> Result<Vec<ScoreRequest>, StoreError> {
        let mut missing = Vec::new();
        // Those of a metric come together, so that its file is read once.
        for scores in requests.chunk_by(|a, b| a.metric == b.metric) {
            let lacking = self.lacking_of(&scores[0].metric, scores, check);
            let lacking = none_if_damaged(lacking, notices)?;
            missing.extend(lacking.unwrap_or_else(|| scores.to_vec()));
        }
        Ok(missing)
    }

    /// The same of one metric; `None` where it has no file.
    fn lacking_of(
        &self,
        metric: &MetricName,
        requests: &[ScoreRequest],
        check: Check,
    ) -> Result<Option<Vec<ScoreRequest>>, StoreError> {
        if check == Check::Thorough {
            let file = self.scores(metric)?;
            return Ok(file.map(|file| {
                let taken: Vec<Taken<'_>> = file.scores.iter().map(Taken::of).collect();
                all_lacking(requests, &taken)
            }));
        }
        let path = self.score_path(metric)?;
        let Some(mut sealed) = Sealed::open(&path, Some(self.id()))? else {
            return Ok(None);
        };
        sealed.cut_before(MATRICES);
        let file: TakenFile<'_> = sealed.value(&path)?;
        if file.metric != *metric {
            return Err(StoreError::of_another_metric(&path, &file.metric));
        }
        Ok(Some(all_lacking(requests, &file.scores)))
    }
}

impl<'a> Taken<'a> {
    fn of(record: &'a ScoreRecord) -> Self {
        Self {
            variant: record.variant.clone(),
            representation: record.representation.clone(),
            grid: Cow::Borrowed(&record.grid),
            step: record.step,
            seeds: record.seeds.clone(),
            revision: record.revision,
        }
    }
}

/// The parts of requested scores that were not taken.
fn all_lacking(requests: &[ScoreRequest], taken: &[Taken<'_>]) -> Vec<ScoreRequest> {
    let lacking = requests.iter().filter_map(|score| lacking(score, taken));
    lacking.collect()
}

/// The part of a requested score that was not taken; `None` if all of it was.
fn lacking(request: &ScoreRequest, taken: &[Taken<'_>]) -> Option<ScoreRequest> {
    let ScoreContext {
        variant,
        representation,
        grid,
        step,
    } = &request.context;
    let is_of = |taken: &&Taken<'_>| {
        taken.step == *step
            && taken.variant == *variant
            && taken.representation == *representation
            && taken.grid == *grid
            && request.revision <= taken.revision
    };
    let mut records = taken.iter().filter(is_of).peekable();
    if records.peek().is_none() {
        return Some(request.clone());
    }
    // A metric writes all its quantities at once, so a seed that one of them lacks is taken anew for all.
    let mut seeds = request.seeds.clone();
    let has = |record: &Taken<'_>, seed: &u64| record.seeds.contains(seed);
    let records: Vec<&Taken<'_>> = records.collect();
    seeds.retain(|seed| !records.iter().all(|record| has(record, seed)));
    (!seeds.is_empty()).then(|| ScoreRequest {
        seeds,
        ..request.clone()
    })
}

#[cfg(test)]
mod tests {
    use unravel_score::Metric;
    use unravel_sweep::{Objective, Trial};

    use super::*;
    use crate::{ScoreFile, Store};

    fn context(variant: &str) -> ScoreContext {
        ScoreContext {
            variant: variant.into(),
            representation: "mean".into(),
            grid: "2x2".to_owned(),
            step: 10,
        }
    }

    fn request(variant: &str, seeds: &[u64]) -> ScoreRequest {
        ScoreRequest {
            metric: "mig".into(),
            context: context(variant),
            seeds: seeds.to_vec(),
            revision: 0,
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
        let lacking = |score: ScoreRequest| {
            let [quick, thorough] = [Check::Quick, Check::Thorough].map(|check| {
                let found = lock.lacking_with(std::slice::from_ref(&score), check, &mut Vec::new());
                found.unwrap().pop().map(|lacking| lacking.seeds)
            });
            assert_eq!(quick, thorough);
            quick
        };
        assert_eq!(lacking(request("exact", &[])), Some(vec![]));
        lock.set_scores(&file()).unwrap();
        assert_eq!(lacking(request("exact", &[])), None);
        assert_eq!(lacking(request("study", &[0, 2])), None);
        assert_eq!(lacking(request("study", &[0, 1, 2, 3])), Some(vec![1, 3]));
        let mut at_another_step = request("exact", &[]);
        at_another_step.context.step = 20;
        assert_eq!(lacking(at_another_step), Some(vec![]));
    }

    #[test]
    fn scores_of_an_earlier_definition_are_lacking_with_all_their_seeds() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let trial = Trial::new(Objective::beta_vae(4.0), 0);
        let lock = store.create(&trial).unwrap();
        lock.set_scores(&file()).unwrap();
        let mut score = request("study", &[0, 2]);
        let lacking = |score: &ScoreRequest| lock.lacking(std::slice::from_ref(score)).unwrap();
        assert!(lacking(&score).is_empty());
        score.revision = 1;
        assert_eq!(lacking(&score), [score.clone()]);
        let mut newer = ScoreFile::new("mig");
        let values = [(0, 0.1), (2, 0.3)];
        let record = ScoreRecord::sampled("mig", "mig", &context("study"), values);
        newer.scores = vec![record.noted(2, [])];
        lock.add_scores(newer).unwrap();
        assert!(lacking(&score).is_empty());
    }

    #[test]
    fn a_damaged_file_has_nothing_and_is_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let trial = Trial::new(Objective::beta_vae(4.0), 0);
        let lock = store.create(&trial).unwrap();
        lock.set_scores(&file()).unwrap();
        let path = lock.score_path(&Metric::Mig.into()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("0.5", "0.6")).unwrap();
        for check in [Check::Quick, Check::Thorough] {
            let mut notices = Vec::new();
            let lacking = lock.lacking_with(&[request("exact", &[])], check, &mut notices);
            assert_eq!((lacking.unwrap().len(), notices.len()), (1, 1));
        }
    }
}
