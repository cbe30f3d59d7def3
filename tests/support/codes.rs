//! Codes and factors of a small grid, as NumPy writes them.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use unravel_data::arrays::Header;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// Sizes of the small grid.
pub const SIZES: [usize; 3] = [4, 5, 3];
pub const N_POINTS: usize = 60;
/// Coprime with the number of points: the rows in no order.
pub const STRIDE: usize = 23;

/// A `.npy` as NumPy writes it.
pub fn npy(descr: &str, shape: &[usize], fortran_order: bool, elements: Vec<u8>) -> Vec<u8> {
    let shape = shape.iter().map(|&length| length as u64).collect();
    let header = Header {
        descr: descr.to_owned(),
        fortran_order,
        shape,
    };
    [header.to_bytes(), elements].concat()
}

pub fn npz(path: &Path, arrays: &[(&str, &[u8])]) {
    let mut archive = ZipWriter::new(File::create(path).unwrap());
    for (key, bytes) in arrays {
        archive
            .start_file(format!("{key}.npy"), SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap();
}

/// A matrix in its two orders and two widths.
#[derive(Clone, Copy)]
pub struct Layout {
    pub wide: bool,
    pub by_columns: bool,
}

pub const LAYOUTS: [Layout; 4] = [
    Layout {
        wide: false,
        by_columns: false,
    },
    Layout {
        wide: false,
        by_columns: true,
    },
    Layout {
        wide: true,
        by_columns: false,
    },
    Layout {
        wide: true,
        by_columns: true,
    },
];

impl Layout {
    /// The matrix as a `.npy`.
    pub fn npy(self, rows: &[Vec<f32>]) -> Vec<u8> {
        let (n_rows, n_columns) = (rows.len(), rows[0].len());
        let elements: Vec<f32> = match self.by_columns {
            false => rows.concat(),
            true => (0..n_columns)
                .flat_map(|c| rows.iter().map(move |row| row[c]))
                .collect(),
        };
        let (descr, bytes) = match self.wide {
            false => (
                "<f4",
                elements
                    .iter()
                    .flat_map(|x| x.to_le_bytes())
                    .collect::<Vec<u8>>(),
            ),
            true => (
                "<f8",
                elements
                    .iter()
                    .flat_map(|&x| f64::from(x).to_le_bytes())
                    .collect(),
            ),
        };
        npy(descr, &[n_rows, n_columns], self.by_columns, bytes)
    }
}

/// Values of the three factors at every point, the rows `stride` points apart.
pub fn factors(stride: usize) -> Vec<[usize; 3]> {
    let [_, b, c] = SIZES;
    let points = (0..N_POINTS).map(|row| row * stride % N_POINTS);
    points
        .map(|point| [point / (b * c), point / c % b, point % c])
        .collect()
}

/// Codes of such points: the first factor, a mixture of the other two, something smooth.
pub fn codes(factors: &[[usize; 3]]) -> Vec<Vec<f32>> {
    let row = |&[a, b, c]: &[usize; 3]| {
        let [a, b, c] = [a as f32, b as f32, c as f32];
        vec![0.3 * a - 1.0, b + 0.25 * c, (0.7 * a + b).sin()]
    };
    factors.iter().map(row).collect()
}

pub fn factors_npy(factors: &[[usize; 3]]) -> Vec<u8> {
    let elements = factors
        .iter()
        .flatten()
        .flat_map(|&value| (value as i64).to_le_bytes());
    npy("<i8", &[factors.len(), 3], false, elements.collect())
}
