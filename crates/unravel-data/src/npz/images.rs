//! `imgs`: its layout, how its elements become bytes, and its images one after the other.

mod layout;
mod pixels;

use crate::arrays::{Archive, ArrayFault, ArrayReader, NpzError};
use layout::Layout;
use pixels::PixelType;

/// The key of the images.
const KEY: &str = "imgs";

/// The array `imgs`, `[n, height, width]`, `[n, height, width, channels]` or `[n, channels, height, width]`, being read.
pub(crate) struct Images<'a> {
    array: ArrayReader<'a>,
    layout: Layout,
    pixels: PixelType,
    /// An image as it lies in the file.
    raw: Vec<u8>,
    /// An image of bytes, channels first.
    planes: Vec<u8>,
}

impl<'a> Images<'a> {
    /// Finds `imgs` to be `n_images` images, and their pixels to be bytes, or other numbers that stand for bytes.
    ///
    /// Numbers that are no bytes are all read once, to find out what they stand for.
    pub(crate) fn open(archive: &'a mut Archive, n_images: usize) -> Result<Self, NpzError> {
        let (layout, pixels) = {
            let array = archive.array(KEY)?;
            let layout = checked(&array, n_images)?;
            let pixels = match PixelType::of(&array)? {
                Some(pixels) => pixels,
                None => PixelType::seen(array)?,
            };
            (layout, pixels)
        };
        let array = archive.array(KEY)?;
        // Between the two the file may have become another.
        if checked(&array, n_images)? != layout || array.descr() != pixels.descr() {
            return Err(array.fault(ArrayFault::changed()));
        }
        let n_pixels = layout.n_pixels();
        let n_raw = n_pixels.saturating_mul(pixels.width());
        let raw = array.room(if pixels.width() == 1 { 0 } else { n_raw }, 0)?;
        let planes = array.room(if layout.is_planar() { n_pixels } else { 0 }, 0)?;
        Ok(Self {
            array,
            layout,
            pixels,
            raw,
            planes,
        })
    }

    /// The layout of `imgs`, whose type of elements can be that of pixels; nothing else is read.
    ///
    /// The second number is of the bytes that all images take in the file, unpacked.
    pub(super) fn look(archive: &mut Archive, n_images: usize) -> Result<(Layout, u64), NpzError> {
        let array = archive.array(KEY)?;
        let layout = checked(&array, n_images)?;
        PixelType::of(&array)?;
        Ok((layout, array.n_bytes()))
    }

    /// `[height, width, channels]` of an image, each above 0.
    pub(crate) fn shape(&self) -> [usize; 3] {
        self.layout.shape()
    }

    /// Bytes in an image.
    pub(crate) fn n_pixels(&self) -> usize {
        self.layout.n_pixels()
    }

    /// Whether the file says by its type that the images are binary.
    pub(crate) fn is_bool(&self) -> bool {
        self.pixels.is_bool()
    }

    /// A sentence for each thing that was not as it usually is, and how it was read.
    pub(crate) fn notes(&self) -> Vec<String> {
        let notes = [self.layout.note(), self.pixels.note()];
        notes.into_iter().flatten().collect()
    }

    /// `n` elements, all `value`, or the fault that there is no memory for them.
    pub(crate) fn room<T: Copy>(&self, n: usize, value: T) -> Result<Vec<T>, NpzError> {
        self.array.room(n, value)
    }

    /// Reads the next image, `[height, width, channels]`.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<(), NpzError> {
        let is_planar = self.layout.is_planar();
        let bytes = if is_planar {
            &mut self.planes[..]
        } else {
            &mut *out
        };
        match self.pixels.width() {
            1 => self.array.read(bytes)?,
            _ => self.array.read(&mut self.raw)?,
        }
        self.pixels.to_bytes(&self.raw, bytes);
        if is_planar {
            self.layout.interleave(&self.planes, out);
        }
        Ok(())
    }

    /// Checks that all images were read and that their checksum is right.
    pub(crate) fn finish(self) -> Result<(), NpzError> {
        self.array.finish()
    }
}

/// The layout of an array that has as many images as there are rows.
fn checked(array: &ArrayReader<'_>, n_images: usize) -> Result<Layout, NpzError> {
    if array.is_by_columns() {
        return Err(array.fault(ArrayFault::FortranOrder));
    }
    Layout::of(array.shape(), n_images)
        .map_err(|misfit| array.wrong_shape_with(misfit.expected, misfit.remedy))
}
