//! The numbers behind figures, worked out here from the files of the store.

mod support;

use std::collections::BTreeMap;
use std::fs;
use support::Fate;
use unravel_report::render;
use unravel_score::ScoreRecord;
use unravel_store::{Store, TrainLog};
use unravel_sweep::{Sweep, Trial};

const SWEEP: &str = r#"format-version = 1
name = "data"

[model]
architecture = "conv-small"
latents = 5

[training]
steps = 1_200

[[arm]]
seeds = 3
objective.beta-vae = { beta = [1, 4] }

[[arm]]
seeds = 3
objective.factor-vae = { gamma = [10, 40, 100] }

[evaluation]
metrics = ["mig", "beta-vae-score", "unsupervised"]
representations = ["mean", "sampled"]
at = [300, 600]
seeds = 2
"#;

type Row = BTreeMap<String, String>;

struct Report {
    folder: tempfile::TempDir,
    trials: Vec<Trial>,
    store: Store,
}

/// All kinds of score: metric, variant and representation.
const KEYS: [(&str, &str, &str); 8] = [
    ("mig", "exact", "mean"),
    ("mig", "study", "mean"),
    ("mig", "exact", "sampled"),
    ("mig", "study", "sampled"),
    ("beta-vae-score", "study", "mean"),
    ("beta-vae-score", "study", "sampled"),
    ("unsupervised", "study", "mean"),
    ("unsupervised", "study", "sampled"),
];

fn slug((metric, variant, representation): (&str, &str, &str)) -> String {
    match representation {
        "mean" => format!("{metric}-{variant}"),
        _ => format!("{metric}-{variant}-{representation}"),
    }
}

impl Report {
    /// The report with one kind of figure.
    fn with(figure: &str) -> Self {
        let text = format!("{SWEEP}\n[report]\nfigures = [\"{figure}\"]\n");
        let folder = tempfile::tempdir().unwrap();
        let (sweep, trials): (Sweep, Vec<Trial>) = support::sweep(&text);
        let runs = folder.path().join("runs");
        let store = support::fill(&runs, &sweep, &trials, |_| Fate::Done).unwrap();
        let dir = folder.path().join("report");
        render(&sweep, &text, &trials, &store, &dir, &mut |_| {}).unwrap();
        Self {
            folder,
            trials,
            store,
        }
    }

    /// A figure's table; no value of it has a comma.
    fn csv(&self, name: &str) -> Vec<Row> {
        let path = format!("report/data/{name}.csv");
        let text = fs::read_to_string(self.folder.path().join(path)).unwrap();
        let mut lines = text.lines();
        let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
        let cell = |(head, value): (&&str, &str)| ((*head).to_owned(), value.to_owned());
        let row = |line: &str| heads.iter().zip(line.split(',')).map(cell).collect();
        lines.map(row).collect()
    }

    fn record(&self, trial: &Trial, key: (&str, &str, &str), step: u64) -> ScoreRecord {
        let file = self
            .store
            .trial(&trial.id())
            .scores(key.0)
            .unwrap()
            .unwrap();
        let is_it = |record: &&ScoreRecord| {
            (
                record.variant.as_str(),
                record.representation.as_str(),
                record.step,
            ) == (key.1, key.2, step)
        };
        file.scores.iter().find(is_it).unwrap().clone()
    }

    /// The final score of each trial, in the order of trials.
    fn scores(&self, key: (&str, &str, &str)) -> Vec<f64> {
        let score = |trial: &Trial| self.record(trial, key, 1_200).mean;
        self.trials.iter().map(score).collect()
    }

    fn log(&self, trial: &Trial) -> TrainLog {
        self.store.trial(&trial.id()).train_log().unwrap().unwrap()
    }

    fn of_setting(&self, label: &str) -> Vec<&Trial> {
        let trials = self.trials.iter();
        trials
            .filter(|trial| trial.setting().label == label)
            .collect()
    }
}

fn number(row: &Row, column: &str) -> f64 {
    row[column].parse().unwrap()
}

fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

/// Mean, sd and number of trials of a row against the values of its setting's trials.
fn assert_spread(row: &Row, mean: &str, values: &[f64]) {
    let expected = mean_and_sd(values);
    assert_eq!(number(row, "n_trials"), values.len() as f64, "{row:?}");
    assert!(
        (number(row, mean) - expected.0).abs() < 1e-9,
        "{row:?}: {expected:?}"
    );
    let sd = number(row, "sd_over_trial_seeds");
    assert!((sd - expected.1).abs() < 1e-9, "{row:?}: {expected:?}");
}

