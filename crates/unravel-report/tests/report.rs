//! Reports of fake stores, from the store's files to the report's files.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use support::Fate;
use unravel_report::{Rendered, render};
use unravel_sweep::{Sweep, Trial};

const SWEEP: &str = r#"format-version = 1
name = "fake"

[data]
dataset = "dsprites"
keep = { orientation = 10, pos-x = 16, pos-y = 16 }

[model]
architecture = "conv-small"
latents = 6

[training]
steps = 1_200

[[arm]]
seeds = 3
objective.beta-vae = { beta = [1, 4] }

[[arm]]
seeds = 3
objective.factor-vae = { gamma = [10, 40] }

[evaluation]
metrics = ["mig", "beta-vae-score"]
seeds = 2
"#;

/// A report and what it is of.
struct Report {
    folder: tempfile::TempDir,
    sweep: Sweep,
    trials: Vec<Trial>,
    rendered: Rendered,
}

impl Report {
    fn of(text: &str, fate: impl Fn(usize) -> Fate) -> Self {
        Self::with(text, fate, |_, _| {})
    }

    /// As [`Report::of`], with `meddle` let loose on the store's folder before it is read.
    fn with(text: &str, fate: impl Fn(usize) -> Fate, meddle: impl Fn(&Path, &[Trial])) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (sweep, trials) = support::sweep(text);
        let runs = folder.path().join("runs");
        let store = support::fill(&runs, &sweep, &trials, fate).unwrap();
        meddle(&runs, &trials);
        let dir = folder.path().join("report");
        let rendered = render(&sweep, text, &trials, &store, &dir, &mut |_| {}).unwrap();
        Self {
            folder,
            sweep,
            trials,
            rendered,
        }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join("report").join(name)).unwrap()
    }

    fn page(&self) -> String {
        self.read("index.html")
    }

    fn csv(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        let text = self.read(&format!("data/{name}.csv"));
        let mut lines = text.lines();
        let heads: Vec<&str> = lines.next().unwrap().split(',').collect();
        let row = |line: &str| {
            heads
                .iter()
                .zip(line.split(','))
                .map(|(h, v)| ((*h).to_owned(), v.to_owned()))
                .collect()
        };
        lines.map(row).collect()
    }

    /// Every file of the report with its bytes.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let root = self.folder.path().join("report");
        let mut files = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let name = path.strip_prefix(&root).unwrap().display().to_string();
                    files.insert(name, fs::read(&path).unwrap());
                }
            }
        }
        files
    }
}

/// The page's words and structure: figures, pictures and the style sheet are left out.
fn redacted(page: &str) -> String {
    let cut = |text: &str, from: &str, to: &str, instead: &str| {
        let mut pieces = text.split(from);
        let mut kept = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            kept.push_str(instead);
            kept.push_str(piece.split_once(to).map_or("", |(_, rest)| rest));
        }
        kept
    };
    let page = cut(page, "<style>", "</style>", "[style]");
    let page = cut(&page, "<svg xmlns", "</svg>", "[figure]");
    let page = cut(&page, "<svg class=\"marker\"", "</svg>", "[mark]");
    let page = cut(&page, "src=\"data:image/png;base64,", "\"", "[picture]");
    page.replace(env!("CARGO_PKG_VERSION"), "[version]")
}

/// The page without its pictures, whose letters may spell anything.
fn words(page: &str) -> String {
    let mut parts = page.split("base64,");
    let first = parts.next().unwrap_or_default().to_owned();
    let behind = |part: &str| {
        part.find('"')
            .map_or(String::new(), |end| part[end..].to_owned())
    };
    parts.fold(first, |words, part| words + &behind(part))
}

#[test]
fn the_page_of_a_whole_sweep() {
    let report = Report::of(SWEEP, |_| Fate::Done);
    assert_eq!(
        (report.rendered.n_trials, report.rendered.n_missing),
        (12, 0)
    );
    assert!(report.rendered.notices.is_empty());
    insta::assert_snapshot!("page", redacted(&report.page()));
}

