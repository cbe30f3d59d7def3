//! Any file is a checkpoint or an error that can be printed, also one whose checksum a stranger made to fit.

#![no_main]

use libfuzzer_sys::fuzz_target;
use unravel_store::Store;
use unravel_sweep::{Objective, Trial};

/// Where the checksum stands in a file of ours.
const HASH: std::ops::Range<usize> = 35..99;

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    if let Some(hash) = bytes.get_mut(HASH) {
        hash.fill(b'0');
        let fitting = blake3::hash(&bytes).to_hex();
        bytes[HASH].copy_from_slice(fitting.as_bytes());
    }
    let folder = tempfile::Builder::new()
        .tempdir_in("/dev/shm")
        .expect("memory can be written to");
    let id = Trial::new(Objective::beta_vae(4.0), 0).id();
    let trial = folder.path().join(id.as_str());
    std::fs::create_dir(&trial).expect("memory can be written to");
    for name in ["checkpoint.safetensors", "model.safetensors"] {
        std::fs::write(trial.join(name), &bytes).expect("memory can be written to");
    }
    let store = Store::open_read(folder.path()).expect("an empty store is one");
    let trial = store.trial(&id);
    match trial.checkpoint() {
        Ok(found) => assert!(found.value.is_some() || !found.notices.is_empty()),
        // A format of a version to come.
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    let _ = trial.model().map_err(|error| error.to_string());
    let _ = trial.train_log().map_err(|error| error.to_string());
});