#[test]
fn total_correlation_is_that_of_the_scores() {
    let report = Report::with("total-correlation");
    let rows = report.csv("total-correlation-study");
    assert_eq!(rows.len(), 2 * 15);
    for trial in &report.trials {
        for representation in ["mean", "sampled"] {
            let record = report.record(trial, ("unsupervised", "study", representation), 1_200);
            let is_it = |row: &&Row| {
                row["trial"] == trial.id().as_str() && row["representation"] == representation
            };
            let row = rows.iter().find(is_it).unwrap();
            assert_eq!(number(row, "score"), record.mean);
            assert_eq!(number(row, "strength"), trial.objective.strength());
        }
    }
}

#[test]
fn scores_against_steps_are_means_over_seeds_at_each_step() {
    let report = Report::with("score-vs-steps");
    for key in KEYS {
        let rows = report.csv(&format!("score-vs-steps-{}", slug(key)));
        assert_eq!(rows.len(), 5 * 3, "settings by steps");
        for row in &rows {
            let step = row["step"].parse().unwrap();
            let trials = report.of_setting(&row["setting"]);
            let score = |trial: &&Trial| report.record(trial, key, step).mean;
            assert_spread(row, "mean", &trials.iter().map(score).collect::<Vec<_>>());
        }
    }
}

#[test]
fn training_curves_are_those_of_the_logs() {
    let report = Report::with("training-curves");
    for term in ["loss_nats", "reconstruction_nats", "kl_nats", "tc_nats"] {
        let rows = report.csv(&format!("training-curves-{}", term.replace('_', "-")));
        let n_settings = if term == "tc_nats" { 3 } else { 5 };
        assert_eq!(
            rows.len(),
            n_settings * 120,
            "{term}: settings by lines of the log"
        );
        for row in &rows {
            let step: u64 = row["step"].parse().unwrap();
            let value = |trial: &&Trial| {
                let log = report.log(trial);
                let column = log.columns.iter().position(|name| name == term).unwrap();
                log.rows.iter().find(|(at, _)| *at == step).unwrap().1[column]
            };
            let trials = report.of_setting(&row["setting"]);
            assert_spread(row, "mean", &trials.iter().map(value).collect::<Vec<_>>());
        }
    }
}

/// The KL of a trial's latents at a step, those with the most in the end first.
fn ranked_kl(log: &TrainLog, step: u64) -> Vec<f64> {
    let is_latent = |name: &&String| name[3..].parse::<usize>().is_ok();
    let columns: Vec<usize> = (0..log.columns.len())
        .filter(|&i| is_latent(&&log.columns[i]))
        .collect();
    let last = &log.rows.last().unwrap().1;
    let row = &log.rows.iter().find(|(at, _)| *at == step).unwrap().1;
    let mut pairs: Vec<(f64, f64)> = columns.iter().map(|&i| (last[i], row[i])).collect();
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
    pairs.into_iter().map(|(_, now)| now).collect()
}

#[test]
fn kl_by_rank_is_that_of_the_logs() {
    let report = Report::with("kl-per-latent");
    let first = |trial: &Trial| {
        let log = report.log(trial);
        log.rows
            .last()
            .unwrap()
            .1
            .iter()
            .rposition(|v| *v == ranked_kl(&log, 1_200)[0])
    };
    assert_ne!(
        first(&report.trials[0]),
        first(&report.trials[1]),
        "latents have no common order"
    );
    for (name, n_rows) in [
        ("kl-per-latent", 5 * 5),
        ("kl-per-latent-beta-vae", 2 * 5 * 60),
        ("kl-per-latent-factor-vae", 3 * 5 * 60),
    ] {
        let rows = report.csv(name);
        assert_eq!(rows.len(), n_rows, "{name}: settings by ranks by steps");
        for row in &rows {
            let (rank, step) = (
                row["rank"].parse::<usize>().unwrap(),
                row["step"].parse().unwrap(),
            );
            let value = |trial: &&Trial| ranked_kl(&report.log(trial), step)[rank - 1];
            let trials = report.of_setting(&row["setting"]);
            assert_spread(
                row,
                "kl_nats",
                &trials.iter().map(value).collect::<Vec<_>>(),
            );
        }
        assert_eq!(
            rows.iter().map(|row| number(row, "step") as u64).max(),
            Some(1_200)
        );
    }
}

