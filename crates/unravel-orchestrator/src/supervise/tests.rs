//! Whole runs in virtual time, on scripted workers, told as timelines.

mod stage;

use stage::{Act, Scene};

use Act::{
    Done, Exit, Fail, Fatal, Found, Heartbeat, HeldByOther, NotStarted, Raise, Signal, TakenAway,
};
use unravel_store::protocol::FailureCause;
use unravel_store::{Reached, TrialProgress};

fn locked() -> TrialProgress {
    TrialProgress {
        is_locked: true,
        ..TrialProgress::not_started()
    }
}

#[test]
fn two_slots_work_side_by_side_in_order() {
    Scene::cpu(2)
        .trials(4)
        .worker(0, 1, [(300, Done(0)), (300, Exit(0))])
        .check(
            "0 slot 0 starts 0
         0 slot 1 starts 1
         100 1 trained
         100 slot 1 starts 2
         200 2 trained
         200 slot 1 starts 3
         300 0 trained
         300 3 trained",
        );
}

#[test]
fn trials_of_a_cohort_share_a_worker() {
    Scene::cpu(1).trials(3).together(2).check(
        "0 slot 0 starts 0,1
         100 0 trained
         100 1 trained
         100 slot 0 starts 2
         200 2 trained",
    );
}

#[test]
fn what_is_done_is_not_begun() {
    let scene = Scene::cpu(1)
        .trials(3)
        .holds(0, TrialProgress::at(Reached::Scored))
        .holds(1, TrialProgress::at(Reached::Trained));
    let summary = scene.check(
        "0 slot 0 starts 1 to score
         100 1 scored
         100 slot 0 starts 2
         200 2 trained",
    );
    let tally = summary.tally();
    assert_eq!((tally.cached, tally.scored, tally.trained), (1, 1, 1));
    assert!(summary.is_complete());
}

#[test]
fn a_crash_is_tried_again_after_a_while_and_leaves_the_others_alone() {
    Scene::cpu(1).trials(3).worker(0, 1, [(50, Exit(3))]).check(
        "0 slot 0 starts 0
         50 crash: the worker exited with status 3; again in 1000 ms
         50 slot 0 starts 1
         150 1 trained
         150 slot 0 starts 2
         250 2 trained
         1050 slot 0 starts 0
         1150 0 trained",
    );
}

#[test]
fn after_three_crashes_a_trial_has_failed_and_the_rest_goes_on() {
    let summary = Scene::cpu(1)
        .trials(2)
        .worker(0, 1, [(0, Exit(3))])
        .worker(0, 2, [(0, Signal(9))])
        .worker(0, 3, [(0, Exit(4))])
        .check(
            "0 slot 0 starts 0
             0 crash: the worker exited with status 3; again in 1000 ms
             0 slot 0 starts 1
             100 1 trained
             1000 slot 0 starts 0
             1000 crash: the worker was ended by signal 9 (SIGKILL, as when memory runs out); again in 2000 ms
             3000 slot 0 starts 0
             3000 crash: the worker exited with status 4; never again
             3000 0 failed: the worker exited with status 4
             store: 0 failed: the worker exited with status 4",
        );
    assert!(!summary.is_complete());
    assert_eq!(summary.failures().count(), 1);
}

#[test]
fn ending_well_without_a_word_is_a_crash() {
    Scene::cpu(1).trials(1).worker(0, 1, [(10, Exit(0))]).check(
        "0 slot 0 starts 0
         10 crash: the worker exited before it was done; again in 1000 ms
         1010 slot 0 starts 0
         1110 0 trained",
    );
}

#[test]
fn a_crash_after_everything_was_done_costs_nothing() {
    Scene::cpu(1)
        .trials(1)
        .worker(0, 1, [(10, Done(0)), (20, Signal(11))])
        .check(
            "0 slot 0 starts 0
         10 0 trained",
        );
}

#[test]
fn what_a_dying_worker_finished_is_not_done_twice() {
    let scored = || Found(0, TrialProgress::at(Reached::Scored));
    Scene::cpu(1)
        .trials(1)
        .worker(0, 1, [(10, scored()), (20, Signal(9))])
        .check(
            "0 slot 0 starts 0
         20 0 trained",
        );
}

