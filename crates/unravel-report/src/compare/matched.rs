//! Matches the settings of both sides, and lists the keys in which matched settings differ.

use super::LoadedSide;
use crate::report_input::{Rows, styled};
use std::collections::{BTreeMap, BTreeSet};
use unravel_sweep::Trial;

/// Settings of both sides.
#[derive(Debug, Default)]
pub struct Matches {
    /// In the order of the first side.
    pub pairs: Vec<Pair>,
    /// Indices of the settings that only the first or only the second side has.
    pub alone: [Vec<usize>; 2],
}

/// A setting of each side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Their indices.
    pub settings: [usize; 2],
    /// The keys that differ, except for the seed; empty for equal settings.
    pub changes: Vec<Change>,
}

/// A key whose value differs between the sides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Change {
    /// The key in the canonical text of a trial: `training.steps`.
    pub key: String,
    /// The values; `–` if a side does not have the key.
    pub values: [String; 2],
}

/// Matches equal settings first. Matches the other settings by label if the label is unique on both sides.
pub fn matches(trials: [&[Trial]; 2], known: &[LoadedSide; 2]) -> Matches {
    let [a, b] = known.each_ref().map(|side| &side.rows);
    let of = |key: fn(&Rows, usize) -> &str, free: [&[usize]; 2]| -> Vec<[usize; 2]> {
        let [in_a, in_b] = [unique(a, free[0], key), unique(b, free[1], key)];
        let both = |(name, a): (&&str, &usize)| Some([*a, *in_b.get(name)?]);
        in_a.iter().filter_map(both).collect()
    };
    let all = [a, b].map(|rows| (0..rows.settings.len()).collect::<Vec<_>>());
    let mut pairs = of(|rows, i| &rows.settings[i].setting.id, [&all[0], &all[1]]);
    let left = without(&all, &pairs);
    pairs.extend(of(
        |rows, i| &rows.settings[i].setting.label,
        [&left[0], &left[1]],
    ));
    pairs.sort_unstable();
    let alone = without(&all, &pairs);
    let pair = |settings: [usize; 2]| Pair {
        changes: changes([
            text(a, trials[0], settings[0]),
            text(b, trials[1], settings[1]),
        ]),
        settings,
    };
    Matches {
        pairs: pairs.into_iter().map(pair).collect(),
        alone,
    }
}

/// The settings whose key is unique.
fn unique<'a>(
    rows: &'a Rows,
    among: &[usize],
    key: fn(&Rows, usize) -> &str,
) -> BTreeMap<&'a str, usize> {
    let mut found: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for &idx in among {
        found.entry(key(rows, idx)).or_default().push(idx);
    }
    let alone = |(name, settings): (_, Vec<usize>)| match settings[..] {
        [one] => Some((name, one)),
        _ => None,
    };
    found.into_iter().filter_map(alone).collect()
}

fn without(all: &[Vec<usize>; 2], pairs: &[[usize; 2]]) -> [Vec<usize>; 2] {
    std::array::from_fn(|side| {
        let taken: BTreeSet<usize> = pairs.iter().map(|pair| pair[side]).collect();
        let free = all[side].iter().copied();
        free.filter(|idx| !taken.contains(idx)).collect()
    })
}

/// The keys and values that determine the results of a setting, as text.
fn text(rows: &Rows, trials: &[Trial], setting: usize) -> String {
    let first = rows
        .trials
        .iter()
        .position(|trial| trial.setting == setting);
    first.map_or_else(String::new, |idx| trials[idx].canonical_text())
}

/// The keys whose values differ, without the seed.
fn changes(texts: [String; 2]) -> Vec<Change> {
    let [a, b] = texts.each_ref().map(|text| {
        let pairs = text.lines().filter_map(|line| line.split_once(" = "));
        pairs
            .filter(|(key, _)| *key != "seed")
            .collect::<BTreeMap<_, _>>()
    });
    let keys: BTreeSet<&str> = a.keys().chain(b.keys()).copied().collect();
    let value = |of: &BTreeMap<&str, &str>, key| of.get(key).map_or("–", |v| *v).to_owned();
    keys.into_iter()
        .filter(|key| a.get(key) != b.get(key))
        .map(|key| Change {
            key: key.to_owned(),
            values: [value(&a, key), value(&b, key)],
        })
        .collect()
}

impl Matches {
    /// The changes that every pair has.
    pub fn common_changes(&self) -> Vec<Change> {
        let mut sets = self.pairs.iter().map(|pair| {
            let changes = pair.changes.iter().cloned();
            changes.collect::<BTreeSet<Change>>()
        });
        let first = sets.next().unwrap_or_default();
        let common = sets.fold(first, |common, set| &common & &set);
        common.into_iter().collect()
    }

    /// Gives matched settings the same style, and every other setting its own style.
    pub fn share_looks(&self, known: &mut [LoadedSide; 2]) {
        let [a, b] = known;
        let all = a.rows.settings.iter().map(|row| row.setting.clone());
        let n_first = a.rows.settings.len();
        let alone = self.alone[1]
            .iter()
            .map(|&idx| b.rows.settings[idx].setting.clone());
        let looks = styled(all.chain(alone).collect());
        let take = |rows: &mut Rows, idx: usize, look: usize| {
            rows.settings[idx].style = looks[look].style;
            rows.settings[idx].ink = looks[look].ink;
        };
        (0..n_first).for_each(|idx| take(&mut a.rows, idx, idx));
        for pair in &self.pairs {
            take(&mut b.rows, pair.settings[1], pair.settings[0]);
        }
        for (n, &idx) in self.alone[1].iter().enumerate() {
            take(&mut b.rows, idx, n_first + n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_the_lines_that_differ_and_not_the_seed() {
        let a = "training.steps = 30\nmodel.latents = 10\nseed = 1\n".to_owned();
        let b = "training.steps = 60\nmodel.latents = 10\ndata.keep.\"scale\" = 3\nseed = 2\n";
        let found = changes([a, b.to_owned()]);
        let change = |key: &str, a: &str, b: &str| Change {
            key: key.to_owned(),
            values: [a.to_owned(), b.to_owned()],
        };
        let expected = [
            change("data.keep.\"scale\"", "–", "3"),
            change("training.steps", "30", "60"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn common_changes_are_those_of_every_pair() {
        let change = |key: &str| Change {
            key: key.to_owned(),
            values: ["1".to_owned(), "2".to_owned()],
        };
        let pair = |keys: &[&str]| Pair {
            settings: [0, 0],
            changes: keys.iter().map(|key| change(key)).collect(),
        };
        let matches = Matches {
            pairs: vec![pair(&["a", "b"]), pair(&["b", "c"])],
            ..Matches::default()
        };
        assert_eq!(matches.common_changes(), [change("b")]);
        assert_eq!(Matches::default().common_changes(), []);
    }
}
