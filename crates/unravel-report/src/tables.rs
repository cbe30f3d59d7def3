//! The report's tables as polars frames, and their files.

use crate::error::ReportError;
use crate::report_input::{Rows, ScoreRow};
use crate::stats::Spread;
use polars::prelude::{
    Column, CsvWriter, DataFrame, GroupsIndicator, IdxSize, NamedFrom, ParquetCompression,
    ParquetWriter, PolarsResult, SerWriter, Series,
};
use unravel_sweep::printable;

/// Both tables of a report.
pub struct Tables {
    /// One row per trial, metric, quantity, variant, representation and step.
    pub scores: DataFrame,
    /// One row per setting, metric, quantity, variant, representation and step: mean and sd over trial seeds.
    pub summary: DataFrame,
}

/// The key of a summary row: every key column except the trial.
const SUMMARY_KEYS: [&str; 11] = [
    "setting_id",
    "setting",
    "family",
    "strength_name",
    "strength",
    "metric",
    "quantity",
    "variant",
    "representation",
    "grid",
    "step",
];

/// Makes the tables.
///
/// # Errors
/// If polars rejects a table.
pub fn tables(rows: &Rows) -> Result<Tables, ReportError> {
    let scores = scores(rows).map_err(ReportError::table("scores"))?;
    let summary = summary(&scores).map_err(ReportError::table("summary"))?;
    Ok(Tables { scores, summary })
}

fn scores(rows: &Rows) -> PolarsResult<DataFrame> {
    let setting = |score: &ScoreRow| rows.setting_of(score.trial);
    let joined = |numbers: Vec<String>| numbers.join(" ");
    let text =
        |name: &str, of: &dyn Fn(&ScoreRow) -> String| column(name, rows.scores.iter().map(of));
    let columns = vec![
        text("trial", &|s| rows.trials[s.trial].id.clone()),
        text("setting_id", &|s| setting(s).id.clone()),
        text("setting", &|s| setting(s).label.clone()),
        text("family", &|s| setting(s).family.clone()),
        text("strength_name", &|s| setting(s).strength_name.clone()),
        column("strength", rows.scores.iter().map(|s| setting(s).strength)),
        column(
            "seed",
            rows.scores.iter().map(|s| rows.trials[s.trial].seed),
        ),
        text("metric", &|s| s.metric.to_string()),
        text("quantity", &|s| s.quantity.clone()),
        text("variant", &|s| s.variant.to_string()),
        text("representation", &|s| s.representation.to_string()),
        text("grid", &|s| s.grid.clone()),
        column("step", rows.scores.iter().map(|s| s.step)),
        column("mean", rows.scores.iter().map(|s| s.mean)),
        column(
            "sd_over_evaluation_seeds",
            rows.scores.iter().map(|s| s.sd_over_evaluation_seeds),
        ),
        // Null instead of an empty text if nothing was sampled.
        column(
            "evaluation_seeds",
            rows.scores
                .iter()
                .map(|s| joined(s.evaluation_seeds.iter().map(u64::to_string).collect()))
                .map(|seeds| Some(seeds).filter(|seeds| !seeds.is_empty())),
        ),
        text("values", &|s| {
            joined(s.values.iter().map(f64::to_string).collect())
        }),
    ];
    DataFrame::new_infer_height(columns)
}

