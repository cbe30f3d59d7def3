//! The numbers of scores against steps: mean and sd over trial seeds at every step that is scored.

use crate::final_scores::Key;
use crate::report_input::{Rows, ScoreRow};
use crate::stats::Spread;
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};
use std::collections::BTreeMap;

/// One setting's scores by step.
#[derive(Clone, Debug, PartialEq)]
pub struct Course {
    /// Index of the setting.
    pub setting: usize,
    /// By ascending step.
    pub points: Vec<(u64, Spread)>,
}

/// The scores by step of all settings, and the number of trials. A step that only some trials of a setting have uses
/// only those trials.
pub fn courses(rows: &Rows, key: &Key) -> (Vec<Course>, usize) {
    let is_mine = |score: &&ScoreRow| {
        score.is_headline
            && score.mean.is_finite()
            && (&score.metric, &score.variant, &score.representation)
                == (&key.metric, &key.variant, &key.representation)
    };
    let mut scores: BTreeMap<(usize, u64), Vec<f64>> = BTreeMap::new();
    let mut trials: Vec<usize> = Vec::new();
    for score in rows.scores.iter().filter(is_mine) {
        let setting = rows.trials[score.trial].setting;
        scores
            .entry((setting, score.step))
            .or_default()
            .push(score.mean);
        trials.push(score.trial);
    }
    trials.sort_unstable();
    trials.dedup();
    let mut courses: Vec<Course> = Vec::new();
    for ((setting, step), values) in scores {
        let Some(spread) = Spread::of(values) else {
            continue;
        };
        match courses.last_mut() {
            Some(course) if course.setting == setting => course.points.push((step, spread)),
            _ => courses.push(Course {
                setting,
                points: vec![(step, spread)],
            }),
        }
    }
    (courses, trials.len())
}

/// One row per setting and step.
pub fn table(rows: &Rows, key: &Key, courses: &[Course]) -> PolarsResult<DataFrame> {
    let all: Vec<(usize, u64, Spread)> = courses
        .iter()
        .flat_map(|course| {
            course
                .points
                .iter()
                .map(|(step, s)| (course.setting, *step, *s))
        })
        .collect();
    let constant = |text: &str| vec![text.to_owned(); all.len()];
    let label = |setting: usize| rows.settings[setting].setting.label.clone();
    DataFrame::new_infer_height(vec![
        column("setting", all.iter().map(|a| label(a.0))),
        column("metric", constant(key.metric.as_str())),
        column("variant", constant(key.variant.as_str())),
        column("representation", constant(key.representation.as_str())),
        column("step", all.iter().map(|a| a.1)),
        column("n_trials", all.iter().map(|a| a.2.n as u64)),
        column("mean", all.iter().map(|a| a.2.mean)),
        column("sd_over_trial_seeds", all.iter().map(|a| a.2.sd)),
    ])
}