#[test]
fn a_worker_that_gets_further_each_time_may_crash_often() {
    let at = |step| Found(0, TrialProgress::at(Reached::Step(step)));
    Scene::cpu(1)
        .trials(1)
        .worker(0, 1, [(10, at(100)), (20, Exit(3))])
        .worker(0, 2, [(10, at(200)), (20, Exit(3))])
        .worker(0, 3, [(10, at(300)), (20, Exit(3))])
        .worker(0, 4, [(10, at(400)), (20, Exit(3))])
        .check(
            "0 slot 0 starts 0
             20 crash: the worker exited with status 3; again in 1000 ms
             1020 slot 0 starts 0 from 100
             1040 crash: the worker exited with status 3; again in 1000 ms
             2040 slot 0 starts 0 from 200
             2060 crash: the worker exited with status 3; again in 1000 ms
             3060 slot 0 starts 0 from 300
             3080 crash: the worker exited with status 3; again in 1000 ms
             4080 slot 0 starts 0 from 400
             4180 0 trained",
        );
}

#[test]
fn a_silent_worker_is_killed_and_a_beating_one_is_not() {
    Scene::cpu(2)
        .trials(2)
        .worker(0, 1, [(10, Heartbeat)])
        .worker(
            1,
            1,
            [
                (40_000, Heartbeat),
                (80_000, Heartbeat),
                (120_000, Done(1)),
                (120_000, Exit(0)),
            ],
        )
        .check(
            "0 slot 0 starts 0
             0 slot 1 starts 1
             60050 killed 0
             60060 crash: the worker said nothing for 60 s and was killed; again in 1000 ms
             61060 slot 0 starts 0
             61160 0 trained
             120000 1 trained",
        );
}

#[test]
fn a_worker_that_does_not_even_die_costs_its_slot_and_its_trial() {
    let summary = Scene::cpu(2).trials(3).worker(0, 1, []).immortal().check(
        "0 slot 0 starts 0
         0 slot 1 starts 1
         100 1 trained
         100 slot 1 starts 2
         200 2 trained
         60000 killed 0
         65000 0 failed: the worker said nothing for 60 s and was killed, but did not end
         store: 0 failed: the worker said nothing for 60 s and was killed, but did not end",
    );
    assert_eq!(summary.tally().failed, 1);
}

#[test]
fn when_no_slot_is_left_the_run_is_given_up() {
    let summary = Scene::cpu(1).trials(2).worker(0, 1, []).immortal().check(
        "0 slot 0 starts 0
         60000 killed 0
         65000 0 failed: the worker said nothing for 60 s and was killed, but did not end
         65000 gave up: no device is left: their workers do not end even when killed
         store: 0 failed: the worker said nothing for 60 s and was killed, but did not end",
    );
    assert_eq!((summary.tally().failed, summary.tally().left), (1, 1));
}

#[test]
fn one_diverging_trial_fails_alone() {
    let summary = Scene::cpu(1)
        .trials(3)
        .together(3)
        .worker(
            0,
            1,
            [
                (10, Fail(1, "kl_nats is NaN")),
                (20, Done(0)),
                (20, Done(2)),
                (20, Exit(0)),
            ],
        )
        .check(
            "0 slot 0 starts 0,1,2
             10 1 failed: kl_nats is NaN
             20 0 trained
             20 2 trained",
        );
    assert_eq!((summary.tally().trained, summary.tally().failed), (2, 1));
}

#[test]
fn a_crashed_cohort_is_halved_until_the_one_at_fault_is_alone() {
    let crash = || [(5, Signal(9))];
    Scene::cpu(1)
        .trials(4)
        .together(4)
        .crashes(2)
        .worker(0, 1, crash())
        .worker(2, 1, crash())
        .worker(2, 2, crash())
        .worker(2, 3, crash())
        .check(
            "0 slot 0 starts 0,1,2,3
             5 crash: the worker was ended by signal 9 (SIGKILL, as when memory runs out); again in 1000 ms
             1005 slot 0 starts 0,1
             1105 0 trained
             1105 1 trained
             1105 slot 0 starts 2,3
             1110 crash: the worker was ended by signal 9 (SIGKILL, as when memory runs out); again in 1000 ms
             2110 slot 0 starts 2
             2115 crash: the worker was ended by signal 9 (SIGKILL, as when memory runs out); again in 1000 ms
             2115 slot 0 starts 3
             2215 3 trained
             3115 slot 0 starts 2
             3120 crash: the worker was ended by signal 9 (SIGKILL, as when memory runs out); never again
             3120 2 failed: the worker was ended by signal 9 (SIGKILL, as when memory runs out)
             store: 2 failed: the worker was ended by signal 9 (SIGKILL, as when memory runs out)",
        );
}