#[test]
fn the_page_of_an_unfinished_sweep_says_what_is_missing() {
    let fates = [
        Fate::Done,
        Fate::Training,
        Fate::Failed,
        Fate::Unscored,
        Fate::Absent,
        Fate::Blind,
    ];
    let report = Report::of(SWEEP, |idx| fates[idx % fates.len()]);
    assert_eq!(report.rendered.n_missing, 8);
    let page = report.page();
    for said in [
        "6 of 12 trials are trained; 4 not finished and 2 failed.",
        "saved at step 600 of 1,200",
        "kl_nats is not a number at step 600",
        "no step is saved yet",
        "MIG · exact, MIG · study, β-VAE score · study and reconstruction error and KL",
        "Scores cover trained trials only",
        "This trial has no pictures yet.",
        "2 of 3",
    ] {
        assert!(page.contains(said), "the page does not say: {said}");
    }
}

#[test]
fn tables_hold_every_score_of_the_store() {
    let report = Report::of(SWEEP, |_| Fate::Done);
    let store = unravel_store::Store::open_read(report.folder.path().join("runs")).unwrap();
    let table = report.csv("scores");
    let mut n_records = 0;
    for trial in &report.trials {
        for metric in ["elbo", "mig", "beta-vae-score"] {
            for record in store
                .trial(&trial.id())
                .scores(metric)
                .unwrap()
                .unwrap()
                .scores
            {
                n_records += 1;
                let row = table
                    .iter()
                    .find(|row| {
                        row["trial"] == trial.id().as_str()
                            && row["metric"] == metric
                            && row["quantity"] == record.quantity
                            && record.variant == row["variant"].as_str()
                    })
                    .unwrap();
                assert_eq!(row["mean"].parse::<f64>().unwrap(), record.mean);
                assert_eq!(row["seed"], trial.seed.to_string());
                assert_eq!(row["grid"], record.grid);
                let seeds: Vec<String> = record.seeds.iter().map(u64::to_string).collect();
                assert_eq!(row["evaluation_seeds"], seeds.join(" "));
            }
        }
    }
    assert_eq!(table.len(), n_records);
}

#[test]
fn the_summary_is_the_mean_and_sd_over_trial_seeds() {
    let report = Report::of(SWEEP, |_| Fate::Done);
    let scores = report.csv("scores");
    let summary = report.csv("summary");
    assert_eq!(
        summary.len(),
        4 * (3 + 2 + 1),
        "settings x (ELBO quantities, MIG variants, β-VAE score)"
    );
    for row in &summary {
        let keys = ["setting_id", "metric", "quantity", "variant"];
        let values: Vec<f64> = scores
            .iter()
            .filter(|score| keys.iter().all(|key| score[*key] == row[*key]))
            .map(|score| score["mean"].parse().unwrap())
            .collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let sd = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
        assert_eq!(row["n_trials"], "3");
        assert_eq!(row["trials"].split(' ').count(), 3);
        assert!((row["mean"].parse::<f64>().unwrap() - mean).abs() < 1e-12);
        assert!((row["sd_over_trial_seeds"].parse::<f64>().unwrap() - sd).abs() < 1e-12);
    }
}

#[test]
fn parquet_files_hold_the_same_rows() {
    use polars::prelude::{ParquetReader, SerReader};
    let report = Report::of(SWEEP, |_| Fate::Done);
    let path = report.folder.path().join("report/data/scores.parquet");
    let frame = ParquetReader::new(fs::File::open(path).unwrap())
        .finish()
        .unwrap();
    let means: Vec<f64> = frame
        .column("mean")
        .unwrap()
        .f64()
        .unwrap()
        .iter()
        .flatten()
        .collect();
    let expected: Vec<f64> = report
        .csv("scores")
        .iter()
        .map(|row| row["mean"].parse().unwrap())
        .collect();
    assert_eq!(means, expected);
}

