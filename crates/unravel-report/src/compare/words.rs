//! The findings of a comparison, in sentences.

use std::collections::BTreeSet;

use super::LoadedSide;
use super::difference::{Cell, Column, Table, scores_alone};
use super::matched::{Change, Matches, Pair};
use crate::axis::plain;
use crate::stats::Spread;
use crate::words::{count, list};

/// The findings, in the order in which they should be read.
pub fn findings(known: &[LoadedSide; 2], matches: &Matches, table: &Table) -> Vec<String> {
    let mut sentences = vec![matched_sentence(known, matches)];
    sentences.extend(change_sentence(known, matches));
    sentences.extend(one_sided_scores(known));
    sentences.extend(grid_sentence(known));
    let measured = (0..table.columns.len()).filter_map(|idx| column_sentence(known, table, idx));
    sentences.extend(measured);
    sentences
}

fn matched_sentence(known: &[LoadedSide; 2], matches: &Matches) -> String {
    let labels = |side: usize| {
        let settings = matches.alone[side].iter();
        let rows = &known[side].rows.settings;
        let labels: Vec<String> = settings
            .map(|&idx| rows[idx].setting.label.clone())
            .collect();
        match labels.len() {
            0 => None,
            1..=4 => Some(format!("Only {} has {}.", known[side].title, list(&labels))),
            n => Some(format!("Only {} has {n} others.", known[side].title)),
        }
    };
    let both = match matches.pairs.len() {
        0 => "The sweeps have no setting in common.".to_owned(),
        n => format!("The sweeps have {} in common.", count(n, "setting")),
    };
    let parts: Vec<String> = std::iter::once(both)
        .chain([0, 1].into_iter().filter_map(labels))
        .collect();
    parts.join(" ")
}

fn change_sentence(known: &[LoadedSide; 2], matches: &Matches) -> Option<String> {
    let is_same = matches.pairs.iter().all(|pair| pair.changes.is_empty());
    if matches.pairs.is_empty() {
        return None;
    }
    if is_same {
        let shared = match share_their_trials(known, matches) {
            true => " Both sides have the same trials of these settings.",
            false => " Only their trials differ.",
        };
        return Some(format!("Matched settings are equal in every key.{shared}"));
    }
    let common = matches.common_changes();
    let is_all = matches
        .pairs
        .iter()
        .all(|pair| pair.changes.len() == common.len());
    let others = if is_all {
        ""
    } else {
        " Some differ in more keys; the table lists them."
    };
    let n = matches.pairs.len();
    let n_same = matches
        .pairs
        .iter()
        .filter(|pair| pair.changes.is_empty())
        .count();
    let [a, b] = known.each_ref().map(|side| side.title.as_str());
    Some(match common.len() {
        0 => format!(
            "{n_same} of {n} matched settings are equal in every key. The others have the same label; the table lists the keys \
             in which they differ."
        ),
        _ => {
            let changes: Vec<String> = common.iter().map(change).collect();
            format!(
                "From {a} to {b}, every matched setting differs in {}.{others}",
                list(&changes)
            )
        }
    })
}

/// Whether matched settings have the same trials on both sides, read from one store.
fn share_their_trials(known: &[LoadedSide; 2], matches: &Matches) -> bool {
    let ids = |side: usize, setting: usize| -> BTreeSet<&str> {
        let trials = known[side].rows.trials.iter();
        trials
            .filter(|trial| trial.setting == setting)
            .map(|trial| trial.id.as_str())
            .collect()
    };
    let is_shared = |pair: &Pair| ids(0, pair.settings[0]) == ids(1, pair.settings[1]);
    known[0].store == known[1].store && matches.pairs.iter().all(is_shared)
}

/// `training.steps (30 → 60)`.
pub fn change(change: &Change) -> String {
    let [a, b] = &change.values;
    format!("{} ({a} → {b})", change.key)
}

