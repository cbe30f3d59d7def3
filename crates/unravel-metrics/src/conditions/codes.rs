//! Conditions of the codes.

use rayon::prelude::*;

use super::{AsRead, listed};
use crate::counts::bins_of;
use crate::discretise::N_BINS;
use crate::parallel_count::parallel_count;
use crate::table::CodeTable;

/// Rows of one task.
const ROWS_PER_TASK: usize = 8192;

/// At most one in this number of rows is outside of a code's fullest bin.
const OTHER_ROWS: u64 = 100;

/// At least one in this number of rows repeats another row.
const REPEATED_ROWS: usize = 10;

/// The approximate number of rows that are compared.
const COMPARED_ROWS: usize = 1 << 18;

/// Standard deviations between the mean of a code and 0 above which the code has an offset. SAP is a tenth lower there.
const OFFSET_SDS: f64 = 2.0;

/// How many times a code's standard deviation the largest one is at most, if the code is not dead.
const ACTIVE_SDS: f64 = 20.0;

/// The standard deviation below which a code is not active in the FactorVAE score.
const ACTIVE_SD: f64 = 0.05;

/// Whether each code varies.
fn varies(table: &CodeTable<'_>) -> Vec<bool> {
    let ranges = table.ranges().iter();
    ranges.map(|range| range.lo < range.hi).collect()
}

pub(super) fn constant(table: &CodeTable<'_>) -> Option<String> {
    let n_codes = table.n_codes();
    let is_constant = !varies(table).contains(&true);
    is_constant.then(|| match n_codes {
        1 => "the one code has one value in all rows".to_owned(),
        _ => format!("each of the {n_codes} codes has one value in all rows"),
    })
}

pub(super) fn single(table: &CodeTable<'_>) -> Option<String> {
    (table.n_codes() == 1).then(|| "there is only one code".to_owned())
}

pub(super) fn equal(table: &CodeTable<'_>) -> Option<String> {
    let (n_codes, varies) = (table.n_codes(), varies(table));
    let add = |sums: &mut Vec<u64>, task: usize, codes: &[f32]| {
        for (row, codes) in (task * ROWS_PER_TASK..).zip(codes.chunks_exact(n_codes)) {
            let row = mixed(row as u64);
            for (sum, &code) in sums.iter_mut().zip(codes) {
                *sum = sum.wrapping_add(mixed(row ^ bits(code)));
            }
        }
    };
    let plus = |a: Vec<u64>, b: Vec<u64>| {
        let sums = a.into_iter().zip(b);
        sums.map(|(a, b)| a.wrapping_add(b)).collect()
    };
    let zero = || vec![0; n_codes];
    let sums = parallel_count(table.codes(), ROWS_PER_TASK * n_codes, zero, add, plus);
    let mut of_code: Vec<(u64, usize)> = sums.into_iter().zip(0..).collect();
    of_code.retain(|&(_, code)| varies[code]);
    of_code.sort_unstable();
    let equal: Vec<String> = of_code
        .windows(2)
        .filter(|two| two[0].0 == two[1].0)
        .map(|two| format!("codes {} and {} are equal in every row", two[0].1, two[1].1))
        .collect();
    (!equal.is_empty()).then(|| listed(&equal))
}

pub(super) fn one_bin(table: &CodeTable<'_>) -> Option<String> {
    let (n_codes, n_rows) = (table.n_codes(), table.grid().n_points() as u64);
    let (bins, varies) = (bins_of(table.ranges()), varies(table));
    let add = |counts: &mut Vec<[u32; N_BINS]>, _: usize, codes: &[f32]| {
        for row in codes.chunks_exact(n_codes) {
            for ((counts, bins), &code) in counts.iter_mut().zip(&bins).zip(row) {
                counts[bins.bin(code)] += 1;
            }
        }
    };
    let plus = |mut a: Vec<[u32; N_BINS]>, b: Vec<[u32; N_BINS]>| {
        let counts = a.as_flattened_mut().iter_mut();
        counts.zip(b.as_flattened()).for_each(|(a, b)| *a += b);
        a
    };
    let zero = || vec![[0; N_BINS]; n_codes];
    let counts = parallel_count(table.codes(), ROWS_PER_TASK * n_codes, zero, add, plus);
    let fullest = |counts: &[u32; N_BINS]| (0..N_BINS).max_by_key(|&bin| counts[bin]);
    let found: Vec<String> = (0..n_codes)
        .filter_map(|code| {
            let bin = fullest(&counts[code])?;
            let n_others = n_rows - u64::from(counts[code][bin]);
            if !varies[code] || n_rows < OTHER_ROWS * n_others {
                return None;
            }
            let column = table.codes().iter().skip(code).step_by(n_codes);
            let mut inside = column.filter(|&&x| bins[code].bin(x) == bin);
            let first = inside.next()?;
            inside.any(|x| x != first).then(|| {
                format!(
                    "{} of {n_rows} values of code {code} are in one bin",
                    counts[code][bin]
                )
            })
        })
        .collect();
    (!found.is_empty()).then(|| listed(&found))
}

