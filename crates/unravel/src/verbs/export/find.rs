//! Which trials of a store a person means: by id, by the beginning of one, or by what they are like.

use unravel_store::{Store, TrialFolder, none_if_damaged};
use unravel_sweep::Trial;

use crate::exit::{Exit, Failure};
use crate::output;

/// Trials that a refusal names at the most.
const MAX_NAMED: usize = 8;

/// A digit less, and any other trial's id may begin so too.
const MIN_PREFIX: usize = 2;

/// The trial that `asked` means; all that it fits if `all` are wanted.
///
/// # Errors
/// A sentence when it fits none, or several where one is wanted.
pub fn trials(store: &Store, asked: &str, all: bool) -> Result<Vec<TrialFolder>, Failure> {
    let place = store.path().display();
    let ids = store.trial_ids()?;
    if ids.is_empty() {
        return Err(Failure::usage(format!(
            "the store `{place}` has no trials; name another with --store"
        )));
    }
    let mut unreadable = Vec::new();
    let found = match asked.contains('=') {
        true => by_filter(store, &Filter::parse(asked)?, &mut unreadable)?,
        false => {
            let digits = asked.to_lowercase();
            let is_meant = |id: &&unravel_sweep::TrialId| id.as_str().starts_with(&digits);
            let is_prefix = MIN_PREFIX <= digits.len();
            let ids = ids.iter().filter(|_| is_prefix).filter(is_meant);
            ids.map(|id| store.trial(id)).collect()
        }
    };
    match &found[..] {
        [] if !unreadable.is_empty() => Err(Failure::new(
            Exit::BadStore,
            format!(
                "no trial of the store `{place}` that can be read fits `{asked}`; {}",
                of_unreadable(&unreadable)
            ),
        )),
        [] => Err(Failure::usage(format!(
            "no trial of the store `{place}` fits `{asked}`; it has {}, which `unravel status SWEEP.toml --json` lists",
            output::count(ids.len(), "trial")
        ))),
        [_, _, ..] if !all => Err(Failure::usage(several(asked, &found))),
        _ => {
            if !unreadable.is_empty() {
                crate::say::note(of_unreadable(&unreadable));
            }
            Ok(found)
        }
    }
}

/// What is wrong with trials of which nobody can say whether they fit, and what mends them.
fn of_unreadable(sentences: &[String]) -> String {
    let (first, rest) = (&sentences[0], sentences.len() - 1);
    let more = match rest {
        0 => String::new(),
        1 => ", and another like it".to_owned(),
        n => format!(", and {n} others like it"),
    };
    format!(
        "{first}{more}; `unravel run` on a sweep file that has the trial makes its `trial.toml` again"
    )
}

/// `key=value,…`: the trials with all of these.
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
                    "`{part}` in `{text}` is not key=value, such as beta=4"
                ))),
            }
        };
        text.split(',')
            .map(pair)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    fn fits(&self, trial: &Trial) -> bool {
        let text = trial.canonical_text();
        let lines: Vec<(&str, &str)> = text.lines().filter_map(|l| l.split_once(" = ")).collect();
        let is_key = |path: &str, key: &str| {
            path.strip_suffix(key)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        let has = |(key, value): &(String, String)| {
            let mut found = lines.iter().filter(|(path, _)| is_key(path, key));
            found.any(|(_, found)| is_same(found.trim_matches('"'), value))
        };
        self.0.iter().all(has)
    }
}

/// Whether two values are the same text or the same number.
fn is_same(a: &str, b: &str) -> bool {
    let number = |text: &str| text.replace('_', "").parse::<f64>();
    a == b || matches!((number(a), number(b)), (Ok(a), Ok(b)) if a == b)
}

/// The trials that fit; `unreadable` gets a sentence for each whose description is damaged or lost.
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
            Some(trial) if filter.fits(&trial) => found.push(folder),
            None if n_before == unreadable.len() && folder.is_present() => {
                unreadable.push(format!("trial {id} has no `trial.toml`"));
            }
            _ => {}
        }
    }
    Ok(found)
}

/// Names the trials that fit, with what they are.
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
        "`{asked}` fits {}: {}{more}; say which, or give --all",
        output::count(found.len(), "trial"),
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use unravel_sweep::Objective;

    #[test]
    fn a_filter_fits_by_whole_parts_of_keys_and_by_number() {
        let trial = Trial::new(Objective::beta_vae(4.0), 3);
        let fits = |text: &str| Filter::parse(text).unwrap().fits(&trial);
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
}
