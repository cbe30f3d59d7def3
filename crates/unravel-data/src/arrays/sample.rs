//! Small npz files for tests.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::header::Header;

/// An array as it lies in the archive: header and elements.
pub(crate) fn array(descr: &str, shape: &[usize], elements: &[u8]) -> Vec<u8> {
    let header = Header {
        descr: descr.to_owned(),
        fortran_order: false,
        shape: shape.iter().map(|&axis| axis as u64).collect(),
    };
    [&header.to_bytes(), elements].concat()
}

/// `latents_classes` with these rows.
pub(crate) fn classes<const K: usize>(rows: &[[i64; K]]) -> Vec<u8> {
    let elements: Vec<u8> = rows
        .iter()
        .flatten()
        .flat_map(|class| class.to_le_bytes())
        .collect();
    array("<i8", &[rows.len(), K], &elements)
}

/// Writes `(key, array)` pairs to `path`.
pub(crate) fn write(path: &Path, compression: CompressionMethod, arrays: &[(&str, Vec<u8>)]) {
    let mut zip = ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(compression);
    for (key, bytes) in arrays {
        zip.start_file(format!("{key}.npy"), options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap();
}
