//! Decomposes the variance of scores into the shares between objectives, between strengths of an objective, and between
//! seeds.

use super::safe_scale;
use std::collections::BTreeMap;

/// Shares of the sum of squares around the overall mean. They add up to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// Between objectives.
    pub objective: f64,
    /// Between the settings of an objective.
    pub strength: f64,
    /// Between the trials of a setting.
    pub seed: f64,
    /// How many trials there are.
    pub n_trials: usize,
    /// How many settings.
    pub n_settings: usize,
    /// How many objectives.
    pub n_objectives: usize,
}

impl Shares {
    /// The shares from (objective, setting, score) triples; `None` if no setting has two trials or the scores do not
    /// vary.
    pub fn of(trials: &[(usize, usize, f64)]) -> Option<Self> {
        let scores: Vec<f64> = trials.iter().map(|(_, _, score)| *score).collect();
        // Scaling is allowed, because shares do not depend on the unit.
        let scale = safe_scale(&scores);
        let all: Vec<f64> = scores.iter().map(|score| score / scale).collect();
        let by_objective = grouped(trials, scale, |&(objective, _, _)| objective);
        let by_setting = grouped(trials, scale, |&(_, setting, _)| setting);
        let total = squares(&all);
        if total <= 0.0 || by_setting.values().all(|scores| scores.len() < 2) {
            return None;
        }
        let within = |groups: &BTreeMap<usize, Vec<f64>>| {
            groups.values().map(|scores| squares(scores)).sum::<f64>() / total
        };
        let (in_objectives, in_settings) = (within(&by_objective), within(&by_setting));
        Some(Self {
            objective: (1.0 - in_objectives).max(0.0),
            strength: (in_objectives - in_settings).max(0.0),
            seed: in_settings,
            n_trials: trials.len(),
            n_settings: by_setting.len(),
            n_objectives: by_objective.len(),
        })
    }

    /// The share that objective and strength together would explain on average if settings made no difference:
    /// (settings − 1) / (trials − 1).
    pub fn by_chance(&self) -> f64 {
        (self.n_settings - 1) as f64 / (self.n_trials - 1) as f64
    }
}

/// The scores of each group, in units of `scale`.
fn grouped(
    trials: &[(usize, usize, f64)],
    scale: f64,
    key: impl Fn(&(usize, usize, f64)) -> usize,
) -> BTreeMap<usize, Vec<f64>> {
    let mut groups: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for trial in trials {
        groups.entry(key(trial)).or_default().push(trial.2 / scale);
    }
    groups
}

/// The sum of squares around the mean.
fn squares(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|v| (v - mean).powi(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_hand() {
        let trials = [
            (0, 0, -0.5),
            (0, 0, 0.5),
            (0, 1, 1.5),
            (0, 1, 2.5),
            (1, 2, 3.5),
            (1, 2, 4.5),
            (1, 3, 5.5),
            (1, 3, 6.5),
        ];
        let shares = Shares::of(&trials).unwrap();
        // Sums of squares: 8 · 2² = 32 between objectives, 8 · 1² = 8 between settings, 8 · 0.5² = 2 between seeds.
        assert!((shares.objective - 32.0 / 42.0).abs() < 1e-12);
        assert!((shares.strength - 8.0 / 42.0).abs() < 1e-12);
        assert!((shares.seed - 2.0 / 42.0).abs() < 1e-12);
        assert!((shares.by_chance() - 3.0 / 7.0).abs() < 1e-12);
    }

    #[test]
    fn shares_of_huge_scores_are_those_of_small_ones() {
        let of = |unit: f64| {
            let trials = [(0, 0, 1.0), (0, 0, 2.0), (1, 1, 4.0), (1, 1, 7.0)];
            Shares::of(&trials.map(|(o, s, score)| (o, s, score * unit))).unwrap()
        };
        let (small, huge) = (of(1.0), of(1e307));
        assert!((small.objective - huge.objective).abs() < 1e-12);
        assert!((small.seed - huge.seed).abs() < 1e-12);
    }

    #[test]
    fn without_two_seeds_or_any_spread_there_are_no_shares() {
        assert_eq!(Shares::of(&[(0, 0, 1.0), (0, 1, 2.0)]), None);
        assert_eq!(Shares::of(&[(0, 0, 1.0), (0, 0, 1.0)]), None);
        assert_eq!(Shares::of(&[]), None);
    }
}
