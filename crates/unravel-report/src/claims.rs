//! Published claims about objectives, tested against the trials of a sweep.
//!
//! A trend is tested with the rank correlation between strength and measure over trials. A difference between two
//! groups is tested with their means, over pairs of trials with the same strength and seed if there are any, otherwise
//! over all trials. A claim is shown if the trials have the claimed sign with p < 0.05.

use crate::axis::plain;
use crate::final_scores::Scored;
use crate::report_input::{KL, RECONSTRUCTION, Rows, ScoreRow};
use crate::stats::difference::difference;
use crate::stats::rank::spearman;
use crate::words::{count, term_name};
use statrs::distribution::{ContinuousCDF, StudentsT};
use std::collections::{BTreeMap, BTreeSet};
use unravel_score::{MetricName, Representation};
use unravel_sweep::{Claim, Claimed, Measure, Trend};

/// A claim and the result of its test.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The source of the claim.
    pub source: String,
    /// The claim.
    pub says: String,
    /// The result of the test.
    pub finding: Finding,
    /// The numbers, in a sentence.
    pub sentence: String,
}

/// The result of testing a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The claimed sign, significant.
    Shown,
    /// The claimed sign, not significant.
    Towards,
    /// The opposite sign, not significant.
    Against,
    /// The opposite sign, significant.
    Opposite,
    /// Too few trials have the measure.
    Unknown,
}

impl Finding {
    /// The text of the tag on the page.
    pub fn words(self) -> &'static str {
        match self {
            Self::Shown => "shown here",
            Self::Towards => "not clear here",
            Self::Against => "not shown here",
            Self::Opposite => "the opposite here",
            Self::Unknown => "not testable here",
        }
    }

    /// Whether the trials have the claimed sign at p < 0.05.
    pub fn is_shown(self) -> bool {
        self == Self::Shown
    }

    fn of(sign: f64, is_clear: bool) -> Self {
        match (0.0 < sign, is_clear) {
            (true, true) => Self::Shown,
            (true, false) => Self::Towards,
            (false, false) => Self::Against,
            (false, true) => Self::Opposite,
        }
    }
}

/// The verdict on every claim.
pub fn verdicts(rows: &Rows, scored: &[Scored], claims: &[Claim]) -> Vec<Verdict> {
    claims
        .iter()
        .map(|claim| verdict(rows, scored, claim))
        .collect()
}

fn verdict(rows: &Rows, scored: &[Scored], claim: &Claim) -> Verdict {
    let measured = measured(rows, scored, &claim.of);
    let (finding, sentence) = match &claim.holds {
        Claimed::Trend { family, direction } => trend(rows, &measured, family, *direction),
        Claimed::Higher { higher, lower } => higher_in(rows, &measured, higher, lower),
    };
    Verdict {
        source: claim.source.clone(),
        says: claim.says.clone(),
        finding,
        sentence,
    }
}

/// A measure of trials.
struct Measured {
    /// `MIG · exact`.
    title: String,
    decimals: usize,
    /// By the index of the trial.
    values: BTreeMap<usize, f64>,
}

fn measured(rows: &Rows, scored: &[Scored], measure: &Measure) -> Measured {
    let elbo = |title: &str, quantity: &str| {
        let scores = rows.final_scores();
        let is_of = |s: &&ScoreRow| s.metric == MetricName::Elbo && s.quantity == quantity;
        let mine = scores.filter(is_of).filter(|s| s.mean.is_finite());
        Measured {
            title: title.to_owned(),
            decimals: 2,
            values: mine.map(|score| (score.trial, score.mean)).collect(),
        }
    };
    match measure {
        Measure::ReconstructionNats => {
            elbo("reconstruction error in nats per image", RECONSTRUCTION)
        }
        Measure::KlNats => elbo("KL in nats per image", KL),
        Measure::Metric { metric, variant } => {
            let is_it = |scored: &&Scored| {
                scored.key.metric == *metric
                    && scored.key.representation == Representation::Mean
                    && variant.is_none_or(|variant| scored.key.variant == variant)
            };
            let found = scored.iter().find(is_it);
            Measured {
                title: found.map_or_else(|| metric.to_string(), |scored| scored.key.title()),
                decimals: 3,
                values: found.map_or_else(BTreeMap::new, |s| s.values.iter().copied().collect()),
            }
        }
        Measure::Log { term } => Measured {
            title: format!("{} of the training log", term_name(term)),
            decimals: 3,
            values: last_of_log(rows, term),
        },
    }
}

