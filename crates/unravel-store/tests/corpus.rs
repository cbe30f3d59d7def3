//! What the fuzz target `checkpoint` has met: files that once did something new, each read in a moment and without a
//! panic. The whole one among them also shows that what was once written is still read.

use std::fs;
use std::path::Path;

use unravel_store::Store;
use unravel_sweep::{Objective, Trial};

#[test]
fn every_file_is_a_checkpoint_or_damaged() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/checkpoint");
    let id = Trial::new(Objective::beta_vae(4.0), 0).id();
    let (mut n_whole, mut n_damaged) = (0, 0);
    for entry in fs::read_dir(corpus).unwrap() {
        let path = entry.unwrap().path();
        let folder = tempfile::tempdir().unwrap();
        let trial = folder.path().join(id.as_str());
        fs::create_dir(&trial).unwrap();
        fs::copy(&path, trial.join("checkpoint.safetensors")).unwrap();
        let store = Store::open_read(folder.path()).unwrap();
        let found = store.trial(&id).checkpoint().unwrap();
        match found.value {
            Some(checkpoint) => {
                n_whole += 1;
                assert_eq!((checkpoint.step, checkpoint.log.rows.len()), (20, 2));
                assert_eq!(checkpoint.arrays["weight"].values, [20.0, 0.5]);
            }
            None => {
                n_damaged += 1;
                assert_eq!(found.notices.len(), 1, "{}", path.display());
            }
        }
    }
    assert!(
        1 <= n_whole && 2 <= n_damaged,
        "{n_whole} whole, {n_damaged} damaged"
    );
}
