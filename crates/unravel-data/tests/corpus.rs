//! What the fuzz target `npz` has met: files that once did something new, each read in a moment and without a panic.

use std::fs;
use std::path::Path;

use unravel_data::arrays::{Archive, ArrayFile};
use unravel_data::{NpzObservations, NpzOutline, Observations};

#[test]
fn every_file_is_read_or_refused() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/npz");
    let (mut n_datasets, mut n_arrays, mut n_refused) = (0, 0, 0);
    for entry in fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(observations) = NpzObservations::open(&path) {
            n_datasets += 1;
            let outline = NpzOutline::open(&path).unwrap();
            assert_eq!(outline.shape(), observations.shape());
            assert!(observations.notes().iter().all(|note| !note.is_empty()));
        }
        match ArrayFile::open(&path) {
            Ok(ArrayFile::Array(array)) => n_arrays += usize::from(array.floats().is_ok()),
            Ok(ArrayFile::Archive(archive)) => n_arrays += n_read(archive),
            Err(error) => {
                n_refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
    }
    assert!(
        4 <= n_datasets && 4 <= n_arrays && 4 <= n_refused,
        "{n_datasets} datasets, {n_arrays} arrays, {n_refused} refused"
    );
}

/// Arrays of an archive that can be read as numbers.
fn n_read(mut archive: Archive) -> usize {
    let keys: Vec<String> = archive.keys().into_iter().map(str::to_owned).collect();
    let mut is_read = |key: &String| {
        let floats = archive.array(key).and_then(|array| array.floats()).is_ok();
        let mut integers = || archive.array(key).and_then(|array| array.integers());
        floats || integers().is_ok()
    };
    keys.iter().filter(|key| is_read(key)).count()
}
