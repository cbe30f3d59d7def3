//! Datasets read from an npz: the official dSprites, or any other complete factorial.

pub(crate) mod images;
mod notes;
mod outline;

#[cfg(test)]
mod tests;

pub use outline::NpzOutline;

use std::path::Path;

use crate::arrays::{Archive, NpzError};
use crate::bits;
use crate::factorial::{Factorial, FactorialKeys};
use crate::observations::{Observations, PackedObservations};
use crate::space::FactorSpace;
use images::Images;

/// Images between two calls of a progress closure.
pub(crate) const IMAGES_PER_REPORT: usize = 4096;

/// The images of an npz, held in memory in the order of their factor space.
///
/// The file has `imgs`, uint8 `[n, height, width]` or `[n, height, width, channels]`, and
/// `latents_classes`, integers `[n, factors]`, with every combination of classes once, in any
/// order; `latents_names` may name the factors. Other arrays are left alone: the pickle in the
/// official file's `metadata` is not opened. Images of zeros and ones are held as bits (377 MB
/// for dSprites); in others a byte `b` is the value `b / 255`.
///
/// `imgs` of another type is read where that loses nothing: all of its numbers are whole, from 0 to
/// 255, or all are 255ths, from 0 to 1. So is `[n, channels, height, width]` where no other reading
/// makes images of it. [`Observations::notes`] says so.
pub struct NpzObservations {
    space: FactorSpace,
    shape: [usize; 3],
    pixels: Pixels,
    content: String,
    /// How the file was read, where that is not the usual way.
    how_read: Vec<String>,
    /// Whether the file says by its type that the images are binary.
    is_bool: bool,
}

enum Pixels {
    /// [`bits::n_words`] words an image.
    Bits(Vec<u64>),
    Bytes(Vec<u8>),
}

impl NpzObservations {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be opened or read to its end, lacks an array, or an array has the wrong
    /// dtype, shape or content. Sizes are checked before memory is taken.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, NpzError> {
        Self::open_with(path, |_, _| {})
    }

    /// Reads the file, calling `progress(done, total)` with numbers of images now and then.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn open_with(
        path: impl AsRef<Path>,
        mut progress: impl FnMut(usize, usize),
    ) -> Result<Self, NpzError> {
        let mut archive = Archive::open(path.as_ref())?;
        let Factorial {
            space,
            point_of_row,
        } = Factorial::read(&mut archive, FactorialKeys::OFFICIAL)?;
        let images = Images::open(&mut archive, point_of_row.len())?;
        let (shape, how_read, is_bool) = (images.shape(), images.notes(), images.is_bool());
        let pixels = read_pixels(images, &point_of_row, &mut progress)?;
        let content = content(&space, shape, &pixels);
        Ok(Self {
            space,
            shape,
            pixels,
            content,
            how_read,
            is_bool,
        })
    }
}

/// Reads the images to the places of their points; as bits as long as all are zeros and ones.
fn read_pixels(
    mut images: Images<'_>,
    point_of_row: &[usize],
    progress: &mut impl FnMut(usize, usize),
) -> Result<Pixels, NpzError> {
    let n_pixels = images.n_pixels();
    let n_words = bits::n_words(n_pixels);
    let total = point_of_row.len();
    let mut image = images.room(n_pixels, 0)?;
    let mut pixels = Pixels::Bits(Vec::new());
    for (row, &point) in point_of_row.iter().enumerate() {
        if row % IMAGES_PER_REPORT == 0 {
            progress(row, total);
        }
        images.read(&mut image)?;
        if row == 0 {
            // Room for one of the two: images that are not binary are seen to be so by the first of them, mostly.
            pixels = match image.iter().all(|value| *value <= 1) {
                true => Pixels::Bits(images.room(total * n_words, 0)?),
                false => Pixels::Bytes(images.room(total * n_pixels, 0)?),
            };
        }
        if let Pixels::Bits(words) = &mut pixels {
            if bits::pack(&image, &mut words[point * n_words..][..n_words]) {
                continue;
            }
            let mut bytes = images.room(total * n_pixels, 0)?;
            for &point in &point_of_row[..row] {
                let words = &words[point * n_words..][..n_words];
                bits::unpack_bytes(words, &mut bytes[point * n_pixels..][..n_pixels]);
            }
            pixels = Pixels::Bytes(bytes);
        }
        if let Pixels::Bytes(bytes) = &mut pixels {
            bytes[point * n_pixels..][..n_pixels].copy_from_slice(&image);
        }
    }
    images.finish()?;
    progress(total, total);
    Ok(pixels)
}

/// `npz-` and 16 hex digits of BLAKE3 over the factors, the shape and the pixels in the order of
/// the factor space: the same for every order of rows, compression and choice of class numbers.
fn content(space: &FactorSpace, shape: [usize; 3], pixels: &Pixels) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"unravel npz content 1\n");
    for factor in space.factors() {
        hasher.update(format!("{:?} {}\n", factor.name, factor.size).as_bytes());
    }
    hasher.update(format!("{shape:?}\n").as_bytes());
    match pixels {
        Pixels::Bits(words) => {
            hasher.update(b"bits\n");
            let mut bytes = Vec::new();
            for words in words.chunks(8192) {
                bytes.clear();
                bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
                hasher.update(&bytes);
            }
        }
        Pixels::Bytes(bytes) => {
            hasher.update(b"bytes\n").update(bytes);
        }
    }
    format!("npz-{}", &hasher.finalize().to_hex()[..16])
}

impl Observations for NpzObservations {
    fn space(&self) -> &FactorSpace {
        &self.space
    }

    fn shape(&self) -> [usize; 3] {
        self.shape
    }

    fn write(&self, index: usize, out: &mut [f32]) {
        let n_pixels = self.n_pixels();
        assert_eq!(out.len(), n_pixels, "one value per pixel");
        match &self.pixels {
            Pixels::Bits(words) => {
                let n_words = bits::n_words(n_pixels);
                bits::unpack(&words[index * n_words..][..n_words], out);
            }
            Pixels::Bytes(bytes) => {
                let bytes = &bytes[index * n_pixels..][..n_pixels];
                for (out, &byte) in out.iter_mut().zip(bytes) {
                    *out = f32::from(byte) / 255.0;
                }
            }
        }
    }

    fn content(&self) -> &str {
        &self.content
    }

    fn notes(&self) -> Vec<String> {
        let of_values = notes::of_values(self);
        self.how_read.iter().cloned().chain(of_values).collect()
    }

    fn held_bytes(&self) -> u64 {
        match &self.pixels {
            Pixels::Bits(words) => size_of_val(words.as_slice()) as u64,
            Pixels::Bytes(bytes) => bytes.len() as u64,
        }
    }

    fn packed(&self) -> Option<&dyn PackedObservations> {
        match self.pixels {
            Pixels::Bits(_) => Some(self),
            Pixels::Bytes(_) => None,
        }
    }
}

impl PackedObservations for NpzObservations {
    fn n_words(&self) -> usize {
        bits::n_words(self.n_pixels())
    }

    fn write_packed(&self, index: usize, out: &mut [u64]) {
        let n_words = self.n_words();
        match &self.pixels {
            Pixels::Bits(words) => out.copy_from_slice(&words[index * n_words..][..n_words]),
            Pixels::Bytes(_) => unreachable!("`packed` gives no such view of these images"),
        }
    }
}

impl std::fmt::Debug for NpzObservations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NpzObservations")
            .field("content", &self.content)
            .field("sizes", &self.space.sizes())
            .field("shape", &self.shape)
            .finish()
    }
}
