//! `--out DIR`: writes scores and matrices to files.

use std::fmt::Display;
use std::fs;
use std::path::Path;

use unravel_store::export::write_file;
use unravel_sweep::printable;

use super::scores::{Score, ScoredMatrix, Scores};
use crate::exit::{Exit, Failure};

/// Creates the folder; called first, so that an error costs no computation.
pub fn create(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))
}

/// Writes `scores.json`, `scores.csv` and one CSV per matrix, and per seed if the variant samples:
/// `mig-exact-mutual_information_nats.csv`, `mig-study-seed-0-mutual_information_nats.csv`.
pub fn write(folder: &Path, scores: &Scores, json: &serde_json::Value) -> Result<(), Failure> {
    put(
        &folder.join("scores.json"),
        printable::json(&format!("{json:#}\n"))
            .into_owned()
            .into_bytes(),
    )?;
    put(
        &folder.join("scores.csv"),
        to_csv(&score_rows(&scores.scores)),
    )?;
    for matrix in &scores.matrices {
        put(
            &folder.join(file_name(matrix)),
            to_csv(&matrix_rows(matrix)),
        )?;
    }
    Ok(())
}

fn put(path: &Path, bytes: Vec<u8>) -> Result<(), Failure> {
    write_file(path, &bytes).map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &dyn Display) -> Failure {
    let sentence = format!(
        "cannot write `{}`: {error}; check the folder, its permissions and the free space, or choose another folder with --out",
        path.display()
    );
    Failure::new(Exit::BadStore, sentence)
}

/// One row per score; has a column `factor_bins` only if factor values were binned.
fn score_rows(scores: &[Score]) -> Vec<Vec<String>> {
    let has_bins = scores.iter().any(|score| score.factor_bins.is_some());
    let header = [
        "metric",
        "quantity",
        "variant",
        "representation",
        "grid",
        "mean",
        "sd",
        "n_seeds",
    ];
    let row = |score: &Score| {
        let mut row = vec![
            score.metric.to_owned(),
            score.quantity.to_owned(),
            score.variant.to_owned(),
            score.representation.to_owned(),
            score.grid.clone(),
            score.mean.to_string(),
            score.sd.map_or_else(String::new, |sd| sd.to_string()),
            score.seeds.len().to_string(),
        ];
        row.extend(
            score
                .factor_bins
                .map(|bins| format!("{} {}", bins.n(), bins.binning().name())),
        );
        row
    };
    let mut header = header.map(str::to_owned).to_vec();
    header.extend(has_bins.then(|| "factor_bins".to_owned()));
    std::iter::once(header)
        .chain(scores.iter().map(row))
        .collect()
}

/// The matrix with a header row and a first column of row names.
fn matrix_rows(ScoredMatrix { matrix, .. }: &ScoredMatrix) -> Vec<Vec<String>> {
    let header = std::iter::once("row".to_owned()).chain(matrix.col_names.iter().cloned());
    let mut rows = vec![header.collect::<Vec<_>>()];
    let values = matrix.values.chunks(matrix.col_names.len().max(1));
    rows.extend(matrix.row_names.iter().zip(values).map(|(name, values)| {
        let values = values.iter().map(f64::to_string);
        std::iter::once(name.clone()).chain(values).collect()
    }));
    rows
}

fn file_name(
    ScoredMatrix {
        metric,
        variant,
        seed,
        matrix,
    }: &ScoredMatrix,
) -> String {
    let seed = seed.map_or_else(String::new, |seed| format!("-seed-{seed}"));
    format!("{metric}-{variant}{seed}-{}.csv", matrix.name)
}

fn to_csv(rows: &[Vec<String>]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        // Names of factors come from a stranger's file, and a CSV may be shown on a terminal.
        let row = row.iter().map(|cell| printable::text(cell).into_owned());
        writer
            .write_record(row.map(String::into_bytes))
            .expect("rows of one length go to memory");
    }
    writer.into_inner().expect("memory takes all")
}

#[cfg(test)]
mod tests {
    use unravel_metrics::Matrix;

    use super::*;

    #[test]
    fn a_matrix_has_its_names_around_it() {
        let matrix = ScoredMatrix {
            metric: "mig",
            variant: "study",
            seed: Some(3),
            matrix: Matrix {
                name: "mutual_information_nats".to_owned(),
                row_names: vec!["code_0".to_owned(), "code_1".to_owned()],
                col_names: vec!["sh\u{1b}[2Jape\u{7}".to_owned(), "x, y".to_owned()],
                values: vec![0.5, 0.0, 1e-9, 2.0],
            },
        };
        assert_eq!(
            file_name(&matrix),
            "mig-study-seed-3-mutual_information_nats.csv"
        );
        let csv = String::from_utf8(to_csv(&matrix_rows(&matrix))).unwrap();
        assert_eq!(
            csv,
            "row,sh\\u{1b}[2Jape\\u{7},\"x, y\"\ncode_0,0.5,0\ncode_1,0.000000001,2\n"
        );
    }
}