pub(super) fn rounded(read: &AsRead) -> Option<String> {
    let names: Vec<String> = read.rounded.iter().map(usize::to_string).collect();
    match names.len() {
        0 => None,
        1 => Some(format!(
            "code {} loses its differences in float32",
            listed(&names)
        )),
        _ => Some(format!(
            "codes {} lose their differences in float32",
            listed(&names)
        )),
    }
}

pub(super) fn offset(table: &CodeTable<'_>) -> Option<String> {
    let moments = moments(table);
    let largest = moments.iter().map(|(_, sd)| *sd).fold(0.0, f64::max);
    let is_offset = |&(mean, sd): &(f64, f64)| {
        0.0 < sd && largest <= ACTIVE_SDS * sd && OFFSET_SDS * sd < mean.abs()
    };
    let codes = moments.into_iter().enumerate();
    let found: Vec<String> = codes
        .filter(|(_, moments)| is_offset(moments))
        .map(|(code, (mean, sd))| {
            format!("code {code} has mean {mean:.3} and standard deviation {sd:.3}")
        })
        .collect();
    (!found.is_empty()).then(|| listed(&found))
}

pub(super) fn small(table: &CodeTable<'_>) -> Option<String> {
    let largest = moments(table).into_iter().map(|(_, sd)| sd);
    let largest = largest.fold(0.0, f64::max);
    (varies(table).contains(&true) && largest < ACTIVE_SD)
        .then(|| format!("the largest standard deviation of a code is {largest:.2e}"))
}

/// Mean and standard deviation of each code.
fn moments(table: &CodeTable<'_>) -> Vec<(f64, f64)> {
    let n_codes = table.n_codes();
    let origin = table.row(0);
    let sums = |codes: &[f32]| {
        let mut sums = vec![[0.0; 2]; n_codes];
        for row in codes.chunks_exact(n_codes) {
            for (([first, second], &x), &origin) in sums.iter_mut().zip(row).zip(origin) {
                let deviation = f64::from(x) - f64::from(origin);
                *first += deviation;
                *second += deviation * deviation;
            }
        }
        sums
    };
    let tasks: Vec<Vec<[f64; 2]>> = table
        .codes()
        .par_chunks(ROWS_PER_TASK * n_codes)
        .map(sums)
        .collect();
    let n = table.grid().n_points() as f64;
    let of_code = |code: usize| {
        let sum = |which: usize| tasks.iter().map(|sums| sums[code][which]).sum::<f64>();
        let squares = sum(1) - sum(0) * sum(0) / n;
        let sd = (squares / (n - 1.0).max(1.0)).max(0.0).sqrt();
        (f64::from(origin[code]) + sum(0) / n, sd)
    };
    (0..n_codes).map(of_code).collect()
}

pub(super) fn repeated_rows(table: &CodeTable<'_>) -> Option<String> {
    let grid = table.grid();
    if grid.is_complete() {
        return None;
    }
    let (n_codes, n_factors) = (table.n_codes(), grid.n_factors());
    let hash = |row: usize, codes: &[f32]| {
        let codes = codes.iter().map(|&code| bits(code));
        let values = (0..n_factors).map(|factor| grid.value(row, factor) as u64);
        codes.chain(values).fold(0, |hash, word| mixed(hash ^ word))
    };
    // Rows are selected by their content, so that either all copies of a row are selected or none.
    let one_in = (grid.n_points() / COMPARED_ROWS).max(1) as u64;
    let mut hashes: Vec<u64> = table
        .codes()
        .par_chunks(ROWS_PER_TASK * n_codes)
        .enumerate()
        .flat_map_iter(|(task, codes)| {
            let rows = (task * ROWS_PER_TASK..).zip(codes.chunks_exact(n_codes));
            rows.map(|(row, codes)| hash(row, codes))
                .filter(|hash| hash.is_multiple_of(one_in))
                .collect::<Vec<_>>()
        })
        .collect();
    let n_compared = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    let n_repeated = n_compared - hashes.len();
    (0 < n_repeated && n_compared <= REPEATED_ROWS * n_repeated).then(|| {
        let percent = 100.0 * n_repeated as f64 / n_compared as f64;
        format!("{percent:.0} % of the rows repeat another row")
    })
}

/// The bits of a code; 0.0 and -0.0 have the same bits.
fn bits(code: f32) -> u64 {
    u64::from((code + 0.0).to_bits())
}

/// The finaliser of splitmix64: each bit of the result depends on every bit of the word.
fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}
