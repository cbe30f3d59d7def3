//! The table of published results: one row per published number, with the sweep's setting of the same objective and
//! strength.

use super::marker;
use crate::axis::plain;
use crate::figures::Context;
use crate::final_scores::Scored;
use crate::published::{of_key, source_words};
use crate::words::plus_minus;
use unravel_sweep::{Published, PublishedPoint};

/// One published number.
pub struct Row {
    /// The mark of the sweep's setting; empty if the sweep has none.
    pub marker: String,
    /// The label of the published number.
    pub label: String,
    /// `MIG · exact`.
    pub score: String,
    /// The published number, with its spread.
    pub published: String,
    /// The sweep's own mean ± sd and its number of trials; a dash if there is none.
    pub own: String,
    /// The sweep's own mean minus the published number; a dash if there is none.
    pub difference: String,
    /// The source of the number, how it was obtained, and the differences of its protocol.
    pub source: String,
}

/// The published numbers of the scores that the sweep has.
pub fn rows<'a>(context: &Context<'a>) -> Vec<Row> {
    let of_scored = |scored: &'a Scored| {
        let published = of_key(context.published, &scored.key).into_iter();
        published.flat_map(move |one| one.points.iter().map(move |point| (scored, one, point)))
    };
    let all = context.scored.iter().flat_map(of_scored);
    all.map(|(scored, one, point)| row(context, scored, one, point))
        .collect()
}

fn row(context: &Context<'_>, scored: &Scored, one: &Published, point: &PublishedPoint) -> Row {
    let rows = context.rows;
    let is_same = |setting: usize| {
        let setting = &rows.settings[setting].setting;
        point.family.as_deref() == Some(setting.family.as_str())
            && point.strength == Some(setting.strength)
    };
    let means = scored.means(rows);
    let mut same = means.iter().filter(|(setting, _)| is_same(*setting));
    // If several settings have this objective and strength, none of them is chosen.
    let mine = same.next().filter(|_| same.next().is_none());
    let spread = point
        .spread
        .map_or_else(String::new, |s| format!(" ± {}", plain(s, 3)));
    let dash = || "–".to_owned();
    Row {
        marker: mine.map_or_else(String::new, |(setting, _)| marker(&rows.settings[*setting])),
        label: point.label.clone(),
        score: scored.key.title(),
        published: format!("{}{spread}", plain(point.score, 3)),
        own: mine.map_or_else(dash, |(_, own)| {
            format!("{} (n = {})", plus_minus(own, 3), own.n)
        }),
        difference: mine.map_or_else(dash, |(_, own)| signed(own.mean - point.score)),
        source: source_words(one),
    }
}

/// With its sign, `+0.030` or `−0.030`.
fn signed(value: f64) -> String {
    let sign = if 0.0 < value { "+" } else { "" };
    format!("{sign}{}", plain(value, 3))
}