fn one_sided_scores(known: &[LoadedSide; 2]) -> Option<String> {
    let alone = scores_alone(known);
    let part = |side: usize| {
        let titles = &alone[side];
        (!titles.is_empty()).then(|| format!("only {} has {}", known[side].title, list(titles)))
    };
    let parts: Vec<String> = [0, 1].into_iter().filter_map(part).collect();
    (!parts.is_empty()).then(|| format!("Not compared: {}.", parts.join(", and ")))
}

/// Scores of different grids measure different tasks.
fn grid_sentence(known: &[LoadedSide; 2]) -> Option<String> {
    let [a, b] = known.each_ref().map(|side| {
        let grids: BTreeSet<&str> = side
            .rows
            .scores
            .iter()
            .map(|score| score.grid.as_str())
            .collect();
        let grids: Vec<String> = grids.iter().map(|grid| grid.replace('x', " × ")).collect();
        list(&grids)
    });
    let [title_a, title_b] = known.each_ref().map(|side| side.title.as_str());
    (a != b).then(|| {
        format!(
            "Caution: scores of {title_a} were computed on the grid {a}, those of {title_b} on {b}. Scores of different grids \
             measure different tasks."
        )
    })
}

fn column_sentence(known: &[LoadedSide; 2], table: &Table, idx: usize) -> Option<String> {
    let column = &table.columns[idx];
    let cells: Vec<&Cell> = table
        .cells_of(idx)
        .filter(|cell| cell.difference.is_some())
        .collect();
    let differences = || cells.iter().filter_map(|cell| cell.difference);
    let mean = Spread::of(differences().map(|d| d.mean))?.mean;
    let n_of = |sign: i8| differences().filter(|d| d.sign() == sign).count();
    let (n_higher, n_lower, n) = (n_of(1), n_of(-1), cells.len());
    let [a, b] = known.each_ref().map(|side| side.title.as_str());
    let unit = if column.unit().is_empty() {
        ""
    } else {
        " nats per image"
    };
    let average = format!("{}{unit}", signed(mean, column.decimals()));
    let verdict = match (n_higher, n_lower) {
        (0, 0)
            if cells
                .iter()
                .all(|cell| cell.difference.is_none_or(|d| d.half_width.is_none())) =>
        {
            "not tested, because each setting has one trial".to_owned()
        }
        (0, 0) => format!("no clear difference in {}", of(n)),
        _ => {
            let part = |n: usize, word: &str| (0 < n).then(|| format!("{word} in {b} for {n}"));
            let [up, down] = words(column);
            let parts: Vec<String> = [part(n_higher, up), part(n_lower, down)]
                .into_iter()
                .flatten()
                .collect();
            format!("{} of {}", list(&parts), count(n, "setting"))
        }
    };
    Some(format!(
        "{}: {verdict}. The mean difference ({b} − {a}) over settings is {average}.",
        column.title()
    ))
}

fn of(n: usize) -> String {
    match n {
        1 => "the one setting".to_owned(),
        n => format!("any of {n} settings"),
    }
}

/// The words for a larger and a smaller value of a quantity.
fn words(column: &Column) -> [&'static str; 2] {
    match column.merit() {
        1 => ["clearly better (higher)", "clearly worse (lower)"],
        -1 => ["clearly worse (higher)", "clearly better (lower)"],
        _ => ["clearly higher", "clearly lower"],
    }
}

/// `+0.031`, `−0.200`, `0.000`.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = plain(value, decimals);
    let is_zero = plain(value.abs(), decimals)
        .bytes()
        .all(|b| matches!(b, b'0' | b'.'));
    match 0.0 < value && !is_zero {
        true => format!("+{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_have_their_sign() {
        let said = [0.0312, -0.2, 0.0, 0.0001].map(|value| signed(value, 3));
        assert_eq!(said, ["+0.031", "−0.200", "0.000", "0.000"]);
    }
}
