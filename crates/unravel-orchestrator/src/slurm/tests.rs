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
    let refused = SlurmLauncher::connect(settings(&["--job-name=mine"]), &mut |_| {});
    assert!(matches!(
        refused.err(),
        Some(SlurmError::Reserved {
            option: "--job-name",
            ..
        })
    ));
}

/// A launcher as after connecting, with the tasks of these trials in one batch on the disk.
fn with_batch(folder: &std::path::Path, n_tasks: u64) -> SlurmLauncher {
    let settings = SlurmSettings {
        folder: folder.to_owned(),
        ..settings(&[])
    };
    let mut launcher = SlurmLauncher {
        lister: Lister::new(&settings.name, settings.poll_interval),
        settings,
        max_array_size: 100,
        held_back: Vec::new(),
        held_back_since: None,
        unsubmitted: VecDeque::new(),
        submitting: None,
        batches: BTreeMap::new(),
        n_batches: 0,
        tasks: BTreeMap::new(),
        events_due: Instant::now(),
        to_cancel: Vec::new(),
        reports: Vec::new(),
        is_outage_told: false,
        told_reasons: Vec::new(),
        n_left: 0,
    };
    for n in 0..n_tasks {
        let trials = vec![crate::testing::trial(n)];
        let order = Order::new("test", trials, Default::default(), "/runs", "cpu");
        launcher.tasks.insert(JobId(n), Task::new(Place::HeldBack));
        launcher.held_back.push((JobId(n), order));
    }
    launcher.make_batches();
    launcher.unsubmitted.clear();
    launcher.set_submitted(1, &(0..u32::MAX), 7);
    launcher
}

#[test]
fn the_files_of_a_batch_stay_where_any_task_went_wrong() {
    for (failed, is_kept) in [(None, false), (Some(0), true), (Some(1), true)] {
        let folder = tempfile::tempdir().unwrap();
        let mut launcher = with_batch(folder.path(), 2);
        let batch = launcher.batches[&1].folder().to_owned();
        assert!(batch.is_dir());
        for job in [0, 1] {
            let last_word = match failed == Some(job) {
                true => Event::Stopped,
                false => Event::Finished,
            };
            launcher
                .tasks
                .get_mut(&JobId(job))
                .unwrap()
                .hear(&last_word);
            launcher.end(JobId(job), How::Exited(0));
        }
        assert_eq!(batch.is_dir(), is_kept, "{failed:?}");
        assert!(launcher.batches.is_empty());
    }
}
