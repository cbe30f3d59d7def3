//! Any file is an npz of the expected kind or an error that can be printed, in every reader of the project.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use unravel_data::arrays::{Archive, ArrayFile};
use unravel_data::{NpzObservations, NpzOutline, Observations};

fuzz_target!(|bytes: &[u8]| {
    let folder = tempfile::Builder::new()
        .tempdir_in("/dev/shm")
        .expect("memory can be written to");
    let path = folder.path().join("file.npz");
    std::fs::write(&path, bytes).expect("memory can be written to");
    if let Ok(observations) = NpzObservations::open(&path) {
        let _ = (observations.shape(), observations.content().len());
        // What is read is outlined without its pixels as well.
        let outline = NpzOutline::open(&path).expect("the headers are those of the same file");
        assert_eq!(outline.shape(), observations.shape());
        assert!(observations.notes().iter().all(|note| !note.is_empty()));
    }
    match ArrayFile::open(&path) {
        Ok(ArrayFile::Array(array)) => drop(array.floats()),
        Ok(ArrayFile::Archive(_)) => read_all(&path),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

/// Every array of an archive, as every kind of number.
fn read_all(path: &Path) {
    let Ok(mut archive) = Archive::open(path) else {
        return;
    };
    let keys: Vec<String> = archive.keys().into_iter().map(str::to_owned).collect();
    for key in keys.iter().take(8) {
        let _ = archive.array(key).and_then(|array| array.floats());
        let _ = archive.array(key).and_then(|array| array.integers());
        let _ = archive.array(key).and_then(|array| array.values::<u8>());
    }
}
