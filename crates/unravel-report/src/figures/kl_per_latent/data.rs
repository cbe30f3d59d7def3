//! The numbers of the KL of each latent. Latents of different trials have no common order. The latents of each trial
//! are therefore ranked by their final KL, the largest first, and trials are averaged by rank.

use crate::report_input::{LatentLog, Rows};
use crate::stats::Spread;
use crate::tables::column;
use polars::prelude::{DataFrame, PolarsResult};
use std::collections::BTreeMap;

/// One setting's latents.
#[derive(Clone, Debug, PartialEq)]
pub struct Latents {
    /// Index of the setting.
    pub setting: usize,
    /// By rank, the largest first: KL in nats by step, over trial seeds.
    pub by_rank: Vec<Vec<(u64, Spread)>>,
    /// How many trials there are.
    pub n_trials: usize,
}

impl Latents {
    /// The last KL of each rank.
    pub fn last(&self) -> impl Iterator<Item = Spread> + '_ {
        self.by_rank
            .iter()
            .filter_map(|steps| Some(steps.last()?.1))
    }
}

/// The settings that have a trained trial with a log.
pub fn latents(rows: &Rows) -> Vec<Latents> {
    let mut by_setting: BTreeMap<usize, Vec<&LatentLog>> = BTreeMap::new();
    for log in &rows.latents {
        let trial = &rows.trials[log.trial];
        if trial.is_trained() && !log.rows.is_empty() {
            by_setting.entry(trial.setting).or_default().push(log);
        }
    }
    by_setting
        .into_iter()
        .map(|(setting, logs)| Latents {
            setting,
            by_rank: by_rank(&logs),
            n_trials: logs.len(),
        })
        .collect()
}

fn by_rank(logs: &[&LatentLog]) -> Vec<Vec<(u64, Spread)>> {
    // For each step and rank, the values of the trials.
    let mut values: BTreeMap<u64, Vec<Vec<f64>>> = BTreeMap::new();
    let mut n_ranks = 0;
    for log in logs {
        let last = &log.rows[log.rows.len() - 1].1;
        let mut order: Vec<usize> = (0..last.len()).collect();
        order.sort_by(|&a, &b| last[b].total_cmp(&last[a]));
        n_ranks = n_ranks.max(order.len());
        for (step, row) in &log.rows {
            let ranks = values.entry(*step).or_default();
            ranks.resize(n_ranks.max(ranks.len()), Vec::new());
            for (rank, &latent) in order.iter().enumerate() {
                ranks[rank].push(row[latent]);
            }
        }
    }
    let of_rank = |rank: usize| {
        let steps = values.iter();
        steps
            .filter_map(|(step, ranks)| {
                Some((*step, Spread::of(ranks.get(rank)?.iter().copied())?))
            })
            .collect()
    };
    (0..n_ranks).map(of_rank).collect()
}

/// One row per setting, rank and step.
pub fn table(rows: &Rows, latents: &[&Latents], is_last_only: bool) -> PolarsResult<DataFrame> {
    let mut all: Vec<(usize, u64, u64, Spread)> = Vec::new();
    for one in latents {
        for (rank, steps) in one.by_rank.iter().enumerate() {
            let from = if is_last_only {
                steps.len().saturating_sub(1)
            } else {
                0
            };
            let steps = steps[from..].iter();
            all.extend(steps.map(|(step, s)| (one.setting, rank as u64 + 1, *step, *s)));
        }
    }
    let label = |setting: usize| rows.settings[setting].setting.label.clone();
    DataFrame::new_infer_height(vec![
        column("setting", all.iter().map(|a| label(a.0))),
        column("rank", all.iter().map(|a| a.1)),
        column("step", all.iter().map(|a| a.2)),
        column("n_trials", all.iter().map(|a| a.3.n as u64)),
        column("kl_nats", all.iter().map(|a| a.3.mean)),
        column("sd_over_trial_seeds", all.iter().map(|a| a.3.sd)),
    ])
}