/// The mean of a logged term over the last tenth of the steps, for each trained trial.
fn last_of_log(rows: &Rows, term: &str) -> BTreeMap<usize, f64> {
    let of = |log: &crate::report_input::LogRow| {
        let column = log.terms.iter().position(|name| name == term)?;
        let steps = rows.trials[log.trial].steps;
        let last = log.rows.last().filter(|(step, _)| *step == steps)?;
        let late = log
            .rows
            .iter()
            .filter(|(step, _)| last.0 - last.0 / 10 < *step);
        let values: Vec<f64> = late.map(|(_, values)| values[column]).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        mean.is_finite().then_some((log.trial, mean))
    };
    rows.logs.iter().filter_map(of).collect()
}

fn trend(rows: &Rows, measured: &Measured, family: &str, direction: Trend) -> (Finding, String) {
    let setting = |trial: usize| &rows.settings[rows.trials[trial].setting].setting;
    let mine = measured
        .values
        .iter()
        .filter(|(trial, _)| setting(**trial).family == family);
    let pairs: Vec<(f64, f64)> = mine
        .map(|(trial, value)| (setting(*trial).strength, *value))
        .collect();
    let Some(rho) = spearman(&pairs) else {
        let n = count(pairs.len(), "trial");
        let is_constant = 2 < pairs.len() && pairs.iter().all(|pair| pair.1 == pairs[0].1);
        let sentence = match is_constant {
            true => format!("{} is the same in all {n}.", capital(&measured.title)),
            false => format!("{n} are too few to test a trend of {}.", measured.title),
        };
        return (Finding::Unknown, sentence);
    };
    let p = p_value(rho, pairs.len());
    let wanted = match direction {
        Trend::Rises => rho,
        Trend::Falls => -rho,
    };
    let symbol = rows
        .settings
        .iter()
        .find(|row| row.setting.family == family);
    let symbol = symbol.map_or("the strength", |row| row.setting.strength_symbol.as_str());
    let sentence = format!(
        "Rank correlation of {symbol} and {} over {}: {} ({}).",
        measured.title,
        count(pairs.len(), "trial"),
        plain(rho, 2),
        p_words(p)
    );
    (Finding::of(wanted, p < 0.05), sentence)
}

fn p_words(p: f64) -> String {
    if p < 0.001 {
        "p < 0.001".to_owned()
    } else {
        format!("p = {}", plain(p, 3))
    }
}

/// Trials by the bits of their strength and by seed.
type Group = BTreeMap<(u64, u64), f64>;

fn higher_in(rows: &Rows, measured: &Measured, higher: &str, lower: &str) -> (Finding, String) {
    if higher == lower {
        let sentence = format!("{higher} is compared with itself.");
        return (Finding::Unknown, sentence);
    }
    let groups = [
        group(rows, measured, higher, lower),
        group(rows, measured, lower, higher),
    ];
    let is_same_weight = strength_names(rows, higher) == strength_names(rows, lower);
    let [above, below] = paired(groups, is_same_weight);
    let title = &measured.title;
    let Some(found) = difference(&below, &above) else {
        let sentence = format!("{higher} or {lower} has no trial with a value of {title}.");
        return (Finding::Unknown, sentence);
    };
    let mean = |group: &Group| group.values().sum::<f64>() / group.len() as f64;
    let number = |value: f64| plain(value, measured.decimals);
    let interval = match found.half_width {
        Some(half) => {
            let over = if found.is_paired {
                count(above.len(), "pair")
            } else {
                format!("{} and {} trials", above.len(), below.len())
            };
            let (low, high) = (number(found.mean - half), number(found.mean + half));
            format!("95 % interval {low} to {high}, over {over}")
        }
        None => "too few trials for an interval".to_owned(),
    };
    let sentence = format!(
        "{}: {} in {higher}, {} in {lower}, difference {} ({interval}).",
        capital(title),
        number(mean(&above)),
        number(mean(&below)),
        number(found.mean)
    );
    (Finding::of(found.mean, found.sign() != 0), sentence)
}

