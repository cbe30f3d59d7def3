//! Sheets of small pictures: the rows and columns of traversals, reconstructions and samples.

use crate::paint::{blend_text, drawn_width, encode_png, encode_small_png};
use crate::scene::{Anchor, TextStyle};
use crate::style::{PAPER, Rgb, TEXT, Theme, mix};
use std::io;
use std::sync::LazyLock;

/// Equally large pictures in rows and columns.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet<'a> {
    /// Height, width and channels (1 or 3) of every picture.
    pub shape: [usize; 3],
    /// Rows of pictures, `H * W * C` bytes each; rows may be of unequal length.
    pub rows: Vec<Vec<&'a [u8]>>,
    /// One label per row, or no labels.
    pub labels: Vec<String>,
    /// For each row, which pictures are dimmed; empty if no picture is dimmed.
    pub dimmed: Vec<Vec<bool>>,
}

/// The share of grey in a dimmed picture.
const DIMMING: f64 = 0.55;
/// The space between pictures, in their own pixels.
const GAP: usize = 2;
/// Pictures in files are enlarged by a whole factor until their longer side has at least this many pixels.
const LEAST_LENGTH: usize = 128;
/// Font size of the labels in files, in pixels.
const LABEL_SIZE: f64 = 24.0;
const MARGIN: usize = 16;

/// The number of levels of a channel in the page.
const LEVELS: u32 = 64;
/// The shade for transparent pixels. No level except black is so close to black.
const CLEAR: u8 = 1;

/// The nearest level of every shade.
const ROUNDED: [u8; 256] = {
    let mut levels = [0; 256];
    let (last, mut shade) = (LEVELS - 1, 0);
    while shade < 256 {
        let level = (2 * shade * last + 255) / 510;
        levels[shade as usize] = ((2 * level * 255 + last) / (2 * last)) as u8;
        shade += 1;
    }
    levels
};

/// Every shade, dimmed.
static DIMMED: LazyLock<[u8; 256]> =
    LazyLock::new(|| std::array::from_fn(|shade| mix([shade as u8; 3], [128; 3], DIMMING)[0]));

