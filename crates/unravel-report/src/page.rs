//! The page: what the template `templates/index.html` shows, put into words and strings.

mod comparison;
mod facts;
mod pictures;
mod table;

pub use pictures::{SettingPictures, setting_pictures, view};
pub use table::{Cell, Head, Table, table as settings_table};

use crate::claims::{Verdict, verdicts};
use crate::figures::{Context, Figure, Kind};
use crate::missing::Missing;
use crate::rows::SettingRow;
use crate::scene::Scene;
use crate::style::{Ink, Shape, Theme, hex};
use crate::summary::{Said, findings, said, standing_sentence};
use askama::Template;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use unravel_sweep::{Sweep, Trial};

/// What the page says beside what the store holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remarks<'a> {
    /// How far the run is that is at work on the sweep: `3 of 10 trials settled`; none where none is.
    pub so_far: Option<&'a str>,
    /// A sentence for each thing that the reader should know of the sweep and its data.
    pub notes: &'a [String],
}

/// Everything that the page is made from.
pub struct Inputs<'a> {
    /// What is said at its head.
    pub remarks: Remarks<'a>,
    /// The sweep.
    pub sweep: &'a Sweep,
    /// Its file, as written.
    pub sweep_text: &'a str,
    /// Its trials.
    pub trials: &'a [Trial],
    /// What the store has of them, and what was computed from it.
    pub context: &'a Context<'a>,
    /// Figures and their SVG in light ink, by section, in the order of the page.
    pub sections: Vec<Section>,
    /// Trials that lack something.
    pub missing: &'a [Missing],
    /// A sentence for every file of the store that could not be read.
    pub notices: &'a [String],
}

/// A part of the page that one name in `[report] figures` stands for.
pub struct Section {
    /// The name: `trade-off`.
    pub name: String,
    /// The heading.
    pub heading: &'static str,
    /// One sentence below it.
    pub lead: String,
    /// Its figures, each with its SVG in light ink.
    pub figures: Vec<(Figure, String)>,
    /// Its pictures.
    pub pictures: Vec<SettingPictures>,
}

impl Section {
    /// An empty section with its words.
    pub fn new(kind: &Kind) -> Self {
        Self {
            name: kind.name.to_owned(),
            heading: kind.heading,
            lead: kind.lead.to_owned(),
            figures: Vec::new(),
            pictures: Vec::new(),
        }
    }
}

#[derive(Template)]
#[template(path = "index.html")]
struct Page<'a> {
    name: &'a str,
    version: &'static str,
    css: &'static str,
    dark_css: String,
    lead: String,
    so_far: Option<&'a str>,
    notes: &'a [String],
    facts: Vec<(&'static str, String)>,
    findings: Vec<Card>,
    said: Vec<Said>,
    published: Vec<comparison::Row>,
    verdicts: Vec<Verdict>,
    sections: Vec<Section>,
    table: table::Table,
    meanings: Vec<(String, String)>,
    missing: Vec<MissingRow>,
    notices: &'a [String],
    made: Vec<(&'static str, String)>,
    trial_lists: Vec<facts::TrialList>,
    sweep_text: &'a str,
}

struct Card {
    title: String,
    marker: String,
    setting: String,
    value: String,
    unit: &'static str,
    sentence: String,
    caution: String,
}

struct MissingRow {
    id: String,
    marker: String,
    setting: String,
    seed: u64,
    state: &'static str,
    reason: String,
}

/// The HTML of the page.
///
/// # Errors
/// When the template fails.
pub fn page(inputs: Inputs<'_>) -> Result<String, askama::Error> {
    let (rows, panels) = (inputs.context.rows, inputs.context.panels);
    let cards = findings(rows, panels).into_iter().map(|finding| Card {
        title: finding.title,
        marker: marker(&rows.settings[finding.setting]),
        setting: rows.settings[finding.setting].setting.label.clone(),
        value: finding.value,
        unit: finding.unit,
        sentence: finding.sentence,
        caution: finding.caution,
    });
    let missing = inputs.missing.iter().map(|missing| {
        let trial = &rows.trials[missing.trial];
        let setting = &rows.settings[trial.setting];
        MissingRow {
            id: trial.id.clone(),
            marker: marker(setting),
            setting: setting.setting.label.clone(),
            seed: trial.seed,
            state: missing.state,
            reason: missing.reason.clone(),
        }
    });
    let figures = inputs.sections.iter().flat_map(|section| &section.figures);
    let scenes = figures.map(|(figure, _)| &figure.scene);
    Page {
        name: &inputs.sweep.name,
        version: env!("CARGO_PKG_VERSION"),
        css: include_str!("../templates/style.css"),
        dark_css: dark_css(rows.settings.iter(), scenes),
        lead: standing_sentence(rows),
        so_far: inputs.remarks.so_far,
        notes: inputs.remarks.notes,
        facts: facts::facts(rows, inputs.trials),
        findings: cards.collect(),
        said: said(inputs.context),
        published: comparison::rows(inputs.context),
        verdicts: verdicts(rows, inputs.context.scored, &inputs.sweep.report.claims),
        table: table::table(rows, panels),
        meanings: table::meanings(panels),
        missing: missing.collect(),
        notices: inputs.notices,
        made: facts::made(rows, inputs.sweep),
        trial_lists: facts::trial_lists(rows),
        sweep_text: inputs.sweep_text,
        sections: inputs.sections,
    }
    .render()
}

/// A setting's mark as a small picture beside its name, which says the same in words.
pub fn marker(row: &SettingRow) -> String {
    let fill = hex(row.ink.light);
    let body = match row.style.shape {
        Shape::Disc => format!(r#"<circle r="1" fill="{fill}"/>"#),
        shape => {
            let points: Vec<String> = shape
                .corners()
                .iter()
                .map(|(x, y)| format!("{x:.2},{y:.2}"))
                .collect();
            format!(r#"<polygon points="{}" fill="{fill}"/>"#, points.join(" "))
        }
    };
    format!(r#"<svg class="marker" viewBox="-1.4 -1.4 2.8 2.8" aria-hidden="true">{body}</svg>"#)
}

/// Figures stand in the page in light ink; on a dark screen these rules exchange each ink for its dark counterpart.
pub fn dark_css<'a>(
    settings: impl Iterator<Item = &'a SettingRow>,
    scenes: impl Iterator<Item = &'a Scene>,
) -> String {
    let inks: BTreeSet<Ink> = scenes
        .flat_map(Scene::inks)
        .chain(settings.map(|row| row.ink))
        .collect();
    let mut css = String::new();
    for ink in inks {
        let (light, dark) = (
            hex(ink.in_theme(Theme::Light)),
            hex(ink.in_theme(Theme::Dark)),
        );
        for attribute in ["fill", "stroke"] {
            // Writing to a String cannot fail.
            let _ = write!(css, "svg [{attribute}=\"{light}\"]{{{attribute}:{dark}}}");
        }
    }
    css
}