/// The trials of a setting, by its label, or of a family, by its title. The trials of the setting `other` are left out, so
/// that no trial is compared with itself.
fn group(rows: &Rows, measured: &Measured, name: &str, other: &str) -> Group {
    let key = |trial: usize| {
        let setting = &rows.settings[rows.trials[trial].setting].setting;
        let is_mine = setting.label == name || setting.family_title == name;
        let is_mine = is_mine && setting.label != other;
        is_mine.then_some((setting.strength.to_bits(), rows.trials[trial].seed))
    };
    let values = measured.values.iter();
    values
        .filter_map(|(trial, value)| Some((key(*trial)?, *value)))
        .collect()
}

/// The names of the strength weights in a group. A β of 1 is not the same strength as a γ of 1.
fn strength_names<'a>(rows: &'a Rows, name: &str) -> BTreeSet<&'a str> {
    let settings = rows.settings.iter().map(|row| &row.setting);
    settings
        .filter(|setting| setting.label == name || setting.family_title == name)
        .map(|setting| setting.strength_name.as_str())
        .collect()
}

/// Only the trials with equal strength and seed, if both groups have such trials. Two groups with one strength each are
/// paired by seed, even if the strengths differ.
fn paired(groups: [Group; 2], is_same_weight: bool) -> [Group; 2] {
    let n_strengths = |group: &Group| {
        let strengths: BTreeSet<u64> = group.keys().map(|(strength, _)| *strength).collect();
        strengths.len()
    };
    let is_one_each = groups.iter().all(|group| n_strengths(group) == 1);
    if !is_one_each && !is_same_weight {
        return groups;
    }
    let groups = match is_one_each {
        true => groups.map(|group| {
            let by_seed = group
                .into_iter()
                .map(|((_, seed), value)| ((0, seed), value));
            by_seed.collect()
        }),
        false => groups,
    };
    let common: BTreeSet<_> = groups[0]
        .keys()
        .filter(|key| groups[1].contains_key(*key))
        .copied()
        .collect();
    match common.len() {
        0 | 1 => groups,
        _ => groups.map(|mut group| {
            group.retain(|key, _| common.contains(key));
            group
        }),
    }
}

/// The two-sided p-value of the rank correlation `rho` of `n` pairs, by Student's approximation.
fn p_value(rho: f64, n: usize) -> f64 {
    let degrees = n as f64 - 2.0;
    let t = rho.abs() * (degrees / (1.0 - rho * rho).max(f64::MIN_POSITIVE)).sqrt();
    StudentsT::new(0.0, 1.0, degrees).map_or(1.0, |student| 2.0 * student.sf(t))
}

/// Capitalises the first letter of a sentence, except `β`.
fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(text.chars().next().map_or(0, char::len_utf8));
    format!("{}{rest}", first.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `scipy.stats.spearmanr` of 1..6 with (2, 1, 4, 3, 6, 5): ρ = 0.828571…, p = 0.041563…
    #[test]
    fn chance_is_as_scipy_says() {
        assert!((p_value(0.828_571_428_571_428_6, 6) - 0.041_562_682_215_743_4).abs() < 1e-9);
        assert!(p_value(1.0, 6) < 1e-9);
        assert!((p_value(0.0, 6) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn findings_have_a_direction_and_may_be_unclear() {
        let of = [(0.3, true), (0.3, false), (-0.3, false), (-0.3, true)];
        let found = of.map(|(sign, is_clear)| Finding::of(sign, is_clear));
        let expected = [
            Finding::Shown,
            Finding::Towards,
            Finding::Against,
            Finding::Opposite,
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn pairs_are_those_of_equal_strength_and_seed_or_of_equal_seed() {
        let group = |keys: &[(u64, u64)]| keys.iter().map(|key| (*key, 1.0)).collect::<Group>();
        let keys = |groups: [Group; 2]| groups.map(|g| g.into_keys().collect::<Vec<_>>());
        let families = [
            group(&[(1, 0), (4, 0), (4, 1)]),
            group(&[(4, 0), (4, 1), (8, 0)]),
        ];
        assert_eq!(
            keys(paired(families.clone(), true)),
            [[(4, 0), (4, 1)], [(4, 0), (4, 1)]]
        );
        assert_eq!(keys(paired(families.clone(), false)), keys(families));
        let settings = [group(&[(1, 0), (1, 1)]), group(&[(4, 0), (4, 1)])];
        assert_eq!(
            keys(paired(settings, false)),
            [[(0, 0), (0, 1)], [(0, 0), (0, 1)]]
        );
        let apart = [group(&[(1, 0), (2, 0)]), group(&[(4, 0), (5, 0)])];
        assert_eq!(keys(paired(apart.clone(), true)), keys(apart));
    }
}