#[test]
fn a_sweep_of_which_nothing_is_trained_has_a_page_and_no_figure() {
    let report = Report::of(SWEEP, |_| Fate::Absent);
    assert_eq!(
        (report.rendered.n_missing, report.rendered.figures.len()),
        (12, 0)
    );
    let page = report.page();
    assert!(page.contains("No scores yet") && page.contains("0 of 12 trials are trained"));
    assert!(!words(&page).contains("NaN"));
    assert_eq!(report.csv("scores"), []);
}

#[test]
fn a_single_seed_has_no_spread_and_says_so() {
    let text = SWEEP.replace("seeds = 3", "seeds = 1");
    let report = Report::of(&text, |_| Fate::Done);
    let page = report.page();
    assert!(page.contains(" ± –"), "an sd that is not defined is a dash");
    assert!(page.contains("One trial seed, so there is no interval."));
    assert!(page.contains("the share of variance due to the seed is unknown"));
    assert!(!page.contains("id=\"variance-explained\""));
    assert!(page.contains("the effect of the seed is unknown"));
    assert!(page.contains("each setting has one trial seed, so there is no sd"));
    assert!(!words(&page).contains("NaN") && !page.contains("± 0.000"));
    for row in report.csv("summary") {
        assert_eq!(row["sd_over_trial_seeds"], "");
    }
}

#[test]
fn damaged_files_become_notices_and_the_rest_is_shown() {
    let meddle = |runs: &Path, trials: &[Trial]| {
        let folder = runs.join(trials[0].id().as_str());
        fs::write(folder.join("scores/mig.json"), "{\"half\":").unwrap();
        fs::write(folder.join("train.csv"), "step,kl_nats\n1,").unwrap();
    };
    let report = Report::with(SWEEP, |_| Fate::Done, meddle);
    assert_eq!(report.rendered.n_missing, 1);
    assert_eq!(
        report.rendered.notices.len(),
        2,
        "{:?}",
        report.rendered.notices
    );
    assert!(
        report.page().contains("(n = 2)"),
        "the cell says that a trial is missing in it"
    );
    assert_eq!(report.csv("trade-off-mig-exact").len(), 11);
}

