//! The launcher without a cluster: what it asks for before it needs one.

use super::*;

fn settings(extra_args: &[&str]) -> SlurmSettings {
    SlurmSettings {
        name: "unravel-test".to_owned(),
        folder: "/nowhere".into(),
        worker: vec!["/bin/unravel".into(), "worker".into()],
        work_dir: "/".into(),
        extra_args: extra_args.iter().map(|&arg| arg.to_owned()).collect(),
        needs_gpu: false,
        n_threads: 1,
        cancels: false,
        poll_interval: Duration::from_secs(1),
    }
}

#[test]
fn reserved_arguments_are_refused_before_anything_is_asked() {
    let refused = SlurmLauncher::connect(settings(&["--job-name=mine"]));
    assert!(matches!(
        refused.err(),
        Some(SlurmError::Reserved {
            option: "--job-name",
            ..
        })
    ));
}
