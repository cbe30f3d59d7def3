//! What the fuzz target `sweep` has met: texts that once did something new, each parsed in a moment and without a panic.

use std::fs;
use std::path::Path;

#[test]
fn every_text_is_a_sweep_or_has_faults() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/sweep");
    let (mut n_sweeps, mut n_faulty) = (0, 0);
    for entry in fs::read_dir(corpus).unwrap() {
        let bytes = fs::read(entry.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        match unravel_sweep::parse(&text) {
            Ok(sweep) => {
                n_sweeps += 1;
                let trials = sweep.trials("content");
                assert!(trials.iter().all(|trial| trial.check().is_ok()));
            }
            Err(faults) => {
                n_faulty += 1;
                assert!(!faults.to_string().is_empty());
            }
        }
    }
    assert!(
        2 <= n_sweeps && 2 <= n_faulty,
        "{n_sweeps} sweeps, {n_faulty} with faults"
    );
}
