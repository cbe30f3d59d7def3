//! Finds the trials of a store by id, by the beginning of an id, or by key=value pairs.

use unravel_store::{Store, TrialFolder, none_if_damaged};
use unravel_sweep::Trial;

use crate::exit::{Exit, Failure};
use crate::stdout;

/// The most trials that an error message names.
const MAX_NAMED: usize = 8;

/// Shortest beginning of an id; shorter ones would match too many trials.
const MIN_PREFIX: usize = 2;

/// The trial that matches `asked`, or all matching trials if `all`.
///
/// # Errors
/// A sentence if no trial matches, or if several match and not `all` is set.
pub fn trials(store: &Store, asked: &str, all: bool) -> Result<Vec<TrialFolder>, Failure> {
    let place = store.path().display();
    let ids = store.trial_ids()?;
    if ids.is_empty() {
        return Err(Failure::usage(format!(
            "the store `{place}` has no trials; choose another store with --store"
        )));
    }
    let mut unreadable = Vec::new();
    let found = match asked.contains('=') {
        true => by_filter(store, &Filter::parse(asked)?, &mut unreadable)?,
        false => {
            let digits = asked.to_lowercase();
            let is_match = |id: &&unravel_sweep::TrialId| id.as_str().starts_with(&digits);
            let is_prefix = MIN_PREFIX <= digits.len();
            let ids = ids.iter().filter(|_| is_prefix).filter(is_match);
            ids.map(|id| store.trial(id)).collect()
        }
    };
    match &found[..] {
        [] if !unreadable.is_empty() => Err(Failure::new(
            Exit::BadStore,
            format!(
                "no readable trial in the store `{place}` matches `{asked}`; {}",
                of_unreadable(&unreadable)
            ),
        )),
        [] => Err(Failure::usage(format!(
            "no trial in the store `{place}` matches `{asked}`{}; `unravel status SWEEP.toml --json` lists its {}",
            why_none_matches(store, asked)?,
            stdout::count(ids.len(), "trial")
        ))),
        [_, _, ..] if !all => Err(Failure::usage(several(asked, &found))),
        _ => {
            if !unreadable.is_empty() {
                crate::stderr::note(of_unreadable(&unreadable));
            }
            Ok(found)
        }
    }
}

/// The problems of trials whose description cannot be read, with the remedy.
fn of_unreadable(sentences: &[String]) -> String {
    let (first, rest) = (&sentences[0], sentences.len() - 1);
    let more = match rest {
        0 => String::new(),
        1 => ", and another like it".to_owned(),
        n => format!(", and {n} others like it"),
    };
    format!(
        "{first}{more}; `unravel run` on a sweep file with the trial recreates its `trial.toml`"
    )
}

/// `key=value,…`: matches the trials that have all of these values.
#[derive(Debug, PartialEq)]
struct Filter(Vec<(String, String)>);

