//! KL per latent: the KL divergence of each latent from the prior, at the end of training and during it.

mod data;
mod draw;

use super::{Context, Figure, frame};
use crate::axis::plain;
use crate::error::ReportError;
use crate::panel::Titles;
use crate::words::count;
use data::{Latents, latents, table};

/// The maximum number of settings of a family in the figure by step. If there are more, they are chosen evenly.
const MOST_PANELS: usize = 9;

/// One figure of the final KL, and one figure per family of the KL during training.
///
/// # Errors
/// If a table cannot be created.
pub fn figures(context: &Context<'_>) -> Result<Vec<Figure>, ReportError> {
    let all = latents(context.rows);
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut figures = vec![profile(context, &all.iter().collect::<Vec<_>>())?];
    for (title, _) in context.rows.families() {
        let setting = |one: &&Latents| &context.rows.settings[one.setting].setting;
        let mine: Vec<&Latents> = all
            .iter()
            .filter(|one| setting(one).family_title == title)
            .collect();
        if !mine.is_empty() {
            figures.push(courses(context, title, &mine)?);
        }
    }
    Ok(figures)
}

fn n_trials(latents: &[&Latents]) -> String {
    count(latents.iter().map(|one| one.n_trials).sum(), "trial")
}

fn profile(context: &Context<'_>, latents: &[&Latents]) -> Result<Figure, ReportError> {
    let name = "kl-per-latent".to_owned();
    let n_trials = n_trials(latents);
    let titles = Titles {
        y: "KL per latent, nats per image".to_owned(),
        x: "Rank of the latent by its KL".to_owned(),
        note: format!("End of training. Lines: mean over trial seeds; bands: ± 1 sd. {n_trials}."),
    };
    let describe = |one: &&Latents| {
        let values: Vec<String> = one.last().map(|s| plain(s.mean, 2)).collect();
        let label = &context.rows.settings[one.setting].setting.label;
        format!("{label}: {}", values.join(", "))
    };
    let words: Vec<String> = latents.iter().map(describe).collect();
    Ok(Figure {
        title: "KL per latent".to_owned(),
        caption: format!(
            "KL divergence of each latent from the prior, in nats per image, for {n_trials}. The values are means over \
             the last logging interval of the training. Latents of each trial are sorted by KL. Lines are means over \
             trial seeds; bands are ± 1 sd over trial seeds. A latent with a KL near 0 has no information \
             about the image."
        ),
        description: format!("Line chart of KL by rank. {}.", words.join("; ")),
        scene: draw::profile(context.rows, latents, titles),
        data: frame(&name, table(context.rows, latents, true))?,
        name,
    })
}

fn courses(
    context: &Context<'_>,
    family: &str,
    latents: &[&Latents],
) -> Result<Figure, ReportError> {
    let step = latents.len().div_ceil(MOST_PANELS).max(1);
    let shown: Vec<&Latents> = latents.iter().copied().step_by(step).collect();
    let slug = &context.rows.settings[latents[0].setting].setting.family;
    let name = format!("kl-per-latent-{slug}");
    let which = if shown.len() == latents.len() {
        count(shown.len(), "setting")
    } else {
        format!("{} of {}", shown.len(), count(latents.len(), "setting"))
    };
    let titles = Titles {
        y: format!("{family}: KL per latent, nats per image"),
        x: "Training step".to_owned(),
        note: format!(
            "One line per latent, ranked by final KL; mean ± 1 sd over trial seeds. {}.",
            n_trials(&shown)
        ),
    };
    Ok(Figure {
        title: format!("KL per latent during training, {family}"),
        caption: format!(
            "KL divergence of each latent of {family} from the prior, in nats per image, against the training step; \
             {which}, {}. Latents of each trial are ranked by their final KL. Lines are means over trial seeds; bands \
             are ± 1 sd.",
            n_trials(&shown)
        ),
        description: format!(
            "Line charts of the KL of each latent, one for each of {which} of {family}."
        ),
        scene: draw::courses(context.rows, &shown, titles),
        data: frame(&name, table(context.rows, latents, false))?,
        name,
    })
}