#[test]
fn the_same_store_gives_the_same_bytes() {
    let (first, second) = (
        Report::of(SWEEP, |_| Fate::Done),
        Report::of(SWEEP, |_| Fate::Done),
    );
    let (first, second) = (first.files(), second.files());
    assert_eq!(
        first.keys().collect::<Vec<_>>(),
        second.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &first {
        assert!(*bytes == second[name], "{name} differs");
    }
    assert!(first.keys().all(|name| !name.ends_with(".tmp")));
}

#[test]
fn every_link_of_the_page_leads_to_a_file() {
    let report = Report::of(SWEEP, |_| Fate::Done);
    let page = report.page();
    let links: Vec<&str> = page
        .split("href=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert!(30 < links.len());
    for link in links {
        let (file, anchor) = link
            .split_once('#')
            .map_or((link, ""), |(file, anchor)| (file, anchor));
        let path = report.folder.path().join("report").join(file);
        assert!(path.exists(), "{link}");
        assert!(
            anchor.is_empty() || page.contains(&format!("id=\"{anchor}\"")),
            "{link}"
        );
    }
    assert!(
        !page.contains("http://")
            || page.matches("http://").count() == page.matches("http://www.w3.org").count()
    );
    assert!(!page.contains("https://") && !page.contains("<script"));
}

#[test]
fn only_the_figures_that_the_sweep_names_are_made() {
    let text = format!("{SWEEP}\n[report]\nfigures = [\"training-curves\"]\n");
    let report = Report::of(&text, |_| Fate::Done);
    assert_eq!(report.sweep.report.figures, ["training-curves"]);
    let names: Vec<String> = report
        .rendered
        .figures
        .iter()
        .map(|p| p.file_name().unwrap().to_string_lossy().into())
        .collect();
    assert!(
        !names.is_empty()
            && names
                .iter()
                .all(|name| name.starts_with("training-curves-"))
    );
    assert!(
        report.page().contains("id=\"table\""),
        "the table is no figure: it is always there"
    );
}

#[test]
fn a_single_setting_has_nothing_to_be_compared_with() {
    let text = SWEEP.replace("beta = [1, 4]", "beta = 4");
    let i = text.rfind("[[arm]]").unwrap();
    let j = text.find("[evaluation]").unwrap();
    let report = Report::of(&format!("{}{}", &text[..i], &text[j..]), |_| Fate::Done);
    let page = report.page();
    assert!(page.contains("no setting to compare it with"));
    assert!(page.contains("over 3 trials of one setting is due to the seed"));
    assert!(!words(&page).contains("NaN") && !page.contains("knee of the front"));
}

#[test]
fn published_numbers_stand_on_the_figures_and_in_a_table() {
    let text = format!(
        r#"{SWEEP}
[[report.published]]
source = "Somebody (2020), Table 1"
trust = "image"
metric = "mig"
variant = "exact"
note = "another protocol"
spread = "sd"
points = [
  {{ label = "elsewhere", family = "factor-vae", strength = 40, score = 0.43, spread = 0.01, reconstruction-nats = 30 }},
]

[[report.published]]
source = "Somebody else (2019)"
trust = "second-hand"
metric = "variance-explained"
points = [{{ label = "objective", score = 0.37 }}]
"#
    );
    let report = Report::of(&text, |_| Fate::Done);
    let page = report.page();
    let captions = page.matches(
        "Hollow marks are published results, not trials of this sweep: Somebody (2020), Table 1 \
         (read off a picture; bars: standard deviation; another protocol).",
    );
    assert_eq!(
        captions.count(),
        3,
        "trade-off, score against strength, violins"
    );
    assert!(
        page.contains(
            "Dashed lines are published shares: Somebody else (2019) (quoted second-hand)."
        )
    );
    assert!(page.contains("id=\"published\"") && page.contains("0.430 ± 0.010"));
    for name in ["trade-off-mig-exact", "variance-explained"] {
        let svg = report.read(&format!("figures/{name}-light.svg"));
        assert!(svg.contains("elsewhere") || svg.contains("published: objective 37 %"));
    }
    let other = report.read("figures/trade-off-mig-study-light.svg");
    assert!(!other.contains("elsewhere"), "it is of the exact variant");
}

/// Every figure's table against the store: the same trials with the same scores.
#[test]
fn the_data_behind_each_figure_is_that_of_the_store() {
    let report = Report::of(SWEEP, |_| Fate::Done);
    let store = unravel_store::Store::open_read(report.folder.path().join("runs")).unwrap();
    for kind in ["trade-off", "score-vs-strength", "violins"] {
        for (metric, variant) in [
            ("mig", "exact"),
            ("mig", "study"),
            ("beta-vae-score", "study"),
        ] {
            let rows = report.csv(&format!("{kind}-{metric}-{variant}"));
            assert_eq!(rows.len(), report.trials.len(), "{kind} of {metric}");
            for trial in &report.trials {
                let file = store.trial(&trial.id()).scores(metric).unwrap().unwrap();
                let record = file.scores.iter().find(|r| r.variant == variant).unwrap();
                let row = rows.iter().find(|r| r["trial"] == trial.id().as_str());
                let score: f64 = row.unwrap()["score"].parse().unwrap();
                assert_eq!(score, record.mean, "{kind} of {metric}, {variant}");
            }
        }
    }
    let matrices = report.csv("matrices-mig-mutual-information-nats");
    assert_eq!(matrices.len(), 4 * 30, "one trial of each setting");
    for row in matrices {
        let trial = report
            .trials
            .iter()
            .find(|t| t.id().as_str() == row["trial"]);
        let file = store.trial(&trial.unwrap().id()).scores("mig").unwrap();
        let matrix = &file.unwrap().matrices[0];
        let code = matrix
            .row_names
            .iter()
            .position(|n| *n == row["code"])
            .unwrap();
        let factor = matrix
            .col_names
            .iter()
            .position(|n| *n == row["factor"])
            .unwrap();
        let value: f64 = row["value"].parse().unwrap();
        assert_eq!(value, matrix.values[code * 5 + factor]);
    }
}

#[test]
fn the_shares_of_variance_are_those_of_the_scores() {
    let report = Report::of(SWEEP, |_| Fate::Done);
    let scores: Vec<(String, f64)> = report
        .csv("trade-off-mig-exact")
        .iter()
        .map(|row| (row["setting"].clone(), row["score"].parse().unwrap()))
        .collect();
    let squares = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()
    };
    let all: Vec<f64> = scores.iter().map(|(_, score)| *score).collect();
    let mut labels: Vec<&String> = scores.iter().map(|(label, _)| label).collect();
    labels.dedup();
    let within: f64 = labels
        .iter()
        .map(|label| {
            let mine = scores.iter().filter(|(other, _)| other == *label);
            squares(&mine.map(|(_, score)| *score).collect::<Vec<f64>>())
        })
        .sum();
    let row = &report.csv("variance-explained")[0];
    assert_eq!(row["metric"], "mig");
    let seed: f64 = row["seed"].parse().unwrap();
    assert!((seed - within / squares(&all)).abs() < 1e-12);
    let shares = ["objective", "strength", "seed"].map(|key| row[key].parse::<f64>().unwrap());
    assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn scores_on_the_way_are_drawn_against_steps() {
    let text = SWEEP.replace("seeds = 2\n", "seeds = 2\nat = [300, 600]\n");
    assert_ne!(text, SWEEP);
    let report = Report::of(&text, |_| Fate::Done);
    let rows = report.csv("score-vs-steps-mig-exact");
    assert_eq!(rows.len(), 4 * 3, "settings x steps");
    assert!(rows.iter().all(|row| row["n_trials"] == "3"));
    assert!(
        Report::of(SWEEP, |_| Fate::Done)
            .page()
            .matches("score-vs-steps")
            .count()
            == 0
    );
}

#[test]
fn each_figure_can_be_drawn_alone() {
    let report = Report::of(SWEEP, |_| Fate::Done);
    let store = unravel_store::Store::open_read(report.folder.path().join("runs")).unwrap();
    let draw = |name: &str, file: &str| {
        let out = report.folder.path().join(file);
        let asked = unravel_report::Alone {
            name,
            is_dark: false,
            out: &out,
            cross_trial: &[],
        };
        unravel_report::draw_alone(&report.sweep, &report.trials, &store, &asked, &mut |_| {})
            .map(|path| fs::read(path).unwrap())
            .map_err(|error| error.to_string())
    };
    let alone = draw("trade-off-mig-exact", "x.svg").unwrap();
    assert_eq!(
        String::from_utf8(alone).unwrap(),
        report.read("figures/trade-off-mig-exact-light.svg")
    );
    let all = String::from_utf8(draw("trade-off", "x.svg").unwrap()).unwrap();
    assert!(
        all.starts_with("<svg") && all.contains("width=\"1620\""),
        "three beside each other"
    );
    assert!(draw("trade-off", "x.png").unwrap().starts_with(b"\x89PNG"));
    let csv = String::from_utf8(draw("trade-off", "x.csv").unwrap()).unwrap();
    assert_eq!(csv.lines().count(), 1 + 3 * 12);
    for name in [
        "violins",
        "variance-explained",
        "metric-correlation",
        "kl-per-latent",
        "matrices",
    ] {
        assert!(draw(name, "x.svg").unwrap().starts_with(b"<svg"), "{name}");
    }
    assert!(draw("traversals", "x.gif").unwrap().starts_with(b"GIF89a"));
    assert!(
        draw("traversals-beta-vae-beta-4", "x.png")
            .unwrap()
            .starts_with(b"\x89PNG")
    );
    for name in [
        "traversals-posterior",
        "traversals-beta-vae-beta-4-posterior",
    ] {
        let own_range = draw(name, "x.png").unwrap();
        assert!(own_range.starts_with(b"\x89PNG"), "{name}");
        assert_ne!(
            own_range,
            draw("traversals-beta-vae-beta-4", "x.png").unwrap()
        );
    }
    let tex = String::from_utf8(draw("table", "x.tex").unwrap()).unwrap();
    assert!(tex.contains("\\toprule") && tex.contains("$\\beta$-VAE $\\beta$=4"));
    assert!(
        draw("trade-of", "x.svg")
            .unwrap_err()
            .contains("unknown figure `trade-of`")
    );
    assert!(
        draw("trade-off-mig", "x.svg")
            .unwrap_err()
            .contains("trade-off-mig-exact")
    );
    assert!(
        draw("trade-off", "x.jpg")
            .unwrap_err()
            .contains(".svg, .png, .csv, .parquet")
    );
    assert!(
        draw("total-correlation", "x.svg")
            .unwrap_err()
            .contains("has no data for the figure")
    );
}

/// The longest run of digits and commas in a text.
fn longest_number(text: &str) -> usize {
    let numbers = text.split(|c: char| !c.is_ascii_digit() && c != ',');
    numbers.map(str::len).max().unwrap_or(0)
}

#[test]
fn trials_that_ran_away_are_shown_with_powers_of_ten() {
    let text = SWEEP.replace("metrics = [", "metrics = [\"unsupervised\", ");
    let report = Report::of(&text, |idx| match idx % 3 {
        0 => Fate::Diverged,
        _ => Fate::Done,
    });
    let page = redacted(&report.page());
    assert!(
        page.contains("e31") && page.contains("e200"),
        "in the table"
    );
    assert!(!page.contains("NaN") && !page.contains('∞'));
    assert!(
        longest_number(&page) < 17,
        "no number has so many digits that it cannot be read"
    );
    for figure in &report.rendered.figures {
        if figure.extension().is_some_and(|ending| ending == "svg") {
            let svg = fs::read_to_string(figure).unwrap();
            let name = figure.display();
            assert!(
                svg.matches("<text").count() < 700,
                "{name} has too many texts"
            );
            assert!(!svg.contains("NaN") && !svg.contains(">inf"), "{name}");
            for text in svg.split("<text").skip(1) {
                let (_, words) = text.split_once('>').unwrap();
                let (words, _) = words.split_once('<').unwrap();
                assert!(longest_number(words) < 14, "{name}: {words}");
            }
        }
    }
    let trade_off = report.read("figures/trade-off-mig-exact-light.svg");
    assert!(trade_off.contains("log scale") && trade_off.contains(">1e30<"));
}

#[test]
fn published_numbers_of_any_size_that_is_read_are_drawn() {
    let text = format!(
        r#"{SWEEP}
[[report.published]]
source = "Somebody (2020)"
trust = "image"
metric = "mig"
spread = "sd"
points = [
  {{ label = "far", family = "beta-vae", strength = 1e12, score = 1e12, spread = 1e12, reconstruction-nats = 1e12 }},
  {{ label = "near", family = "beta-vae", strength = 5e-324, score = -1e12, spread = 0, reconstruction-nats = 0 }},
]
"#
    );
    let report = Report::of(&text, |_| Fate::Done);
    for name in ["trade-off", "score-vs-strength", "violins"] {
        let svg = report.read(&format!("figures/{name}-mig-exact-light.svg"));
        assert!(svg.matches("<text").count() < 60, "{name}");
        assert!(longest_number(&svg) < 14, "{name}");
    }
}

#[test]
fn no_two_inks_of_a_page_share_their_light_colour() {
    let page = Report::of(SWEEP, |_| Fate::Done).page();
    let mut dark: BTreeMap<&str, &str> = BTreeMap::new();
    for rule in page.split("svg [fill=\"").skip(1) {
        let (light, rest) = rule.split_once("\"]{fill:").unwrap();
        let ink = rest.split_once('}').unwrap().0;
        let before = dark.insert(light, ink);
        assert!(
            before.is_none_or(|before| before == ink),
            "{light}: {before:?} and {ink}"
        );
    }
    assert!(10 < dark.len());
}
