//! Every objective, architecture and kind of data through the real program.

mod support;

use std::fs;

use support::lab::Lab;
use support::npz::{self, NpyArray};
use support::store::states;
use support::sweeps::{TINY, committed, tiny_on_npz};

/// Runs the lab's sweep, four models a cohort, and counts the trials, all of which must come out trained.
#[track_caller]
fn run(lab: &Lab) -> usize {
    lab.run_well(&["run", "sweep.toml", "--cohort", "4"]);
    let trials = states(&lab.path("runs"));
    for (id, state) in &trials {
        assert_eq!(state["status"], "trained", "{id}");
    }
    trials.len()
}

#[test]
fn every_objective_trains_in_cohorts_and_logs_its_terms() {
    let lab = Lab::with_sweep(&committed("objectives"));
    assert_eq!(run(&lab), 27);
    let page = lab.read("reports/objectives/index.html");
    for label in [
        "AnnealedVAE C=25",
        "β-TCVAE β=6",
        "DIP-VAE-I λ_od=10",
        "DIP-VAE-II",
        "Combined β=2",
    ] {
        assert!(page.contains(label), "{label} is not on the page");
    }
    let mut headers = String::new();
    for folder in fs::read_dir(lab.path("runs")).unwrap() {
        let curves = folder.unwrap().path().join("train.csv");
        if let Ok(text) = fs::read_to_string(curves) {
            headers.push_str(text.lines().next().unwrap());
        }
    }
    for term in [
        "capacity_nats",
        "total_correlation_nats",
        "discriminator_loss_nats",
        "mutual_information_nats",
        "dimension_wise_kl_nats",
        "covariance_off_diagonal_squares",
        "covariance_diagonal_squares",
    ] {
        assert!(headers.contains(term), "{term} is not logged");
    }
}

#[test]
fn coloured_and_noisy_dsprites_train() {
    for dataset in ["dsprites-color", "dsprites-noisy"] {
        let sweep = TINY.replace("\"dsprites\"", &format!("\"{dataset}\""));
        assert_eq!(run(&Lab::with_sweep(&sweep)), 2);
    }
}

#[test]
fn an_npz_of_any_size_and_number_of_channels_trains() {
    // (side of square images with as many numbers, their shape, an architecture that takes it)
    let cases = [
        (96, [12, 64, 48, 3], "conv-small"),
        (24, [12, 16, 12, 3], "mlp-higgins"),
    ];
    for (side, shape, architecture) in cases {
        let sweep = tiny_on_npz("data.npz", "").replace("conv-small", architecture);
        let lab = Lab::with_sweep(&sweep);
        let arrays = [NpyArray::images(side).shaped(&shape), NpyArray::classes()];
        npz::write(&lab.path("data.npz"), &arrays);
        assert_eq!(run(&lab), 2);
    }
}

#[test]
fn a_stratified_batch_beyond_the_data_is_refused_before_anything_trains() {
    let stratified = "objective.beta-tc-vae = { beta = 6, estimator = \"stratified\" }";
    let sweep = TINY
        .replace("objective.beta-vae = { beta = [1, 8] }", stratified)
        .replace("batch-size = 4", "batch-size = 25");
    let lab = Lab::with_sweep(&sweep);
    let ran = lab.run(&["run", "sweep.toml"]);
    assert_eq!(ran.code, Some(3));
    let reason = "needs a batch of at most the 24 images of the data, not 25";
    assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    assert!(!lab.path("runs").exists() || states(&lab.path("runs")).is_empty());
}
