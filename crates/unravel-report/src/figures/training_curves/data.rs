//! The numbers of the training curves: per setting and interval of steps, mean and sd over trials.

use crate::report_input::{LogRow, Rows, part_of_training};
use crate::stats::Spread;
use crate::tables::{column, firsts, groups, numbers, optional_numbers};
use polars::prelude::{DataFrame, PolarsResult};
use std::collections::BTreeSet;

/// The maximum number of points of a curve. More points would not be visible.
const MAX_POINTS: u64 = 200;

/// A setting's mean and spread at a step.
#[derive(Clone, Debug, PartialEq)]
pub struct CurvePoint {
    /// The last step of the interval.
    pub step: u64,
    /// Over trial seeds.
    pub value: Spread,
}

/// One setting's curve.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Index of the setting.
    pub setting: usize,
    /// By ascending step.
    pub points: Vec<CurvePoint>,
}

/// One loss term over all settings that have it.
#[derive(Clone, Debug, PartialEq)]
pub struct TermCurves {
    /// The column's name in the logs.
    pub term: String,
    /// In the order of settings.
    pub curves: Vec<Curve>,
    /// How many trials have this term.
    pub n_trials: usize,
}

/// Every loss term, in the order of first appearance in the logs.
pub fn terms(rows: &Rows) -> Vec<String> {
    let mut seen = BTreeSet::new();
    rows.logs
        .iter()
        .flat_map(|log| &log.terms)
        .filter(|term| seen.insert(term.as_str()))
        .cloned()
        .collect()
}

/// The term's curves as a table: one row per setting and interval of steps, with number of trials, mean and sd.
///
/// Intervals are equal parts of a trial's steps, so unfinished trials have the same intervals as finished ones.
///
/// # Errors
/// If polars cannot group the values.
pub fn table(rows: &Rows, term: &str) -> PolarsResult<DataFrame> {
    let values = trial_intervals(rows, term)?;
    let groups = groups(&values, &["setting", "interval"])?;
    let (means, steps) = (
        numbers(&values, "value")?,
        values.column("step")?.u64()?.clone(),
    );
    let spread = |group: &Vec<usize>| Spread::of(group.iter().map(|&i| means[i]));
    let spreads: Vec<Option<Spread>> = groups.iter().map(spread).collect();
    let last = |group: &Vec<usize>| {
        group
            .iter()
            .filter_map(|&i| steps.get(i))
            .max()
            .unwrap_or(0)
    };
    let mut columns = firsts(&values, &["setting"], &groups)?;
    let labels: Vec<String> = columns[0]
        .u64()?
        .iter()
        .flatten()
        .map(|s| rows.settings[s as usize].setting.label.clone())
        .collect();
    columns[0].rename("setting_index".into());
    columns.extend([
        column("setting", labels),
        column("term", vec![term.to_owned(); groups.len()]),
        column("step", groups.iter().map(last)),
        column(
            "n_trials",
            spreads.iter().map(|s| s.map_or(0, |s| s.n) as u64),
        ),
        column("mean", spreads.iter().map(|s| s.map(|s| s.mean))),
        column(
            "sd_over_trial_seeds",
            spreads.iter().map(|s| s.and_then(|s| s.sd)),
        ),
    ]);
    DataFrame::new_infer_height(columns)
}

/// One row per trial and interval: the mean of the logged values.
fn trial_intervals(rows: &Rows, term: &str) -> PolarsResult<DataFrame> {
    let (mut settings, mut intervals, mut steps, mut values) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for log in &rows.logs {
        let trial = &rows.trials[log.trial];
        for (interval, step, value) in intervals_of(log, term, trial.steps) {
            settings.push(trial.setting as u64);
            intervals.push(interval);
            steps.push(step);
            values.push(value);
        }
    }
    DataFrame::new_infer_height(vec![
        column("setting", settings),
        column("interval", intervals),
        column("step", steps),
        column("value", values),
    ])
}

fn intervals_of(log: &LogRow, term: &str, n_steps: u64) -> Vec<(u64, u64, f64)> {
    let Some(idx) = log.terms.iter().position(|name| name == term) else {
        return Vec::new();
    };
    let mut intervals: Vec<(u64, u64, f64, u32)> = Vec::new();
    for (step, row) in &log.rows {
        let Some(value) = row.get(idx).copied().filter(|v| v.is_finite()) else {
            continue;
        };
        let interval = part_of_training(*step, n_steps, MAX_POINTS);
        match intervals.last_mut() {
            Some(open) if open.0 == interval => {
                *open = (interval, *step, open.2 + value, open.3 + 1)
            }
            _ => intervals.push((interval, *step, value, 1)),
        }
    }
    intervals
        .into_iter()
        .map(|(interval, step, sum, n)| (interval, step, sum / f64::from(n)))
        .collect()
}

/// Reads the curves back from the term's table.
///
/// # Errors
/// If a column does not have the type that [`table`] gives it.
pub fn term_curves(rows: &Rows, term: &str, table: &DataFrame) -> PolarsResult<TermCurves> {
    let settings = table.column("setting_index")?.u64()?.clone();
    let (steps, counts) = (
        table.column("step")?.u64()?.clone(),
        table.column("n_trials")?.u64()?.clone(),
    );
    let (means, sds) = (
        numbers(table, "mean")?,
        optional_numbers(table, "sd_over_trial_seeds")?,
    );
    let point = |i: usize| {
        let n = counts.get(i)? as usize;
        Some(CurvePoint {
            step: steps.get(i)?,
            value: Spread {
                mean: means[i],
                sd: sds[i],
                n,
            },
        })
    };
    let curve = |setting: usize| {
        let mine = (0..table.height()).filter(|&i| settings.get(i) == Some(setting as u64));
        let mut points: Vec<CurvePoint> = mine.filter_map(point).collect();
        points.sort_by_key(|point| point.step);
        Curve { setting, points }
    };
    let curves = (0..rows.settings.len())
        .map(curve)
        .filter(|curve| !curve.points.is_empty())
        .collect();
    let n_trials = rows
        .logs
        .iter()
        .filter(|log| log.terms.iter().any(|t| t == term))
        .count();
    Ok(TermCurves {
        term: term.to_owned(),
        curves,
        n_trials,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_logs_are_averaged_over_equal_parts_of_the_training() {
        let rows = (1..=400).map(|step| (step, vec![step as f64])).collect();
        let log = LogRow {
            trial: 0,
            terms: vec!["kl_nats".into()],
            rows,
        };
        let intervals = intervals_of(&log, "kl_nats", 400);
        assert_eq!(intervals.len(), 200);
        assert_eq!(intervals[0], (0, 2, 1.5));
        assert_eq!(intervals[199], (199, 400, 399.5));
        assert_eq!(intervals_of(&log, "tc_nats", 400), []);
    }
}