/// A worker that says that its cohort does not fit.
fn out_of_memory() -> [(u64, Act); 2] {
    let cause = FailureCause::OutOfMemory;
    [(5, Fatal(cause, "no memory is left")), (5, Exit(4))]
}

#[test]
fn a_cohort_beyond_memory_is_split_at_once_and_later_ones_of_its_kind_are_no_larger() {
    Scene::cuda(1)
        .trials(9)
        .together(4)
        .worker(0, 1, out_of_memory())
        .check(
            "0 slot 0 starts 0,1,2,3
             5 crash: no memory is left; again in 0 ms
             5 slot 0 starts 0,1
             105 0 trained
             105 1 trained
             105 slot 0 starts 2,3
             205 2 trained
             205 3 trained
             205 slot 0 starts 4,5
             305 4 trained
             305 5 trained
             305 slot 0 starts 6,7
             405 6 trained
             405 7 trained
             405 slot 0 starts 8
             505 8 trained",
        );
}

#[test]
fn a_cohort_that_outgrows_memory_is_split_however_far_it_got() {
    let at = |seed| Found(seed, TrialProgress::at(Reached::Step(50)));
    let [fatal, exit] = out_of_memory();
    Scene::cuda(1)
        .trials(3)
        .together(3)
        .worker(0, 1, [(3, at(0)), (3, at(1)), (3, at(2)), fatal, exit])
        .worker(0, 2, out_of_memory())
        .check(
            "0 slot 0 starts 0,1,2
             5 crash: no memory is left; again in 0 ms
             5 slot 0 starts 0,1 from 50
             10 crash: no memory is left; again in 0 ms
             10 slot 0 starts 2 from 50
             110 2 trained
             110 slot 0 starts 0 from 50
             210 0 trained
             210 slot 0 starts 1 from 50
             310 1 trained",
        );
}

#[test]
fn a_single_trial_beyond_memory_waits_and_then_fails() {
    Scene::cuda(1)
        .trials(2)
        .together(2)
        .crashes(2)
        .worker(0, 1, out_of_memory())
        .worker(0, 2, out_of_memory())
        .worker(0, 3, out_of_memory())
        .check(
            "0 slot 0 starts 0,1
             5 crash: no memory is left; again in 0 ms
             5 slot 0 starts 0
             10 crash: no memory is left; again in 1000 ms
             10 slot 0 starts 1
             110 1 trained
             1010 slot 0 starts 0
             1015 crash: no memory is left; never again
             1015 0 failed: no memory is left
             store: 0 failed: no memory is left",
        );
}

#[test]
fn the_last_try_is_made_on_another_device() {
    let broken = || {
        [
            (5, Fatal(FailureCause::Device, "the device fell off")),
            (5, Exit(1)),
        ]
    };
    Scene::cuda(2)
        .trials(2)
        .crashes(2)
        .worker(0, 1, broken())
        .worker(1, 1, [(3_000, Done(1)), (3_000, Exit(0))])
        .check(
            "0 slot 0 starts 0
             0 slot 1 starts 1
             5 crash: the device fell off; again in 1000 ms
             3000 1 trained
             3000 slot 1 starts 0
             3100 0 trained",
        );
}

#[test]
fn a_full_disk_ends_the_run_and_fails_nothing() {
    let full = [
        (5, Fatal(FailureCause::DiskFull, "no space left")),
        (5, Exit(1)),
    ];
    let summary = Scene::cpu(2).trials(4).worker(0, 1, full).check(
        "0 slot 0 starts 0
         0 slot 1 starts 1
         5 crash: no space left; never again
         5 gave up: no space left
         100 1 trained",
    );
    assert_eq!((summary.tally().left, summary.tally().failed), (3, 0));
    assert_eq!(summary.gave_up.as_deref(), Some("no space left"));
}