/// Each value's place in the order, equal ones sharing theirs, by counting.
fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |v: &f64| {
        let below = values.iter().filter(|other| *other < v).count() as f64;
        let equal = values.iter().filter(|other| *other == v).count() as f64;
        below + (equal + 1.0) / 2.0
    };
    values.iter().map(rank).collect()
}

#[test]
fn correlations_are_those_of_the_ranks_of_the_scores() {
    let report = Report::with("metric-correlation");
    let rows = report.csv("metric-correlation");
    assert_eq!(rows.len(), KEYS.len() * KEYS.len());
    for a in KEYS {
        for b in KEYS {
            let [x, y] = [a, b].map(|key| ranks(&report.scores(key)));
            let [mean, n] = [8.0, 15.0];
            let product = |x: &[f64], y: &[f64]| -> f64 {
                x.iter().zip(y).map(|(x, y)| (x - mean) * (y - mean)).sum()
            };
            let expected = product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt();
            let is_it = |row: &&Row| row["a"] == slug(a) && row["b"] == slug(b);
            let row = rows.iter().find(is_it).unwrap();
            assert!(
                (number(row, "spearman") - expected).abs() < 1e-12,
                "{row:?}: {expected}"
            );
            assert_eq!(number(row, "n_trials"), n);
        }
    }
}

/// The sum of squares within groups that `of` makes of the trials.
fn within(report: &Report, scores: &[f64], of: impl Fn(&Trial) -> String) -> f64 {
    let mut groups: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for (trial, score) in report.trials.iter().zip(scores) {
        groups.entry(of(trial)).or_default().push(*score);
    }
    let squares = |values: &Vec<f64>| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
    };
    groups.values().map(squares).sum()
}

#[test]
fn shares_of_variance_are_those_of_the_scores() {
    let report = Report::with("variance-explained");
    let rows = report.csv("variance-explained");
    assert_eq!(rows.len(), KEYS.len());
    for row in &rows {
        let key = [&row["metric"], &row["variant"], &row["representation"]];
        let [metric, variant, representation] = key.map(String::as_str);
        let scores = report.scores((metric, variant, representation));
        let all = within(&report, &scores, |_| String::new());
        let in_objectives = within(&report, &scores, |trial| trial.setting().family);
        let in_settings = within(&report, &scores, |trial| trial.setting().label);
        for (column, expected) in [
            ("objective", (all - in_objectives) / all),
            ("strength", (in_objectives - in_settings) / all),
            ("seed", in_settings / all),
            ("objective_and_strength_by_chance", 4.0 / 14.0),
        ] {
            assert!(
                (number(row, column) - expected).abs() < 1e-9,
                "{row:?}: {column} {expected}"
            );
        }
        let n = ["n_objectives", "n_settings", "n_trials"].map(|column| number(row, column));
        assert_eq!(n, [2.0, 5.0, 15.0]);
    }
}

/// The quartiles that a violin's description says, against those of the scores.
#[test]
fn violins_have_the_quartiles_of_the_scores() {
    let report = Report::with("violins");
    for key in KEYS {
        let rows = report.csv(&format!("violins-{}", slug(key)));
        assert_eq!(rows.len(), 15);
        for (row, (trial, score)) in rows
            .iter()
            .zip(report.trials.iter().zip(report.scores(key)))
        {
            assert_eq!(row["trial"], trial.id().as_str());
            assert_eq!(number(row, "score"), score);
            assert_eq!(row["family"], trial.setting().family);
        }
        let path = format!("report/figures/violins-{}-light.svg", slug(key));
        let svg = fs::read_to_string(report.folder.path().join(path)).unwrap();
        for (family, title) in [("beta-vae", "β-VAE"), ("factor-vae", "FactorVAE")] {
            let mine = rows.iter().filter(|row| row["family"] == family);
            let mut scores: Vec<f64> = mine.map(|row| number(row, "score")).collect();
            scores.sort_by(f64::total_cmp);
            // Linear between neighbours, the ends being the extremes.
            let at = |share: f64| {
                let place = share * (scores.len() - 1) as f64;
                let (i, rest) = (place as usize, place.fract());
                format!(
                    "{:.3}",
                    scores[i] * (1.0 - rest) + scores[(i + 1).min(scores.len() - 1)] * rest
                )
            };
            let said = format!(
                "{title}: median {}, quartiles {} and {}, {} trials",
                at(0.5),
                at(0.25),
                at(0.75),
                scores.len()
            );
            assert!(svg.contains(&said), "{said}");
        }
    }
}
