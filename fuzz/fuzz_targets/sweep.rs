//! Any text is a sweep or has faults that can be printed; nothing panics, and nothing takes all memory.

#![no_main]

use libfuzzer_sys::fuzz_target;

/// Sweeps are expanded up to here; the parser's own limit is higher, and slow a million times over.
const MAX_TRIALS: u64 = 2_000;

fuzz_target!(|text: &str| {
    match unravel_sweep::parse(text) {
        Ok(sweep) if sweep.n_trials() <= MAX_TRIALS => {
            for trial in sweep.trials("content") {
                trial
                    .check()
                    .expect("the parser lets only sound trials through");
                let _ = (trial.id(), trial.cohort_key());
            }
        }
        Ok(_) => {}
        Err(faults) => assert!(!faults.to_string().is_empty()),
    }
});
