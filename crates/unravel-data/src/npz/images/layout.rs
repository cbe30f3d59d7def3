//! Where an image has its channels.

/// The most channels that a picture has: gray, with or without opacity, or colour, with or without it.
const MOST_CHANNELS: u64 = 4;

/// How each image of an array lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `[height, width, channels]`.
    shape: [usize; 3],
    /// The array's shape, where the channels come first.
    planar: Option<Vec<u64>>,
}

/// A shape that is not one of images.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit {
    /// What is needed, in words.
    pub expected: String,
    /// How to get there, where that can be told.
    pub remedy: Option<String>,
}

impl Layout {
    /// Of an array of this shape, with an image for each of `n_images` rows.
    ///
    /// `[n, a, b, c]` has its channels last, unless `c` is more channels than a picture has and `a` is not: a picture
    /// of at most four pixels' height with more than four channels is none.
    pub(super) fn of(shape: &[u64], n_images: usize) -> Result<Self, Misfit> {
        let misfit = || Misfit {
            expected: format!(
                "[{n_images}, height, width] or [{n_images}, height, width, channels], \
                 one image per row of latents_classes,"
            ),
            remedy: remedy(shape, n_images as u64),
        };
        let ([height, width, channels], is_planar) = match *shape {
            [_, height, width] => ([height, width, 1], false),
            [_, channels, height, width] if is_planar(channels, height, width) => {
                ([height, width, channels], true)
            }
            [_, height, width, channels] => ([height, width, channels], false),
            _ => return Err(misfit()),
        };
        if shape[0] != n_images as u64 || [height, width, channels].contains(&0) {
            return Err(misfit());
        }
        Ok(Self {
            // The casts are exact: the array's length was checked against the cap.
            shape: [height, width, channels].map(|axis| axis as usize),
            planar: is_planar.then(|| shape.to_vec()),
        })
    }

    /// `[height, width, channels]`, each above 0.
    pub(crate) fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Values of an image.
    pub(super) fn n_pixels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether an image lies channel by channel, and there are several.
    pub(super) fn is_planar(&self) -> bool {
        self.planar.is_some() && 1 < self.shape[2]
    }

    /// From `[channels, height, width]` to `[height, width, channels]`.
    pub(super) fn interleave(&self, planes: &[u8], out: &mut [u8]) {
        let [height, width, channels] = self.shape;
        for (channel, plane) in planes.chunks_exact(height * width).enumerate() {
            let places = out.iter_mut().skip(channel).step_by(channels);
            for (out, value) in places.zip(plane) {
                *out = *value;
            }
        }
    }

    /// What to say where the channels come first.
    pub(crate) fn note(&self) -> Option<String> {
        let shape = self.planar.as_ref()?;
        let [height, width, channels] = self.shape;
        let plural = if channels == 1 { "" } else { "s" };
        Some(format!(
            "imgs has the shape {shape:?}, which is read as channels first: images of {height}x{width} with {channels} \
             channel{plural}; if they are not, write them as [n, height, width, channels] with np.moveaxis"
        ))
    }
}

fn is_planar(first: u64, second: u64, last: u64) -> bool {
    first <= MOST_CHANNELS && MOST_CHANNELS < second.min(last)
}

/// What makes images of an array of this shape, where that can be told.
fn remedy(shape: &[u64], n_images: u64) -> Option<String> {
    match *shape {
        [n, pixels] if n == n_images => {
            let side = pixels.isqrt();
            (4 < side && side * side == pixels)
                .then(|| format!("imgs.reshape(-1, {side}, {side}) makes them square"))
        }
        [.., last] if shape.len() > 2 && last == n_images && shape[0] != n_images => {
            Some("np.moveaxis(imgs, -1, 0) puts the images' axis first".to_owned())
        }
        [n, .., 1] | [n, 1, ..] if n == n_images && shape.len() == 5 => {
            Some("imgs.squeeze() leaves out axes of length 1".to_owned())
        }
        [n, ..] if n != n_images && 0 < n && (shape.len() == 3 || shape.len() == 4) => Some(
            "give imgs and latents_classes one row for each image, in the same order".to_owned(),
        ),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(shape: &[u64]) -> ([usize; 3], bool) {
        let layout = Layout::of(shape, 6).unwrap();
        assert_eq!(layout.note().is_some(), layout.planar.is_some());
        (layout.shape(), layout.planar.is_some())
    }

    #[test]
    fn channels_are_last_unless_only_first_makes_sense() {
        assert_eq!(of(&[6, 64, 64]), ([64, 64, 1], false));
        assert_eq!(of(&[6, 64, 64, 3]), ([64, 64, 3], false));
        assert_eq!(of(&[6, 1, 32, 32]), ([32, 32, 1], true));
        assert_eq!(of(&[6, 3, 48, 64]), ([48, 64, 3], true));
        // Either reading would do, so it is the usual one.
        for shape in [[6, 3, 64, 3], [6, 4, 4, 4], [6, 1, 4, 64], [6, 1, 64, 1]] {
            let [_, height, width, channels] = shape.map(|axis| axis as usize);
            assert_eq!(of(&shape), ([height, width, channels], false));
        }
        // Many channels of large images, such as of spectra.
        assert_eq!(of(&[6, 64, 64, 31]), ([64, 64, 31], false));
    }

    #[test]
    fn planes_are_interleaved() {
        let layout = Layout {
            shape: [2, 2, 3],
            planar: Some(Vec::new()),
        };
        let planes = [1, 2, 3, 4, 11, 12, 13, 14, 21, 22, 23, 24];
        let mut out = [0; 12];
        layout.interleave(&planes, &mut out);
        assert_eq!(out, [1, 11, 21, 2, 12, 22, 3, 13, 23, 4, 14, 24]);
    }

    #[test]
    fn a_shape_that_is_none_of_images_has_a_way_out_where_one_can_be_told() {
        let remedy = |shape: &[u64]| Layout::of(shape, 6).unwrap_err().remedy.unwrap_or_default();
        assert!(remedy(&[6, 4096]).contains("imgs.reshape(-1, 64, 64)"));
        assert!(remedy(&[64, 64, 6]).contains("np.moveaxis(imgs, -1, 0)"));
        assert!(remedy(&[64, 64, 3, 6]).contains("np.moveaxis(imgs, -1, 0)"));
        assert!(remedy(&[6, 1, 64, 64, 1]).contains("squeeze"));
        assert!(remedy(&[5, 64, 64]).contains("one row for each image"));
        for shape in [&[] as &[u64], &[6], &[6, 10], &[6, 0, 5], &[6, 2, 1, 1, 5]] {
            assert_eq!(Layout::of(shape, 6).unwrap_err().remedy, None, "{shape:?}");
        }
    }
}
