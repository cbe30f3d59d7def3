//! The shares of the variance of scores that objective, strength and seed explain.

use crate::final_scores::Scored;
use crate::report_input::Rows;
use crate::stats::variance::Shares;
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};

/// The shares of one kind of score.
#[derive(Clone, Debug, PartialEq)]
pub struct Explained {
    /// Place in the list of scores.
    pub place: usize,
    /// The shares.
    pub shares: Shares,
}

/// The shares of every score that has two trials of some setting.
pub fn explained(rows: &Rows, scored: &[Scored]) -> Vec<Explained> {
    let families: Vec<&str> = rows.families().iter().map(|(title, _)| *title).collect();
    let of = |(place, scored): (usize, &Scored)| {
        let trial = |&(trial, score): &(usize, f64)| {
            let setting = rows.trials[trial].setting;
            let title = &rows.settings[setting].setting.family_title;
            let objective = families.iter().position(|family| family == title);
            (objective.unwrap_or(0), setting, score)
        };
        let trials: Vec<(usize, usize, f64)> = scored.values.iter().map(trial).collect();
        Some(Explained {
            place,
            shares: Shares::of(&trials)?,
        })
    };
    scored.iter().enumerate().filter_map(of).collect()
}

/// One row per score.
pub fn table(scored: &[Scored], explained: &[Explained]) -> PolarsResult<DataFrame> {
    let key = |one: &Explained| &scored[one.place].key;
    let text = |of: &dyn Fn(&Explained) -> String| explained.iter().map(of).collect::<Vec<_>>();
    let share = |of: &dyn Fn(&Shares) -> f64| -> Vec<f64> {
        explained.iter().map(|one| of(&one.shares)).collect()
    };
    let n = |of: &dyn Fn(&Shares) -> usize| -> Vec<u64> {
        explained.iter().map(|one| of(&one.shares) as u64).collect()
    };
    DataFrame::new_infer_height(vec![
        column("metric", text(&|one| key(one).metric.to_string())),
        column("variant", text(&|one| key(one).variant.to_string())),
        column(
            "representation",
            text(&|one| key(one).representation.to_string()),
        ),
        column("objective", share(&|s| s.objective)),
        column("strength", share(&|s| s.strength)),
        column("seed", share(&|s| s.seed)),
        column(
            "objective_and_strength_by_chance",
            share(&Shares::by_chance),
        ),
        column("n_objectives", n(&|s| s.n_objectives)),
        column("n_settings", n(&|s| s.n_settings)),
        column("n_trials", n(&|s| s.n_trials)),
    ])
}