fn summary(scores: &DataFrame) -> PolarsResult<DataFrame> {
    let groups = groups(scores, &SUMMARY_KEYS)?;
    let means = numbers(scores, "mean")?;
    let evaluation_sds = optional_numbers(scores, "sd_over_evaluation_seeds")?;
    let trials = texts(scores, "trial")?;
    let spreads: Vec<Option<Spread>> = groups
        .iter()
        .map(|g| Spread::of(g.iter().map(|&i| means[i])))
        .collect();
    let evaluation: Vec<Option<f64>> = groups
        .iter()
        .map(|g| Spread::of(g.iter().filter_map(|&i| evaluation_sds[i])).map(|spread| spread.mean))
        .collect();
    let mut columns = firsts(scores, &SUMMARY_KEYS, &groups)?;
    columns.extend([
        column("n_trials", groups.iter().map(|g| g.len() as u64)),
        column("mean", spreads.iter().map(|s| s.map(|s| s.mean))),
        column(
            "sd_over_trial_seeds",
            spreads.iter().map(|s| s.and_then(|s| s.sd)),
        ),
        column("mean_sd_over_evaluation_seeds", evaluation),
        column(
            "trials",
            groups.iter().map(|g| {
                g.iter()
                    .map(|&i| trials[i].as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            }),
        ),
    ]);
    DataFrame::new_infer_height(columns)
}

/// Rows with equal keys, as lists of row indices, in order of first appearance.
pub fn groups(frame: &DataFrame, keys: &[&str]) -> PolarsResult<Vec<Vec<usize>>> {
    if frame.height() == 0 {
        return Ok(Vec::new());
    }
    let grouped = frame.group_by_stable(keys.iter().copied())?;
    let members = |group: GroupsIndicator<'_>| match group {
        GroupsIndicator::Idx((_, members)) => members.iter().map(|&i| i as usize).collect(),
        GroupsIndicator::Slice([first, n]) => (first as usize..(first + n) as usize).collect(),
    };
    Ok(grouped.get_groups().iter().map(members).collect())
}

/// The key columns with one row per group.
pub fn firsts(
    frame: &DataFrame,
    keys: &[&str],
    groups: &[Vec<usize>],
) -> PolarsResult<Vec<Column>> {
    let first: Vec<IdxSize> = groups.iter().map(|group| group[0] as IdxSize).collect();
    keys.iter()
        .map(|key| frame.column(key)?.take_slice(&first))
        .collect()
}

/// A column of numbers or texts.
pub fn column<V>(name: &str, values: impl IntoIterator<Item = V>) -> Column
where
    Series: NamedFrom<Vec<V>, [V]>,
{
    Series::new(name.into(), values.into_iter().collect::<Vec<V>>()).into()
}

/// A text column's values.
pub fn texts(frame: &DataFrame, name: &str) -> PolarsResult<Vec<String>> {
    Ok(frame
        .column(name)?
        .str()?
        .iter()
        .map(|text| text.unwrap_or_default().to_owned())
        .collect())
}

/// A number column's values; NaN where there is none.
pub fn numbers(frame: &DataFrame, name: &str) -> PolarsResult<Vec<f64>> {
    Ok(optional_numbers(frame, name)?
        .into_iter()
        .map(|v| v.unwrap_or(f64::NAN))
        .collect())
}

/// A number column's values.
pub fn optional_numbers(frame: &DataFrame, name: &str) -> PolarsResult<Vec<Option<f64>>> {
    Ok(frame.column(name)?.f64()?.iter().collect())
}

/// The bytes of `<name>.csv` and `<name>.parquet`.
///
/// # Errors
/// If polars cannot encode the frame.
pub fn encode(name: &str, frame: &DataFrame) -> Result<[(String, Vec<u8>); 2], ReportError> {
    let failed = ReportError::table(name);
    let mut frame = frame.clone();
    let mut csv = Vec::new();
    CsvWriter::new(&mut csv)
        .finish(&mut frame)
        .map_err(failed)?;
    // Names of factors come from a stranger's file, and a CSV may be shown on a terminal.
    let csv = match String::from_utf8(csv) {
        Ok(csv) => printable::text(&csv).into_owned().into_bytes(),
        Err(error) => error.into_bytes(),
    };
    let mut parquet = Vec::new();
    // No compression: the tables are small, and the build needs no codec.
    ParquetWriter::new(&mut parquet)
        .with_compression(ParquetCompression::Uncompressed)
        .finish(&mut frame)
        .map_err(failed)?;
    Ok([
        (format!("{name}.csv"), csv),
        (format!("{name}.parquet"), parquet),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_csv_holds_no_control_character() {
        let names = Series::new("factor".into(), ["a\u{1b}[2J\u{7}", "β,c"]);
        let frame = DataFrame::new_infer_height(vec![names.into()]).unwrap();
        let [(name, csv), _] = encode("matrices", &frame).unwrap();
        assert_eq!(name, "matrices.csv");
        let expected = "factor\na\\u{1b}[2J\\u{7}\n\"β,c\"\n";
        assert_eq!(String::from_utf8(csv).unwrap(), expected);
    }
}
