//! Where an image has its channels.

/// The most channels that a picture has: gray, with or without opacity, or colour, with or without it.
const MOST_CHANNELS: u64 = 4;

/// How each image of an array lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// `[height, width, channels]`.
    shape: [usize; 3],
    /// The array's shape, if it has four axes.
    axes: Option<[u64; 4]>,
    reading: Reading,
}

/// Which axis of `[n, a, b, c]` is that of the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    Last,
    /// The last one, though it may be the first.
    LastOrFirst,
    First,
}

impl Reading {
    /// Channels are few, and fewer than the pixels of a side: so they come first where only the first axis is like
    /// that, and last where there is doubt, since that is the usual layout.
    fn of([first, second, last]: [u64; 3]) -> Self {
        let is_least = first < second.min(last);
        if is_least && first <= MOST_CHANNELS && MOST_CHANNELS < last {
            return Self::First;
        }
        match is_least || (first <= MOST_CHANNELS && first <= last) {
            true => Self::LastOrFirst,
            false => Self::Last,
        }
    }
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
    /// `[n, a, b, c]` has its channels last, unless `a` is at most four and smaller than `b`, and `c` is more channels
    /// than a picture has.
    pub(super) fn of(shape: &[u64], n_images: usize) -> Result<Self, Misfit> {
        let misfit = || Misfit {
            expected: format!(
                "[{n_images}, height, width] or [{n_images}, height, width, channels], \
                 one image per row of latents_classes,"
            ),
            remedy: remedy(shape, n_images as u64),
        };
        let ([height, width, channels], axes, reading) = match *shape {
            [_, height, width] => ([height, width, 1], None, Reading::Last),
            [n, a, b, c] => match Reading::of([a, b, c]) {
                Reading::First => ([b, c, a], Some([n, a, b, c]), Reading::First),
                reading => ([a, b, c], Some([n, a, b, c]), reading),
            },
            _ => return Err(misfit()),
        };
        if shape[0] != n_images as u64 || [height, width, channels].contains(&0) {
            return Err(misfit());
        }
        Ok(Self {
            // The casts are exact: the array's length was checked against the cap.
            shape: [height, width, channels].map(|axis| axis as usize),
            axes,
            reading,
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
        self.reading == Reading::First && 1 < self.shape[2]
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

    /// What to say where the channels come first, or may do so.
    pub(crate) fn note(&self) -> Option<String> {
        let shape = self.axes?;
        let [height, width, channels] = self.shape;
        let plural = if channels == 1 { "" } else { "s" };
        let (place, remedy) = match self.reading {
            Reading::Last => return None,
            Reading::LastOrFirst => (
                "last",
                "if the channels come first, write np.moveaxis(imgs, 1, -1)",
            ),
            Reading::First => (
                "first",
                "if they are not, write them as [n, height, width, channels] with np.moveaxis",
            ),
        };
        Some(format!(
            "imgs has the shape {shape:?}, which is read as channels {place}: images of {height}x{width} with {channels} \
             channel{plural}; {remedy}"
        ))
    }
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
        let is_first = layout.reading == Reading::First;
        let word = if is_first {
            "channels first"
        } else {
            "channels last"
        };
        assert_eq!(
            layout.note().is_some_and(|note| note.contains(word)),
            layout.reading != Reading::Last
        );
        (layout.shape(), is_first)
    }

    #[test]
    fn channels_are_last_unless_only_first_makes_sense() {
        assert_eq!(of(&[6, 64, 64]), ([64, 64, 1], false));
        assert_eq!(of(&[6, 64, 64, 3]), ([64, 64, 3], false));
        assert_eq!(of(&[6, 1, 32, 32]), ([32, 32, 1], true));
        assert_eq!(of(&[6, 3, 48, 64]), ([48, 64, 3], true));
        assert_eq!(of(&[6, 3, 4, 16]), ([4, 16, 3], true));
        assert_eq!(of(&[6, 1, 4, 64]), ([4, 64, 1], true));
        // Many channels of large images, such as of spectra.
        assert_eq!(of(&[6, 64, 64, 31]), ([64, 64, 31], false));
        assert_eq!(of(&[6, 5, 5, 1]), ([5, 5, 1], false));
    }

    #[test]
    fn where_either_reading_makes_sense_it_is_the_usual_one_with_a_note() {
        let is_noted = |shape: &[u64]| {
            let [_, height, width, channels] = shape.try_into().unwrap();
            let layout = Layout::of(shape, 6).unwrap();
            assert_eq!(
                layout.shape(),
                [height, width, channels].map(|axis: u64| axis as usize)
            );
            assert!(!layout.is_planar());
            layout
                .note()
                .is_some_and(|note| note.contains("np.moveaxis(imgs, 1, -1)"))
        };
        let doubtful = [
            [6, 1, 2, 2],
            [6, 3, 4, 4],
            [6, 2, 5, 3],
            [6, 3, 64, 3],
            [6, 4, 4, 4],
            [6, 4, 4, 16],
            [6, 1, 64, 1],
            [6, 5, 16, 16],
            [6, 12, 16, 16],
            [6, 16, 32, 64],
        ];
        for shape in doubtful {
            assert!(is_noted(&shape), "{shape:?}");
        }
        let clear = [
            [6, 64, 64, 3],
            [6, 2, 5, 1],
            [6, 64, 64, 31],
            [6, 16, 16, 16],
            [6, 5, 5, 5],
        ];
        for shape in clear {
            assert!(!is_noted(&shape), "{shape:?}");
        }
    }

    #[test]
    fn planes_are_interleaved() {
        let layout = Layout {
            shape: [2, 2, 3],
            axes: None,
            reading: Reading::First,
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
