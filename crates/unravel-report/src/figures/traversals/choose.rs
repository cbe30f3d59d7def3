//! Which trial of each setting is shown: the best by one criterion that the page names.

use crate::figures::trade_off::{Key, Panel};
use crate::rows::{ELBO, RECONSTRUCTION, Rows};
use crate::words::score_title;

/// What makes a trial the best of its setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Criterion {
    /// The highest score on a panel.
    Score(Key),
    /// The lowest reconstruction error, where there is no score yet.
    Reconstruction,
}

impl Criterion {
    /// `the highest MIG · exact`.
    pub fn words(&self) -> String {
        match self {
            Self::Score(key) => format!(
                "the highest {}",
                score_title(&key.metric, &key.variant, &key.representation)
            ),
            Self::Reconstruction => "the lowest reconstruction error".to_owned(),
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

/// The criterion, which is the first panel's score, and the best trial of every setting that has one, in their order.
pub fn best_trials(rows: &Rows, panels: &[Panel]) -> (Criterion, Vec<Best>) {
    let (criterion, values): (Criterion, Vec<(usize, f64)>) = match panels.first() {
        Some(panel) => (
            Criterion::Score(panel.key.clone()),
            panel.points.iter().map(|p| (p.trial, p.score)).collect(),
        ),
        None => {
            let errors = rows
                .final_scores()
                .filter(|s| s.metric == ELBO && s.quantity == RECONSTRUCTION);
            (
                Criterion::Reconstruction,
                errors.map(|s| (s.trial, s.mean)).collect(),
            )
        }
    };
    let merit = |value: f64| {
        if criterion == Criterion::Reconstruction {
            -value
        } else {
            value
        }
    };
    let best_of = |setting| {
        let mine = values
            .iter()
            .filter(|(trial, _)| rows.trials[*trial].setting == setting);
        mine.copied()
            .reduce(|a, b| if merit(a.1) < merit(b.1) { b } else { a })
    };
    let best = (0..rows.settings.len())
        .filter_map(best_of)
        .map(|(trial, value)| Best { trial, value })
        .collect();
    (criterion, best)
}
