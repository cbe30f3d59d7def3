//! Selects the trial of each setting that is shown: the best one by a criterion that the page states.

use crate::figures::trade_off::Panel;
use crate::final_scores::Key;
use crate::report_input::{RECONSTRUCTION, Rows, ScoreRow};
use crate::words::metric_title;
use unravel_score::{MetricName, Representation};

/// The criterion for the best trial of a setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Criterion {
    /// The best score of a panel.
    Score(Key),
    /// The lowest reconstruction error, if there is no score yet.
    Reconstruction,
}

impl Criterion {
    /// `the highest MIG (exact)`.
    pub fn words(&self) -> String {
        match self {
            Self::Score(key) if key.merit() < 0.0 => format!("the lowest {}", self.quantity()),
            Self::Score(_) => format!("the highest {}", self.quantity()),
            Self::Reconstruction => "the lowest reconstruction error".to_owned(),
        }
    }

    /// +1 if the highest value is the best, −1 if the lowest is.
    pub fn merit(&self) -> f64 {
        match self {
            Self::Score(key) if key.merit() < 0.0 => -1.0,
            Self::Score(_) => 1.0,
            Self::Reconstruction => -1.0,
        }
    }

    /// `MIG (exact)`.
    pub fn quantity(&self) -> String {
        match self {
            Self::Score(key) if key.representation == Representation::Mean => {
                format!("{} ({})", metric_title(&key.metric), key.variant)
            }
            Self::Score(key) => {
                format!(
                    "{} ({}, {} codes)",
                    metric_title(&key.metric),
                    key.variant,
                    key.representation
                )
            }
            Self::Reconstruction => "reconstruction error".to_owned(),
        }
    }
}

/// The best trial of a setting.
#[derive(Clone, Debug, PartialEq)]
pub struct Best {
    /// Index of the trial.
    pub trial: usize,
    /// Its value of the criterion.
    pub value: f64,
}

/// The trials that are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct BestTrials {
    /// The criterion.
    pub criterion: Criterion,
    /// One trial for every setting with a value, in the order of settings.
    pub trials: Vec<Best>,
}

/// The best trial of every setting by the score of the first panel, or by reconstruction error if there is no panel.
pub fn best_trials(rows: &Rows, panels: &[Panel]) -> BestTrials {
    let (criterion, values): (Criterion, Vec<Best>) = match panels.first() {
        Some(panel) => {
            let best = panel.points.iter().map(|p| Best {
                trial: p.trial,
                value: p.score,
            });
            (Criterion::Score(panel.scored.key.clone()), best.collect())
        }
        None => {
            let is_error =
                |s: &&ScoreRow| s.metric == MetricName::Elbo && s.quantity == RECONSTRUCTION;
            let errors = rows.final_scores().filter(is_error);
            let best = errors.map(|s| Best {
                trial: s.trial,
                value: s.mean,
            });
            (Criterion::Reconstruction, best.collect())
        }
    };
    let merit = |best: &Best| criterion.merit() * best.value;
    let best_of = |setting| {
        let mine = values
            .iter()
            .filter(|best| rows.trials[best.trial].setting == setting);
        mine.cloned()
            .reduce(|a, b| if merit(&a) < merit(&b) { b } else { a })
    };
    let trials = (0..rows.settings.len()).filter_map(best_of).collect();
    BestTrials { criterion, trials }
}