impl Filter {
    fn parse(text: &str) -> Result<Self, Failure> {
        let pair = |part: &str| {
            let (key, value) = part.split_once('=').unwrap_or_default();
            let (key, value) = (key.trim(), value.trim().trim_matches('"'));
            match key.is_empty() || value.is_empty() {
                false => Ok((key.to_owned(), value.to_owned())),
                true => Err(Failure::usage(format!(
                    "`{part}` in `{text}` must be key=value, such as beta=4"
                ))),
            }
        };
        text.split(',')
            .map(pair)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn matches(&self, trial: &Trial) -> bool {
        let has = |(key, value): &(String, String)| {
            let found = values(trial, key);
            found.iter().any(|found| is_same(found, value))
        };
        self.0.iter().all(has)
    }

    /// Why no trial of `trials` can match: a key that none has, or a text for a key that has only numbers.
    fn impossible(&self, trials: &[Trial]) -> Option<String> {
        self.0.iter().find_map(|(key, value)| {
            let found: Vec<String> = trials.iter().flat_map(|trial| values(trial, key)).collect();
            let first = found.first();
            if first.is_none() {
                return Some(format!("`{key}` is not a key of any trial"));
            }
            let is_number = |text: &str| number(text).is_some();
            let takes_numbers = found.iter().all(|found| is_number(found));
            (takes_numbers && !is_number(value))
                .then(|| format!("`{value}` is not a number, but the values of `{key}` are"))
        })
    }
}

/// The values of a key in a trial's canonical text; the end of the key's path is enough.
fn values(trial: &Trial, key: &str) -> Vec<String> {
    let is_key = |path: &str| {
        path.strip_suffix(key)
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    let text = trial.canonical_text();
    let lines = text.lines().filter_map(|line| line.split_once(" = "));
    lines
        .filter(|(path, _)| is_key(path))
        .map(|(_, value)| value.trim_matches('"').to_owned())
        .collect()
}

/// `: ` and the reason, if `asked` can match no trial of the store.
fn why_none_matches(store: &Store, asked: &str) -> Result<String, Failure> {
    if !asked.contains('=') {
        return Ok(String::new());
    }
    let mut trials = Vec::new();
    for id in store.trial_ids()? {
        trials.extend(none_if_damaged(store.trial(&id).trial(), &mut Vec::new())?);
    }
    let why = Filter::parse(asked)?.impossible(&trials);
    Ok(why.map_or_else(String::new, |why| format!(": {why}")))
}

/// Whether two values are the same text or the same number.
fn is_same(a: &str, b: &str) -> bool {
    a == b || matches!((number(a), number(b)), (Some(a), Some(b)) if a == b)
}

fn number(text: &str) -> Option<f64> {
    text.replace('_', "").parse().ok()
}

/// The matching trials; adds a sentence to `unreadable` for each trial whose description is damaged or missing.
fn by_filter(
    store: &Store,
    filter: &Filter,
    unreadable: &mut Vec<String>,
) -> Result<Vec<TrialFolder>, Failure> {
    let mut found = Vec::new();
    for id in store.trial_ids()? {
        let folder = store.trial(&id);
        let n_before = unreadable.len();
        match none_if_damaged(folder.trial(), unreadable)? {
            Some(trial) if filter.matches(&trial) => found.push(folder),
            None if n_before == unreadable.len() && folder.is_present() => {
                unreadable.push(format!("trial {id} has no `trial.toml`"));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Lists the matching trials with their settings and seeds.
fn several(asked: &str, found: &[TrialFolder]) -> String {
    let name = |folder: &TrialFolder| match folder.trial() {
        Ok(Some(trial)) => {
            format!(
                "{} ({}, seed {})",
                folder.id(),
                trial.setting().label,
                trial.seed
            )
        }
        _ => folder.id().to_string(),
    };
    let names: Vec<String> = found.iter().take(MAX_NAMED).map(name).collect();
    let more = match found.len().saturating_sub(MAX_NAMED) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!(
        "`{asked}` matches {}: {}{more}; add more keys or the id, or pass --all",
        stdout::count(found.len(), "trial"),
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use unravel_sweep::Objective;

    #[test]
    fn a_filter_matches_by_whole_parts_of_keys_and_by_number() {
        let trial = Trial::new(Objective::beta_vae(4.0), 3);
        let fits = |text: &str| Filter::parse(text).unwrap().matches(&trial);
        for text in [
            "beta=4",
            "beta=4.0",
            "objective.beta-vae.beta=4",
            "objective=beta-vae",
            "seed=3, latents=10",
            "steps=300_000",
        ] {
            assert!(fits(text), "{text}");
        }
        for text in [
            "beta=5",
            "eta=4",
            "gamma=4",
            "objective=factor-vae",
            "beta=4,seed=0",
        ] {
            assert!(!fits(text), "{text}");
        }
        for text in ["beta=", "=4", "beta=4,", "beta=4,seed"] {
            assert!(Filter::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_filter_that_can_match_no_trial_says_why() {
        let trials = [Trial::new(Objective::beta_vae(4.0), 3)];
        let why = |text: &str| Filter::parse(text).unwrap().impossible(&trials);
        assert_eq!(why("beta=5,seed=3"), None);
        assert_eq!(why("objective=factor-vae"), None);
        let unknown = "`foo` is not a key of any trial";
        assert_eq!(why("beta=4,foo=1").as_deref(), Some(unknown));
        let text = "`x` is not a number, but the values of `beta` are";
        assert_eq!(why("beta=x").as_deref(), Some(text));
    }
}
