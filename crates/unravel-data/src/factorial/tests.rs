//! Tables, sound and not, whole and in archives.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use tempfile::TempDir;
use zip::CompressionMethod::Deflated;

use super::*;
use crate::arrays::sample;

const KEYS: FactorialKeys = FactorialKeys::OFFICIAL;

/// Bytes that the tables of zeros unpack to.
const MANY: usize = 1 << 27;

fn levels(sizes: &[i64]) -> Vec<Vec<i64>> {
    sizes.iter().map(|&size| (0..size).collect()).collect()
}

fn space(levels: &[Vec<i64>], names: Option<&[String]>) -> Result<FactorSpace, SpaceError> {
    FactorSpace::new(factors(levels, names))
}

/// An archive with these arrays.
fn archive(arrays: &[(&str, Vec<u8>)]) -> (TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("table.npz");
    sample::write(&path, Deflated, arrays);
    let archive = Archive::open(&path).unwrap();
    (folder, archive)
}

fn read<const K: usize>(rows: &[[i64; K]]) -> Result<Factorial, NpzError> {
    let (_folder, mut archive) = archive(&[("latents_classes", sample::classes(rows))]);
    Factorial::read(&mut archive, KEYS)
}

fn labels<const K: usize>(rows: &[[i64; K]]) -> Result<Labels, NpzError> {
    let (_folder, mut archive) = archive(&[("latents_classes", sample::classes(rows))]);
    Labels::read(&mut archive, KEYS)
}

#[test]
fn names_of_dsprites_by_sizes_and_numbers_of_columns_else() {
    let dsprites = space(&levels(&[1, 3, 6, 40, 32, 32]), None).unwrap();
    assert_eq!(dsprites, FactorSpace::dsprites());
    let other = space(&levels(&[4, 1, 2]), None).unwrap();
    assert_eq!(
        other.factors(),
        [Factor::new("factor-0", 4), Factor::new("factor-2", 2)]
    );
    let names = ["hue", "size", "hue"].map(String::from);
    let named = space(&levels(&[1, 2, 3]), Some(&names)).unwrap();
    assert_eq!(
        named.factors(),
        [Factor::new("size", 2), Factor::new("hue", 3)]
    );
    let fault = refusal(space(&levels(&[2, 2, 2]), Some(&names)).unwrap_err());
    assert!(fault.to_string().contains("\"hue\" is used twice"));
}

#[test]
fn rows_in_any_order_with_gaps_in_the_classes() {
    let rows = [
        [4, 7, 4],
        [-1, 7, 0],
        [-1, 7, 4],
        [4, 7, 0],
        [4, 7, 2],
        [-1, 7, 2],
    ];
    let points = [5, 0, 2, 3, 4, 1];
    let factorial = read(&rows).unwrap();
    assert_eq!(factorial.point_of_row, points);
    assert_eq!(factorial.space.sizes(), [2, 3]);
    let labels = labels(&rows).unwrap();
    assert_eq!(labels.points.as_deref(), Some(&points[..]));
    assert_eq!(labels.factors, factorial.space.factors());
    assert_eq!(labels.values, [1, 2, 0, 0, 0, 2, 1, 0, 1, 1, 0, 1]);
}

#[test]
fn columns_first_are_the_same_table() {
    let columns = [[4_i64, -1, -1, 4], [2, 2, 0, 0]];
    let elements = columns.as_flattened().iter().flat_map(|v| v.to_le_bytes());
    let header = crate::arrays::Header {
        descr: "<i8".to_owned(),
        fortran_order: true,
        shape: vec![4, 2],
    };
    let array = [header.to_bytes(), elements.collect()].concat();
    let (_folder, mut archive) = archive(&[("latents_classes", array)]);
    let factorial = Factorial::read(&mut archive, KEYS).unwrap();
    assert_eq!(factorial.point_of_row, [3, 1, 0, 2]);
}

#[test]
fn missing_and_repeated_rows_are_told_apart() {
    let fault = read(&[[0, 0], [0, 1], [1, 0]]).unwrap_err().to_string();
    assert!(
        fault.contains("3 rows") && fault.contains("2x2 = 4"),
        "{fault}"
    );
    let fault = read(&[[0, 0], [0, 1], [1, 1], [0, 1]]).unwrap_err();
    let sentence = fault.to_string();
    assert!(
        sentence.contains("rows 1 and 3 (from 0) have the same factor values"),
        "{sentence}"
    );
    assert_eq!(
        labels(&[[0, 0], [0, 1], [1, 1], [0, 1]]).unwrap().points,
        None
    );
}

#[test]
fn few_rows_of_more_combinations_than_can_be_counted() {
    let rows: Vec<[i64; 64]> = (0..3).map(|row| [row; 64]).collect();
    let found = labels(&rows).unwrap();
    assert_eq!((found.factors.len(), found.points), (64, None));
    assert_eq!(found.values[64..128], [1; 64]);
    let fault = read(&rows).unwrap_err().to_string();
    assert!(fault.contains("too many distinct values"), "{fault}");
}