#[test]
fn a_limit_of_the_machine_ends_the_run_and_fails_nothing() {
    let refused = [
        (5, Fatal(FailureCause::Machine, "cannot start threads")),
        (5, Exit(4)),
    ];
    let summary = Scene::cpu(1).trials(3).together(2).worker(0, 1, refused);
    let summary = summary.check(
        "0 slot 0 starts 0,1
         5 crash: cannot start threads; never again
         5 gave up: cannot start threads; this is a limit of the machine, not an error of a trial; raise it (`ulimit -a` \
         lists the limits) or use fewer workers (`--jobs`), then run the same command again",
    );
    assert_eq!((summary.tally().left, summary.tally().failed), (3, 0));
}

#[test]
fn where_no_worker_can_be_started_no_trial_is_to_blame() {
    let summary = Scene::cpu(1)
        .trials(2)
        .together(2)
        .crashes(2)
        .worker(0, 1, [(0, NotStarted("no such program"))])
        .worker(0, 2, [(0, NotStarted("no such program"))])
        .check(
            "0 slot 0 starts 0,1
             0 crash: the worker did not start: no such program; again in 1000 ms
             1000 slot 0 starts 0,1
             1000 crash: the worker did not start: no such program; never again
             1000 gave up: the worker did not start: no such program",
        );
    assert_eq!((summary.tally().left, summary.tally().failed), (2, 0));
}

#[test]
fn a_machine_on_which_everything_fails_is_given_up() {
    let mut scene = Scene::cpu(1).trials(5).crashes(1).failures_in_a_row(2);
    for seed in 0..5 {
        scene = scene.worker(seed, 1, [(0, Exit(9))]);
    }
    let summary = scene.check(
        "0 slot 0 starts 0
         0 crash: the worker exited with status 9; never again
         0 0 failed: the worker exited with status 9
         0 slot 0 starts 1
         0 crash: the worker exited with status 9; never again
         0 1 failed: the worker exited with status 9
         0 gave up: 2 failures in a row, the last: the worker exited with status 9
         store: 0 failed: the worker exited with status 9
         store: 1 failed: the worker exited with status 9",
    );
    assert_eq!(summary.tally().left, 3);
}

#[test]
fn the_first_interrupt_stops_and_what_is_left_is_left() {
    let summary = Scene::cpu(2)
        .trials(3)
        .worker(0, 1, [(40, Raise), (90, Heartbeat)])
        .check(
            "0 slot 0 starts 0
         0 slot 1 starts 1
         40 stopping, killing in 10000 ms
         40 stopped 0
         40 stopped 1",
        );
    assert!(summary.was_interrupted);
    assert_eq!(summary.tally().left, 3);
}

#[test]
fn at_the_end_of_its_time_a_run_stops_by_itself() {
    let summary = Scene::cpu(1)
        .trials(3)
        .stop_at(150)
        .worker(1, 1, [(90, Heartbeat)])
        .check(
            "0 slot 0 starts 0
         100 0 trained
         100 slot 0 starts 1
         150 stopping, killing in 10000 ms
         150 stopped 1",
        );
    assert!(summary.is_out_of_time && !summary.was_interrupted);
    assert_eq!((summary.tally().trained, summary.tally().left), (1, 2));
}

#[test]
fn who_does_not_stop_in_time_is_killed() {
    let summary = Scene::cpu(1)
        .trials(1)
        .worker(0, 1, [(40, Raise)])
        .deaf()
        .check(
            "0 slot 0 starts 0
         40 stopping, killing in 10000 ms
         40 stopped 0
         10040 killing
         10040 killed 0",
        );
    assert_eq!((summary.tally().left, summary.tally().failed), (1, 0));
}

#[test]
fn the_second_interrupt_kills_at_once() {
    let script = [(40, Raise), (500, Raise)];
    Scene::cpu(1).trials(1).worker(0, 1, script).deaf().check(
        "0 slot 0 starts 0
         40 stopping, killing in 10000 ms
         40 stopped 0
         500 killing
         500 killed 0",
    );
}

#[test]
fn a_trial_of_another_run_is_looked_at_again_until_it_is_done() {
    let scene = Scene::cpu(1).trials(2).holds(0, locked());
    let scored = Found(0, TrialProgress::at(Reached::Scored));
    let summary = scene
        .worker(1, 1, [(10, Done(1)), (10, Exit(0)), (4_500, scored)])
        .check(
            "0 held 0
         0 slot 0 starts 1
         10 1 trained
         6000 0 cached",
        );
    assert_eq!(summary.tally().cached, 1);
}

