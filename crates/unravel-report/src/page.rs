//! The page: prepares the texts that the template `templates/index.html` shows.

mod comparison;
mod facts;
mod pictures;
mod table;

pub use pictures::{SettingPictures, setting_pictures, view};
pub use table::{Cell, Head, Table, table as settings_table};

use crate::claims::{Verdict, verdicts};
use crate::figures::{Context, Figure, Kind};
use crate::missing::Missing;
use crate::report_input::SettingRow;
use crate::scene::Scene;
use crate::style::{Ink, Shape, Theme, hex};
use crate::summary::{Said, findings, said, standing_sentence};
use askama::Template;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use unravel_sweep::{Sweep, Trial};

/// Sentences for the top of the page that do not come from the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Remarks<'a> {
    /// The progress of a run that works on the sweep, such as `3 of 10 trials settled`; `None` if there is no such run.
    pub so_far: Option<&'a str>,
    /// Notes on the sweep and its data, one sentence each.
    pub notes: &'a [String],
}

/// Everything that the page is made from.
pub struct Inputs<'a> {
    /// Remarks for the top of the page.
    pub remarks: Remarks<'a>,
    /// The sweep.
    pub sweep: &'a Sweep,
    /// Its file, as written.
    pub sweep_text: &'a str,
    /// Its trials.
    pub trials: &'a [Trial],
    /// Their data from the store, and the scores and panels computed from it.
    pub context: &'a Context<'a>,
    /// Figures and their SVG in light ink, by section, in the order of the page.
    pub sections: Vec<Section>,
    /// Trials that are not complete.
    pub missing: &'a [Missing],
    /// A sentence for every file of the store that could not be read.
    pub notices: &'a [String],
}

/// The section of the page for one name in `[report] figures`.
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
    /// An empty section with the heading and sentence of the kind.
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
    has_knee: bool,
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
/// If the template fails.
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
        lead: standing_sentence(rows, inputs.missing.is_empty()),
        so_far: inputs.remarks.so_far,
        notes: inputs.remarks.notes,
        facts: facts::facts(rows, inputs.trials),
        findings: cards.collect(),
        said: said(inputs.context),
        has_knee: panels.iter().any(|panel| panel.knee.is_some()),
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

/// A setting's mark as a small SVG image beside its name. It is hidden from screen readers, because the name has the
/// same information.
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

/// The page contains figures in light inks. On a dark screen, these CSS rules replace each ink by its dark counterpart.
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
