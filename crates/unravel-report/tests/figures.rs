//! What every figure looks like: its SVG, or its part of the page, against a committed copy.

mod support;

use std::fs;
use std::path::Path;
use support::Fate;
use unravel_report::render;

const SWEEP: &str = r#"format-version = 1
name = "golden"

[data]
dataset = "dsprites"
keep = { orientation = 10, pos-x = 16, pos-y = 16 }

[model]
architecture = "conv-small"
latents = 4

[training]
steps = 240

[[arm]]
seeds = 3
objective.beta-vae = { beta = [1, 4] }

[[arm]]
seeds = 3
objective.factor-vae = { gamma = [10, 40] }

[evaluation]
metrics = ["mig", "unsupervised"]
representations = ["mean", "sampled"]
at = [80, 160]
seeds = 2

[[report.published]]
source = "Nobody (1999), Table 0"
trust = "second-hand"
metric = "mig"
variant = "exact"
spread = "sd"
points = [
  { label = "elsewhere", family = "factor-vae", strength = 40, score = 0.43, spread = 0.01, reconstruction-nats = 30 },
]

[[report.published]]
source = "Nobody (1999), page 0"
trust = "second-hand"
metric = "variance-explained"
points = [{ label = "objective", score = 0.37 }]
"#;

/// Figures that stand for their kind; a kind may have two looks.
const FIGURES: [&str; 11] = [
    "trade-off-mig-exact",
    "score-vs-strength-mig-exact",
    "violins-mig-exact",
    "variance-explained",
    "metric-correlation",
    "total-correlation-study",
    "score-vs-steps-mig-exact",
    "training-curves-kl-nats",
    "kl-per-latent",
    "kl-per-latent-factor-vae",
    "matrices-mig-mutual-information-nats",
];
/// Kinds that are pictures of trials.
const PICTURES: [&str; 3] = ["traversals", "reconstructions", "samples"];

/// An element a line, so that a difference shows which one it is in, without what all have in common.
fn redacted(svg: &str) -> String {
    let (fonts, rest) = svg.split_once("font-family=\"").unwrap();
    let (_, rest) = rest.split_once('"').unwrap();
    format!("{fonts}font-family=\"[fonts]\"{rest}").replace("><", ">\n<")
}

/// A part of the page, without its figures, marks and the pixels of its pictures.
fn part(page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("<section id=\"{name}\">"))
        .unwrap();
    let (part, _) = rest.split_once("</section>").unwrap();
    let cut = |text: &str, from: &str, to: &str, instead: &str| {
        let mut pieces = text.split(from);
        let first = pieces.next().unwrap_or_default().to_owned();
        pieces.fold(first, |kept, piece| {
            kept + instead + piece.split_once(to).map_or("", |(_, rest)| rest)
        })
    };
    let part = cut(part, "<svg class=\"marker\"", "</svg>", "[mark]");
    cut(&part, "src=\"data:image/png;base64,", "\"", "[picture]")
}

fn report(text: &str, dir: &Path) -> String {
    let (sweep, trials) = support::sweep(text);
    let store = support::fill(&dir.join("runs"), &sweep, &trials, |_| Fate::Done).unwrap();
    let to = dir.join("report");
    let rendered = render(&sweep, text, &trials, &store, &to, &mut |_| {}).unwrap();
    fs::read_to_string(rendered.index).unwrap()
}

#[test]
fn every_figure_looks_as_it_did() {
    for kind in unravel_sweep::FIGURES {
        let mut golden = FIGURES.iter().chain(&PICTURES);
        assert!(golden.any(|name| name.starts_with(kind)), "{kind}");
    }
    let folder = tempfile::tempdir().unwrap();
    let page = report(SWEEP, folder.path());
    for name in FIGURES {
        let path = format!("report/figures/{name}-light.svg");
        let svg = fs::read_to_string(folder.path().join(path)).unwrap();
        insta::assert_snapshot!(name, redacted(&svg));
    }
    for name in PICTURES {
        insta::assert_snapshot!(name, part(&page, name));
    }
}

/// A dark figure is the light one in other inks.
#[test]
fn dark_figures_differ_in_their_colours_alone() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = "figures = [\"trade-off\", \"variance-explained\", \"matrices\"]";
    report(&format!("{SWEEP}\n[report]\n{kinds}\n"), folder.path());
    let without_colours = |svg: &str| {
        let mut pieces = svg.split('#');
        let first = pieces.next().unwrap_or_default().to_owned();
        // Neighbours of one ink share an element, so elements are as many in both themes.
        pieces.fold(first, |kept, piece| kept + "#" + &piece[6..])
    };
    for name in [
        "trade-off-mig-exact",
        "variance-explained",
        "matrices-mig-mutual-information-nats",
    ] {
        let read = |theme: &str| {
            let path = format!("report/figures/{name}-{theme}.svg");
            fs::read_to_string(folder.path().join(path)).unwrap()
        };
        let (light, dark) = (read("light"), read("dark"));
        assert_ne!(light, dark);
        assert_eq!(without_colours(&light), without_colours(&dark), "{name}");
        assert!(
            dark.contains("<path fill=\"#16191F\" d=\"M0 0h"),
            "{name} has no dark paper"
        );
    }
}
