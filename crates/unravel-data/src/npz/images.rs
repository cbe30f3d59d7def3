//! `imgs`: its layout, and its images one after the other.

use crate::arrays::{Archive, ArrayFault, ArrayReader, NpzError};

/// The array `imgs`, u8 `[n, height, width]` or `[n, height, width, channels]`, being read.
pub(crate) struct Images<'a> {
    array: ArrayReader<'a>,
    /// `[height, width, channels]`.
    shape: [usize; 3],
}

impl<'a> Images<'a> {
    /// Finds `imgs` to be `n_images` images of bytes.
    pub(crate) fn open(archive: &'a mut Archive, n_images: usize) -> Result<Self, NpzError> {
        let array = archive.array("imgs")?;
        if !matches!(array.descr(), "|u1" | "|b1") {
            return Err(array.wrong_dtype("uint8"));
        }
        if array.is_by_columns() {
            return Err(array.fault(ArrayFault::FortranOrder));
        }
        let &[n, height, width, ref channels @ ..] = array.shape() else {
            return Err(array.wrong_shape(expected(n_images)));
        };
        let channels = match *channels {
            [] => 1,
            [channels] => channels,
            _ => return Err(array.wrong_shape(expected(n_images))),
        };
        if n != n_images as u64 || height == 0 || width == 0 || channels == 0 {
            return Err(array.wrong_shape(expected(n_images)));
        }
        // The cast is exact: the array's length was checked against the cap.
        let shape = [height, width, channels].map(|axis| axis as usize);
        Ok(Self { array, shape })
    }

    /// `[height, width, channels]` of an image, each above 0.
    pub(crate) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Bytes in an image.
    pub(crate) fn n_pixels(&self) -> usize {
        self.shape.iter().product()
    }

    /// `n` elements, all `value`, or the fault that there is no memory for them.
    pub(crate) fn room<T: Copy>(&self, n: usize, value: T) -> Result<Vec<T>, NpzError> {
        self.array.room(n, value)
    }

    /// Reads the next image.
    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<(), NpzError> {
        self.array.read(out)
    }

    /// Checks that all images were read and that their checksum is right.
    pub(crate) fn finish(self) -> Result<(), NpzError> {
        self.array.finish()
    }
}

fn expected(n_images: usize) -> String {
    format!(
        "[{n_images}, height, width] or [{n_images}, height, width, channels], \
         an image per row of latents_classes,"
    )
}
