//! The layout of the KL of each latent: final KL by rank, and KL by step.

use super::data::Latents;
use crate::axis::Kind;
use crate::curves::{Curves, Line, Panel, by_setting, families_of, scene as lines};
use crate::panel::Titles;
use crate::report_input::Rows;
use crate::scene::Scene;

/// The final KL against rank, one line per setting.
pub fn profile(rows: &Rows, latents: &[&Latents], titles: Titles) -> Scene {
    let settings = latents.iter().map(|one| {
        let ranks = one.last().enumerate();
        (
            one.setting,
            ranks.map(|(i, s)| (i as f64 + 1.0, s)).collect(),
        )
    });
    let n_ranks = latents
        .iter()
        .map(|one| one.by_rank.len())
        .max()
        .unwrap_or(1);
    lines(&Curves {
        panels: by_setting(rows, settings.collect()),
        x: (1.0, n_ranks.max(2) as f64),
        kind: Kind::Linear,
        titles,
        families: families_of(rows, latents.iter().map(|one| one.setting)),
    })
}

/// KL against step, one panel per setting and one line per rank.
pub fn courses(rows: &Rows, latents: &[&Latents], titles: Titles) -> Scene {
    let last = latents
        .iter()
        .flat_map(|one| one.by_rank.iter().filter_map(|steps| steps.last()))
        .map(|(step, _)| *step)
        .max()
        .unwrap_or(1);
    let panel = |one: &&Latents| {
        let row = &rows.settings[one.setting];
        let line = |steps: &Vec<(u64, crate::stats::Spread)>| Line {
            label: String::new(),
            ink: row.ink,
            shape: row.style.shape,
            points: steps.iter().map(|(step, s)| (*step as f64, *s)).collect(),
        };
        Panel {
            title: row.short_label().to_owned(),
            lines: one.by_rank.iter().map(line).collect(),
        }
    };
    lines(&Curves {
        panels: latents.iter().map(panel).collect(),
        x: (0.0, last as f64),
        kind: Kind::Linear,
        titles,
        families: families_of(rows, latents.iter().map(|one| one.setting)),
    })
}