#[test]
fn too_many_columns_are_refused_by_their_number() {
    let fault = read(&[[0; 65], [1; 65]]).unwrap_err().to_string();
    assert!(
        fault.contains("65 columns of factor values, but at most 64"),
        "{fault}"
    );
}

/// A table of zeros of this shape, deflated to a thousandth of it.
fn zeros(shape: [usize; 2]) -> (TempDir, Archive) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("zeros.npz");
    let mut zip = zip::ZipWriter::new(File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    zip.start_file("latents_classes.npy", options).unwrap();
    zip.write_all(&sample::array("|u1", &shape, &[])).unwrap();
    for _ in 0..shape[0] * shape[1] / ZEROS.len() {
        zip.write_all(&ZEROS).unwrap();
    }
    zip.finish().unwrap();
    (folder, Archive::open(&path).unwrap())
}

static ZEROS: [u8; 1 << 16] = [0; 1 << 16];

#[test]
#[cfg(target_os = "linux")]
fn a_table_of_zeros_takes_no_memory_whatever_its_shape() {
    for shape in [[1, MANY], [MANY, 1], [MANY / 64, 64]] {
        let (_folder, mut archive) = zeros(shape);
        let before = most_bytes_held();
        let fault = Factorial::read(&mut archive, KEYS).unwrap_err();
        let named = Labels::read(&mut archive, KEYS).unwrap_err();
        let taken = most_bytes_held() - before;
        assert!(taken < MANY as u64 / 2, "{shape:?}: {taken} bytes");
        assert_eq!(fault.to_string(), named.to_string());
    }
}

/// The most bytes of memory that this process has had at once.
#[cfg(target_os = "linux")]
fn most_bytes_held() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.unwrap().trim().trim_end_matches("kB").trim();
    1024 * kib.parse::<u64>().unwrap()
}

#[test]
fn names_longer_than_any_are_refused() {
    let rows = sample::classes(&[[0], [1]]);
    let names = sample::array("|S5000", &[1], &[b'a'; 5000]);
    let (_folder, mut archive) = archive(&[("latents_classes", rows), ("latents_names", names)]);
    let fault = Factorial::read(&mut archive, KEYS).unwrap_err().to_string();
    assert!(fault.contains("5000 bytes each"), "{fault}");
}

/// `latents_classes` of these rows as float64.
fn floats<const K: usize>(rows: &[[f64; K]]) -> (TempDir, Archive) {
    let elements: Vec<u8> = rows
        .as_flattened()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    let array = sample::array("<f8", &[rows.len(), K], &elements);
    archive(&[("latents_classes", array)])
}

#[test]
fn floats_that_are_whole_numbers_are_the_same_labels() {
    let rows = [[4, 7, 4], [-1, 7, 0], [-1, 7, 4], [4, 7, 0]];
    let (_folder, mut archive) = floats(&rows.map(|row| row.map(|value| value as f64)));
    let found = Labels::read(&mut archive, KEYS).unwrap();
    assert_eq!(found, labels(&rows).unwrap());
    assert_eq!(found.constant, ["factor-1"]);
    let expected = read(&rows).unwrap();
    assert_eq!(Factorial::read(&mut archive, KEYS).unwrap(), expected);
    for (value, expected) in [
        (
            0.5,
            "row 2, column 1 (from 0) is 0.5, which is not a whole number",
        ),
        (1e300, "not a whole number"),
        (f64::NAN, "row 2, column 1 (from 0) is NaN"),
    ] {
        let (_folder, mut archive) = floats(&[[0.0, 1.0], [1.0, -0.0], [0.0, value]]);
        let fault = Labels::read(&mut archive, KEYS).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[test]
fn merged_values_may_be_any_numbers_and_make_a_grid_of_their_own() {
    let rows = [[0.25, 1e-3], [-7.5, 2.0], [0.5, 3.0], [-8.0, -1e300]];
    let half = |values: &[f64], n_rows: &[u32]| {
        assert_eq!(n_rows, [1; 4]);
        assert!(values.is_sorted());
        let is_upper = |&value: &f64| u32::from(values[2] <= value);
        values.iter().map(is_upper).collect::<Vec<_>>()
    };
    let (_folder, mut archive) = floats(&rows);
    let found = Labels::read_merged(&mut archive, KEYS, &half).unwrap();
    assert_eq!(found.values, [1, 0, 0, 1, 1, 1, 0, 0]);
    assert_eq!(
        found.factors,
        [Factor::new("factor-0", 2), Factor::new("factor-1", 2)]
    );
    assert_eq!(found.points, Some(vec![2, 1, 3, 0]));
}