impl Sheet<'_> {
    fn n_columns(&self) -> usize {
        self.rows.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Width and height in the pictures' own pixels.
    fn size(&self) -> (usize, usize) {
        let extent = |n: usize, length: usize| (n * (length + GAP)).saturating_sub(GAP);
        (
            extent(self.n_columns(), self.shape[1]),
            extent(self.rows.len(), self.shape[0]),
        )
    }

    /// The colour at a pixel of the sheet; none between pictures.
    fn at(&self, x: usize, y: usize) -> Option<Rgb> {
        let [height, width, channels] = self.shape;
        let (column, x) = (x / (width + GAP), x % (width + GAP));
        let (row, y) = (y / (height + GAP), y % (height + GAP));
        let picture = self.rows.get(row)?.get(column)?;
        if width <= x || height <= y {
            return None;
        }
        let pixel = &picture[(y * width + x) * channels..][..channels];
        let rgb = if channels == 3 {
            [pixel[0], pixel[1], pixel[2]]
        } else {
            [pixel[0]; 3]
        };
        let is_dimmed = self.dimmed.get(row).and_then(|row| row.get(column));
        Some(if is_dimmed == Some(&true) {
            rgb.map(|shade| DIMMED[usize::from(shade)])
        } else {
            rgb
        })
    }

    /// A PNG file for the page, in the pictures' own pixels, transparent between them and without labels. Shades are
    /// rounded to [`LEVELS`] levels, which halves the size and is not visible.
    ///
    /// # Errors
    /// If the pixels cannot be encoded.
    pub fn bare_png(&self) -> io::Result<Vec<u8>> {
        let (width, height) = self.size();
        let channels = if self.shape[2] == 1 { 1 } else { 3 };
        let mut pixels = Vec::with_capacity(width * height * channels);
        for y in 0..height {
            for x in 0..width {
                let rgb = self.at(x, y).map_or([CLEAR; 3], |rgb| {
                    rgb.map(|shade| ROUNDED[usize::from(shade)])
                });
                pixels.extend_from_slice(&rgb[..channels]);
            }
        }
        encode_small_png(&pixels, width, height, CLEAR)
    }

    /// Width, height and RGB pixels on a grey background, for a frame of an animation. `None` if it is too large for a
    /// GIF.
    pub fn rgb(&self) -> Option<(u16, u16, Vec<Rgb>)> {
        let (width, height) = self.size();
        let whole = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
        let pixel = |i: usize| self.at(i % width, i / width).unwrap_or([128; 3]);
        Some((whole.0, whole.1, (0..width * height).map(pixel).collect()))
    }

    /// A PNG file on a light background, enlarged and with labels, for use outside of the page.
    ///
    /// # Errors
    /// If the pixels cannot be encoded.
    pub fn labelled_png(&self) -> io::Result<Vec<u8>> {
        // Scaled by the longer side, because a narrow picture can be very high.
        let longer = self.shape[0].max(self.shape[1]).max(1);
        let zoom = LEAST_LENGTH.div_ceil(longer).max(1);
        let widest = self
            .labels
            .iter()
            .map(|label| drawn_width(label, LABEL_SIZE, false))
            .fold(0.0, f64::max);
        let left = MARGIN
            + if self.labels.is_empty() {
                0
            } else {
                widest.ceil() as usize + MARGIN
            };
        let (sheet_width, sheet_height) = self.size();
        let (width, height) = (
            left + sheet_width * zoom + MARGIN,
            2 * MARGIN + sheet_height * zoom,
        );
        let paper = PAPER.in_theme(Theme::Light);
        let mut pixels = paper.repeat(width * height);
        for y in 0..sheet_height {
            let first = ((MARGIN + y * zoom) * width + left) * 3;
            for x in 0..sheet_width {
                if let Some(rgb) = self.at(x, y) {
                    let square = &mut pixels[first + x * zoom * 3..][..zoom * 3];
                    square
                        .chunks_exact_mut(3)
                        .for_each(|pixel| pixel.copy_from_slice(&rgb));
                }
            }
            for below in 1..zoom {
                let line = first..first + sheet_width * zoom * 3;
                pixels.copy_within(line, first + below * width * 3);
            }
        }
        for (row, label) in self.labels.iter().enumerate() {
            let middle = (row * (self.shape[0] + GAP) + self.shape[0] / 2) * zoom + MARGIN;
            let at = ((left - MARGIN) as f64, middle as f64);
            blend_text(
                &mut pixels,
                width,
                at,
                label,
                TextStyle::new(LABEL_SIZE, TEXT),
                Anchor::End,
                Theme::Light,
            );
        }
        encode_png(&pixels, width, height, png::ColorType::Rgb)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_lie_in_rows_with_clear_gaps() {
        let (black, white) = ([0_u8; 4], [255_u8; 4]);
        let sheet = Sheet {
            shape: [2, 2, 1],
            rows: vec![vec![&black, &white], vec![&white]],
            labels: Vec::new(),
            dimmed: Vec::new(),
        };
        assert_eq!(sheet.size(), (6, 6));
        assert_eq!(
            [sheet.at(0, 0), sheet.at(2, 0), sheet.at(4, 1)],
            [Some([0; 3]), None, Some([255; 3])]
        );
        assert_eq!([sheet.at(0, 4), sheet.at(4, 4)], [Some([255; 3]), None]);
        let decoder = png::Decoder::new(io::Cursor::new(sheet.bare_png().unwrap()));
        let mut reader = decoder.read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut bytes).unwrap();
        assert_eq!(bytes[..6], [0, 0, 1, 1, 255, 255]);
        let clear = reader.info().trns.clone();
        assert_eq!(clear.as_deref(), Some([1].as_slice()));
    }

    #[test]
    fn shades_of_the_page_are_near_their_own_and_none_is_clear() {
        for shade in 0..=255_u8 {
            let level = ROUNDED[usize::from(shade)];
            assert!(
                level.abs_diff(shade) <= 2 && level != CLEAR,
                "{shade} as {level}"
            );
        }
        assert_eq!([ROUNDED[0], ROUNDED[255]], [0, 255]);
    }

    #[test]
    fn an_empty_sheet_is_no_picture_but_no_panic() {
        let sheet = Sheet {
            shape: [2, 2, 1],
            rows: Vec::new(),
            labels: Vec::new(),
            dimmed: Vec::new(),
        };
        assert!(sheet.bare_png().is_err());
    }
}
