//! A trial's pictures as labelled sheets.

use crate::axis::plain;
use crate::picture_sheet::Sheet;
use crate::stats::interval::quantile;
use unravel_store::{Codes, Pictures};

/// Codes with a smaller KL have almost no information about the image. Their labels are dimmed.
const IDLE_NATS: f32 = 0.1;
/// Samples per row.
const SAMPLES_A_ROW: usize = 10;

/// A kind of pictures of a trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pictured {
    /// Latent traversals: one code varies, the others are fixed.
    Traversals,
    /// Images and their reconstructions.
    Reconstructions,
    /// Images decoded from samples of the prior.
    Samples,
}

/// A sheet with its caption.
pub struct SheetFile<'a> {
    /// `traversals`, [`POSTERIOR_TRAVERSALS`], `reconstructions` or `samples`: the end of its file's name.
    pub kind: &'static str,
    /// What it shows.
    pub caption: String,
    /// The pictures.
    pub sheet: Sheet<'a>,
    /// For each row, whether its code is idle (KL below 0.1 nats).
    pub idle: Vec<bool>,
}

impl SheetFile<'_> {
    /// What the sheet is, for people: `Latent traversals`.
    pub fn title(&self) -> &'static str {
        match self.kind {
            "traversals" => "Latent traversals",
            POSTERIOR_TRAVERSALS => "Latent traversals over the posterior range",
            "reconstructions" => "Images and reconstructions",
            "samples" => "Samples from the prior",
            other => other,
        }
    }
}

/// The kind of the traversals over each code's posterior range.
pub const POSTERIOR_TRAVERSALS: &str = "posterior-traversals";

/// The sheets of one trial; empty if it has no pictures. `probe` has the posteriors of a fixed part of the grid.
pub fn sheets<'a>(
    pictures: &'a Pictures,
    probe: Option<&Codes>,
    pictured: Pictured,
) -> Vec<SheetFile<'a>> {
    let mut files = match pictured {
        Pictured::Traversals => vec![traversals(pictures, probe), posterior_traversals(pictures)],
        Pictured::Reconstructions => vec![reconstructions(pictures)],
        Pictured::Samples => vec![samples(pictures)],
    };
    files.retain(|file| file.sheet.rows.iter().any(|row| !row.is_empty()));
    files
}

/// The codes by descending KL.
fn by_kl(pictures: &Pictures) -> Vec<usize> {
    let kl = |code: usize| pictures.kl_per_code[code];
    let mut codes: Vec<usize> = (0..pictures.n_codes()).collect();
    codes.sort_by(|&a, &b| kl(b).total_cmp(&kl(a)));
    codes
}

/// The 1st and 99th percentile of each code's posterior means over the probe.
fn posterior_ranges(probe: &Codes) -> Vec<(f32, f32)> {
    let range = |code: usize| {
        let means = probe.z_mean.iter().skip(code).step_by(probe.n_codes.max(1));
        let mut means: Vec<f64> = means.map(|mean| f64::from(*mean)).collect();
        means.sort_by(f64::total_cmp);
        (quantile(&means, 0.01) as f32, quantile(&means, 0.99) as f32)
    };
    (0..probe.n_codes).map(range).collect()
}

/// The sheet of traversals, one row per code, by descending KL.
fn traversals<'a>(pictures: &'a Pictures, probe: Option<&Codes>) -> SheetFile<'a> {
    let ranges = probe.map_or_else(Vec::new, posterior_ranges);
    let dimmed = |code: &usize| -> Vec<bool> {
        let Some(&(low, high)) = ranges.get(*code) else {
            return Vec::new();
        };
        let values = pictures.traversal_values.iter();
        values.map(|value| *value < low || high < *value).collect()
    };
    let codes = by_kl(pictures);
    let row = |&code: &usize| {
        (0..pictures.n_values())
            .map(|value| pictures.traversal(code, value))
            .collect()
    };
    let label = |&code: &usize| {
        format!(
            "z{code} · {} nats",
            plain(f64::from(pictures.kl_per_code[code]), 1)
        )
    };
    let ends = pictures
        .traversal_values
        .first()
        .zip(pictures.traversal_values.last());
    let range = ends.map_or_else(String::new, |(first, last)| {
        format!(
            " from {} to {}",
            plain(f64::from(*first), 1),
            plain(f64::from(*last), 1)
        )
    });
    SheetFile {
        kind: "traversals",
        caption: format!(
            "Latent traversals: each row varies one code{range} and keeps the others fixed. Rows are sorted by KL in \
             descending order.{}",
            if ranges.is_empty() {
                ""
            } else {
                " Dimmed images lie outside the range of the posterior means (1st to 99th percentile)."
            }
        ),
        idle: codes
            .iter()
            .map(|&code| pictures.kl_per_code[code] < IDLE_NATS)
            .collect(),
        sheet: Sheet {
            shape: pictures.image_shape,
            rows: codes.iter().map(row).collect(),
            labels: codes.iter().map(label).collect(),
            dimmed: codes.iter().map(dimmed).collect(),
        },
    }
}

/// The sheet of traversals of each code over its posterior range. Idle codes are omitted, because they hardly change
/// the image.
fn posterior_traversals(pictures: &Pictures) -> SheetFile<'_> {
    let n_values = pictures.n_posterior_values();
    let mut codes = by_kl(pictures);
    codes.retain(|&code| 0 < n_values && IDLE_NATS <= pictures.kl_per_code[code]);
    let row = |&code: &usize| {
        (0..n_values)
            .map(|value| pictures.posterior_traversal(code, value))
            .collect()
    };
    let label = |&code: &usize| {
        let values = &pictures.posterior_values[code * n_values..][..n_values];
        let [first, last] = [values[0], values[n_values - 1]].map(|v| plain(f64::from(v), 1));
        format!("z{code} · {first} to {last}")
    };
    SheetFile {
        kind: POSTERIOR_TRAVERSALS,
        caption: format!(
            "Latent traversals over the range of the posterior means of each code (1st to 99th percentile), in equal \
             steps. Codes with a KL below {} nats are left out.",
            plain(f64::from(IDLE_NATS), 1)
        ),
        idle: vec![false; codes.len()],
        sheet: Sheet {
            shape: pictures.image_shape,
            rows: codes.iter().map(row).collect(),
            labels: codes.iter().map(label).collect(),
            dimmed: Vec::new(),
        },
    }
}

fn reconstructions(pictures: &Pictures) -> SheetFile<'_> {
    let n = pictures.n_originals();
    SheetFile {
        kind: "reconstructions",
        caption: "Images and, below each, its reconstruction.".to_owned(),
        idle: vec![false; 2],
        sheet: Sheet {
            shape: pictures.image_shape,
            rows: vec![
                (0..n).map(|i| pictures.original(i)).collect(),
                (0..n).map(|i| pictures.reconstruction(i)).collect(),
            ],
            labels: vec!["original".to_owned(), "model".to_owned()],
            dimmed: Vec::new(),
        },
    }
}

fn samples(pictures: &Pictures) -> SheetFile<'_> {
    let samples: Vec<&[u8]> = (0..pictures.n_samples())
        .map(|i| pictures.sample(i))
        .collect();
    let rows: Vec<Vec<&[u8]>> = samples.chunks(SAMPLES_A_ROW).map(<[_]>::to_vec).collect();
    SheetFile {
        kind: "samples",
        caption: "Images decoded from codes drawn from the prior.".to_owned(),
        idle: vec![false; rows.len()],
        sheet: Sheet {
            shape: pictures.image_shape,
            rows,
            labels: Vec::new(),
            dimmed: Vec::new(),
        },
    }
}
