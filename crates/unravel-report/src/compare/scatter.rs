//! One score of one side against its reconstruction error: trials and means of settings.

use crate::final_scores::{Key, Scored, reconstruction_errors};
use crate::report_input::Rows;
use crate::stats::Spread;

/// A score of a side.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// Which score.
    pub key: Key,
    /// Trials that have both numbers, in their order.
    pub dots: Vec<Dot>,
    /// Settings that have such trials, in their order.
    pub means: Vec<Mean>,
}

/// A trial.
#[derive(Clone, Copy, Debug)]
pub struct Dot {
    /// Its index.
    pub trial: usize,
    /// Nats per image.
    pub reconstruction: f64,
    /// The score.
    pub score: f64,
}

/// A setting.
#[derive(Clone, Copy, Debug)]
pub struct Mean {
    /// Its index.
    pub setting: usize,
    /// Nats per image, over trial seeds.
    pub reconstruction: Spread,
    /// The score, over trial seeds.
    pub score: Spread,
}

/// A scatter for each score.
pub fn scatters(rows: &Rows, scored: Vec<Scored>) -> Vec<Scatter> {
    let errors = reconstruction_errors(rows);
    let dot = |(trial, score): &(usize, f64)| {
        Some(Dot {
            trial: *trial,
            reconstruction: *errors.get(trial)?,
            score: *score,
        })
    };
    let scatter = |scored: Scored| {
        let dots: Vec<Dot> = scored.values.iter().filter_map(dot).collect();
        Scatter {
            means: (0..rows.settings.len())
                .filter_map(|setting| mean(rows, &dots, setting))
                .collect(),
            key: scored.key,
            dots,
        }
    };
    scored.into_iter().map(scatter).collect()
}

fn mean(rows: &Rows, dots: &[Dot], setting: usize) -> Option<Mean> {
    let mine = || {
        dots.iter()
            .filter(|dot| rows.trials[dot.trial].setting == setting)
    };
    Some(Mean {
        setting,
        reconstruction: Spread::of(mine().map(|dot| dot.reconstruction))?,
        score: Spread::of(mine().map(|dot| dot.score))?,
    })
}