#[test]
fn a_trial_whose_other_run_died_is_taken_over() {
    let free = Found(1, TrialProgress::at(Reached::Step(70)));
    Scene::cpu(1)
        .trials(2)
        .together(2)
        .worker(
            0,
            1,
            [
                (10, HeldByOther(1)),
                (20, Done(0)),
                (20, Exit(0)),
                (1_000, free),
            ],
        )
        .check(
            "0 slot 0 starts 0,1
             10 held 1
             20 0 trained
             2010 slot 0 starts 1 from 70
             2110 1 trained",
        );
}

#[test]
fn a_failure_seen_by_another_run_is_believed() {
    let failed = TrialProgress {
        failure: Some("NaN at step 7".to_owned()),
        ..TrialProgress::not_started()
    };
    let summary = Scene::cpu(1)
        .trials(2)
        .worker(0, 1, [(10, Found(1, failed)), (20, Done(0)), (20, Exit(0))])
        .check(
            "0 slot 0 starts 0
         20 0 trained
         20 1 failed: NaN at step 7",
        );
    assert_eq!(summary.tally().failed, 1);
}

#[test]
fn an_orchestrator_that_stood_still_kills_nobody() {
    Scene::cpu(1)
        .trials(1)
        .worker(
            0,
            1,
            [
                (10, Act::Standstill(3_600)),
                (3_600_500, Done(0)),
                (3_600_500, Exit(0)),
            ],
        )
        .check(
            "0 slot 0 starts 0
         3600500 0 trained",
        );
}

#[test]
fn a_job_of_an_earlier_run_is_followed_and_not_started_again() {
    let summary = Scene::cpu(1)
        .trials(4)
        .together(2)
        .survivor(&[1, 2], [(50, Done(1)), (250, Done(2)), (250, Exit(0))])
        .check(
            "0 slot 0 starts 1,2
             50 1 trained
             250 2 trained
             250 slot 0 starts 0
             350 0 trained
             350 slot 0 starts 3
             450 3 trained",
        );
    assert_eq!(summary.tally().trained, 4);
}

#[test]
fn more_jobs_of_an_earlier_run_than_slots_are_all_followed() {
    Scene::cpu(1)
        .trials(2)
        .holds(1, TrialProgress::at(Reached::Step(7)))
        .survivor(&[0], [(20, Done(0)), (20, Exit(0))])
        .survivor(&[1, 9], [(10, Signal(9))])
        .check(
            "0 slot 0 starts 0
             0 slot 1 starts 1 from 7
             10 crash: the worker was ended by signal 9 (SIGKILL, as when memory runs out); again in 1000 ms
             20 0 trained
             1010 slot 0 starts 1 from 7
             1110 1 trained",
        );
}

#[test]
fn being_taken_away_is_no_crash_and_does_not_divide_a_cohort() {
    let gone = [(10, TakenAway("NODE_FAIL"))];
    Scene::cpu(1)
        .trials(2)
        .together(2)
        .crashes(1)
        .worker(0, 1, gone.clone())
        .worker(0, 2, gone)
        .check(
            "0 slot 0 starts 0,1
             10 crash: the worker was taken away: NODE_FAIL; again in 1000 ms
             1010 slot 0 starts 0,1
             1020 crash: the worker was taken away: NODE_FAIL; again in 2000 ms
             3020 slot 0 starts 0,1
             3120 0 trained
             3120 1 trained",
        );
}

#[test]
fn being_taken_away_has_an_end_too() {
    let mut scene = Scene::cpu(1).trials(1).evictions(2);
    for nth in 1..=2 {
        scene = scene.worker(0, nth, [(0, TakenAway("PREEMPTED"))]);
    }
    scene.check(
        "0 slot 0 starts 0
         0 crash: the worker was taken away: PREEMPTED; again in 1000 ms
         1000 slot 0 starts 0
         1000 crash: the worker was taken away: PREEMPTED; never again
         1000 0 failed: the worker was taken away: PREEMPTED
         store: 0 failed: the worker was taken away: PREEMPTED",
    );
}
