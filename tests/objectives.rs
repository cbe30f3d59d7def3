//! Every objective, architecture and kind of data through the real program.

mod support;

use std::fs;
use std::path::Path;

use toml::Table;

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
    for folder in fs::read_dir(lab.path("runs")).unwrap() {
        let folder = folder.unwrap().path();
        if folder.is_dir() {
            check_curves(
                &fs::read_to_string(folder.join("trial.toml")).unwrap(),
                &folder,
            );
        }
    }
}

/// The objective's own terms between `kl_nats` and the KL of the codes, each with its weight in the loss where the sweep
/// has one that does not move. The KL's weight comes first.
fn own_terms(trial: &Table) -> (Option<f64>, Vec<(&'static str, Option<f64>)>) {
    let (family, keys) = trial["objective"]
        .as_table()
        .unwrap()
        .iter()
        .next()
        .unwrap();
    let key = |name: &str| {
        let value = keys.get(name)?;
        value
            .as_float()
            .or_else(|| value.as_integer().map(|n| n as f64))
    };
    let less_one = |name| key(name).map(|weight| weight - 1.0);
    let diagonal = || Some(key("lambda-od")? * key("lambda-d-factor")?);
    let dip = || {
        [
            ("covariance_off_diagonal_squares", key("lambda-od")),
            ("covariance_diagonal_squares", diagonal()),
        ]
    };
    let adversarial = || ("total_correlation_nats", key("gamma"));
    const NOT_IN_THE_LOSS: Option<f64> = Some(0.0);
    let of_discriminator = ("discriminator_loss_nats", NOT_IN_THE_LOSS);
    match family.as_str() {
        "vae" => (Some(1.0), vec![]),
        "beta-vae" => (key("beta"), vec![]),
        "annealed-vae" => {
            let terms = [
                ("capacity_nats", NOT_IN_THE_LOSS),
                ("distance_from_capacity_nats", key("gamma")),
            ];
            (Some(0.0), terms.to_vec())
        }
        "factor-vae" => (Some(1.0), vec![adversarial(), of_discriminator]),
        "beta-tc-vae" => {
            let terms = [
                ("mutual_information_nats", less_one("alpha")),
                ("total_correlation_nats", less_one("beta")),
                ("dimension_wise_kl_nats", less_one("gamma")),
            ];
            (Some(1.0), terms.to_vec())
        }
        "dip-vae-i" | "dip-vae-ii" => (Some(1.0), dip().to_vec()),
        "combined" => {
            let [off, on] = dip();
            (key("beta"), vec![adversarial(), off, on, of_discriminator])
        }
        other => panic!("{other} is not in this test"),
    }
}

/// Every column that an objective has, in order, and the loss as the weighted sum of what is logged.
#[track_caller]
fn check_curves(trial: &str, folder: &Path) {
    let curves = fs::read_to_string(folder.join("train.csv")).unwrap();
    let trial: Table = trial.parse().unwrap();
    let (kl_weight, own) = own_terms(&trial);
    let mut expected = vec!["step", "loss", "reconstruction_nats", "kl_nats"];
    expected.extend(own.iter().map(|(name, _)| *name));
    expected.extend(["kl_0", "kl_1", "kl_2", "kl_3", "kl_4"]);
    let mut lines = curves.lines();
    let columns: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(columns, expected);
    let mut n_rows = 0;
    for line in lines {
        let values: Vec<f64> = line
            .split(',')
            .map(|value| value.parse().unwrap())
            .collect();
        assert!(values.iter().all(|value| value.is_finite()), "{line}");
        let weights = own.iter().map(|(_, weight)| *weight);
        let weights: Option<Vec<f64>> = std::iter::once(kl_weight).chain(weights).collect();
        if let Some(weights) = weights {
            let terms = values[3..]
                .iter()
                .zip(&weights)
                .map(|(term, weight)| term * weight);
            let loss = values[2] + terms.sum::<f64>();
            let error = (loss - values[1]).abs();
            assert!(
                error < 1e-4 * loss.abs(),
                "{loss} is not the loss of {line}"
            );
        }
        n_rows += 1;
    }
    assert!(0 < n_rows);
}

#[test]
fn coloured_and_noisy_dsprites_train() {
    for dataset in ["dsprites-color", "dsprites-noisy"] {
        let sweep = TINY.replace("\"dsprites\"", &format!("\"{dataset}\""));
        assert_eq!(run(&Lab::with_sweep(&sweep)), 2);
    }
}

#[test]
fn an_npz_of_any_size_and_number_of_channels_and_factors_trains() {
    // (side of square images with as many numbers, their shape, sizes of the factors, an architecture that takes them)
    let cases: [(_, _, &[usize], _); 3] = [
        (96, [24, 48, 32, 3], &[3, 2, 4], "conv-small"),
        (24, [24, 12, 8, 3], &[24], "mlp-higgins"),
        (32, [48, 16, 16, 1], &[2, 1, 6, 1, 4], "conv-small"),
    ];
    for (side, shape, sizes, architecture) in cases {
        let sweep = tiny_on_npz("data.npz", "").replace("conv-small", architecture);
        let lab = Lab::with_sweep(&sweep);
        let images = NpyArray::images(side).shaped(&shape);
        npz::write(
            &lab.path("data.npz"),
            &[images, NpyArray::classes_of(sizes)],
        );
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
    let reason = "needs a batch of at most the 24 images";
    assert!(ran.stderr.contains(reason), "{}", ran.stderr);
    let place = "estimator = \"stratified\"";
    assert!(ran.stderr.contains(place), "{}", ran.stderr);
    assert!(!lab.path("runs").exists() || states(&lab.path("runs")).is_empty());
}
