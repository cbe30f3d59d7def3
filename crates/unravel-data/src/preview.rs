//! A contact sheet: what each factor does to the image.

use crate::observations::Observations;

/// The most values of a factor that are shown.
const MAX_COLUMNS: usize = 10;

/// The most values of the first factor that get a block of their own.
const MAX_BLOCKS: usize = 8;

/// Pixels between images, and around the sheet.
const GAP: usize = 2;

/// Further pixels between blocks.
const BLOCK_GAP: usize = 8;

/// Gray of the gaps: between the black and white of the images.
const GAP_GRAY: u8 = 96;

/// A gray picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// Width, in pixels.
    pub width: usize,
    /// Height, in pixels.
    pub height: usize,
    /// One byte per pixel, row by row from the top, 0 black to 255 white.
    pub gray: Vec<u8>,
}

/// Draws a block for each value of the first factor (dSprites' shape), at most eight. In a block
/// every further factor has a row of at most ten of its values, evenly spaced from its first
/// to its last, while the others stay in the middle. Colours become their mean.
#[must_use]
pub fn preview(observations: &dyn Observations) -> Sheet {
    let [height, width, _] = observations.shape();
    let rows = rows(observations);
    let n_columns = rows
        .iter()
        .map(|(_, points)| points.len())
        .max()
        .unwrap_or(0);
    let n_gaps = rows
        .iter()
        .filter(|(starts_block, _)| *starts_block)
        .count()
        - 1;
    let mut sheet = Sheet::new(
        GAP + n_columns * (width + GAP),
        GAP + rows.len() * (height + GAP) + n_gaps * BLOCK_GAP,
    );
    let mut top = GAP;
    for (r, (starts_block, points)) in rows.iter().enumerate() {
        if *starts_block && r != 0 {
            top += BLOCK_GAP;
        }
        for (column, &point) in points.iter().enumerate() {
            sheet.draw(observations, point, GAP + column * (width + GAP), top);
        }
        top += height + GAP;
    }
    sheet
}

/// The points of each row of images, and whether the row starts a block.
fn rows(observations: &dyn Observations) -> Vec<(bool, Vec<usize>)> {
    let space = observations.space();
    let sizes = space.sizes();
    let middle: Vec<usize> = sizes.iter().map(|size| size / 2).collect();
    let sweep = |fixed: &[usize], factor: usize| -> Vec<usize> {
        let mut values = fixed.to_vec();
        spread(sizes[factor], MAX_COLUMNS)
            .map(|value| {
                values[factor] = value;
                space.index_of(&values)
            })
            .collect()
    };
    if sizes.len() == 1 {
        return vec![(true, sweep(&middle, 0))];
    }
    let mut rows = Vec::new();
    for first in spread(sizes[0], MAX_BLOCKS) {
        let mut fixed = middle.clone();
        fixed[0] = first;
        rows.extend((1..sizes.len()).map(|factor| (factor == 1, sweep(&fixed, factor))));
    }
    rows
}

/// At most `n` of the values `0..size`, evenly spaced, first and last included; `size` is above 1.
fn spread(size: usize, n: usize) -> impl Iterator<Item = usize> {
    let n = n.min(size);
    (0..n).map(move |i| i * (size - 1) / (n - 1))
}

impl Sheet {
    fn new(width: usize, height: usize) -> Self {
        Self {
            width,
            height,
            gray: vec![GAP_GRAY; width * height],
        }
    }

    fn draw(&mut self, observations: &dyn Observations, point: usize, left: usize, top: usize) {
        let [_, width, channels] = observations.shape();
        let mut pixels = vec![0.0; observations.n_pixels()];
        observations.write(point, &mut pixels);
        for (r, row) in pixels.chunks_exact(width * channels).enumerate() {
            let start = (top + r) * self.width + left;
            let gray = &mut self.gray[start..start + width];
            for (gray, pixel) in gray.iter_mut().zip(row.chunks_exact(channels)) {
                let mean = pixel.iter().sum::<f32>() / channels as f32;
                *gray = (255.0 * mean).round() as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsprites::Dsprites;

    #[test]
    fn values_are_spread_from_first_to_last() {
        assert_eq!(spread(6, 10).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        assert_eq!(spread(32, 4).collect::<Vec<_>>(), [0, 10, 20, 31]);
        assert_eq!(spread(2, 10).collect::<Vec<_>>(), [0, 1]);
    }

    #[test]
    fn dsprites_has_three_blocks_of_four_rows() {
        let sheet = preview(&Dsprites::new());
        assert_eq!(sheet.width, 2 + 10 * 66);
        assert_eq!(sheet.height, 2 + 12 * 66 + 2 * 8);
        assert_eq!(sheet.gray.len(), sheet.width * sheet.height);
        // The first image of the second block's second row: an ellipse in the middle, upright.
        let dsprites = Dsprites::new();
        let index = dsprites.space().index_of(&[1, 3, 0, 16, 16]);
        let (left, top) = (GAP, GAP + 5 * 66 + 8);
        for (r, row) in dsprites.rows(index).into_iter().enumerate() {
            for c in 0..64 {
                let expected = if row >> c & 1 == 1 { 255 } else { 0 };
                assert_eq!(sheet.gray[(top + r) * sheet.width + left + c], expected);
            }
        }
    }
}
