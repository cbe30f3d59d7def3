//! What the values of images say against them: that they are all alike, or use next to nothing of the range of a byte.

use super::{NpzObservations, Pixels};
use crate::bits;
use crate::observations::Observations;
use crate::space::FactorSpace;

/// The range of bytes, from the lowest to the highest, within which images look all alike.
const NARROW: u8 = 15;

/// What to do about images that are black.
const BLACK: &str = "check how the file was written: .astype(np.uint8) makes floats from 0 to 1 black, and \
                     (255 * imgs).round().astype(np.uint8) keeps them";

/// What to do about images that are white, or one gray.
const ONE_COLOUR: &str = "check that this is the array of the images, and that its values were not clipped when it was written";

/// What to do about images that all show the same.
const COPIES: &str = "check that each row of imgs is the image of its own row of latents_classes";

/// A sentence for each such thing.
pub(super) fn of_values(images: &NpzObservations) -> Vec<String> {
    let n_images = images.space().n_points();
    let (most, n_alike) = match &images.pixels {
        Pixels::Bits(words) => most(words, bits::n_words(images.n_pixels())),
        Pixels::Bytes(bytes) => most(bytes, images.n_pixels()),
    };
    // Nine in ten; of fewer than ten images, all.
    if 9 * n_images <= 10 * n_alike {
        let who = match n_alike == n_images {
            true => format!("all {} images are", thousands(n_images)),
            false => format!(
                "{} of {} images are",
                thousands(n_alike),
                thousands(n_images)
            ),
        };
        let (what, remedy) = match one_value(images, most) {
            Some(0.0) => ("black: every pixel is 0".to_owned(), BLACK),
            Some(1.0) => (
                "white: every pixel has the highest value".to_owned(),
                ONE_COLOUR,
            ),
            Some(value) => {
                let value = (255.0 * value).round();
                (
                    format!("one gray: every pixel is {value} of 255"),
                    ONE_COLOUR,
                )
            }
            None => ("the same".to_owned(), COPIES),
        };
        return vec![format!("{who} {what}; {remedy}")];
    }
    range(images).into_iter().collect()
}

/// What the values of images that differ are.
fn range(images: &NpzObservations) -> Option<String> {
    match &images.pixels {
        // Who writes booleans, or dSprites, means it.
        Pixels::Bits(_) if images.is_bool || is_dsprites(images) => None,
        Pixels::Bits(_) => Some(
            "the pixels take only the values 0 and 1 out of 0 to 255 and are read as binary: 0 is black and 1 is white"
                .to_owned(),
        ),
        Pixels::Bytes(bytes) => {
            let (lowest, highest) = (bytes.iter().min()?, bytes.iter().max()?);
            (highest - lowest <= NARROW).then(|| {
                format!(
                    "the pixels take only the values {lowest} to {highest} out of 0 to 255, so that the images are nearly \
                     one gray; if {lowest} is black and {highest} is white, write np.interp(imgs, [{lowest}, {highest}], \
                     [0, 255]).round().astype(np.uint8)"
                )
            })
        }
    }
}

fn is_dsprites(images: &NpzObservations) -> bool {
    images.shape() == [64, 64, 1] && *images.space() == FactorSpace::dsprites()
}

/// The image that more than half are, if there is one, and how many are like it: Boyer and Moore's vote, then a count.
///
/// `values` are the images, one after the other, `length` values each.
fn most<T: PartialEq>(values: &[T], length: usize) -> (usize, usize) {
    let image = |at: usize| &values[at * length..][..length];
    let (mut candidate, mut lead) = (0, 0_usize);
    let n_images = values.len() / length.max(1);
    for at in 0..n_images {
        match (lead, image(at) == image(candidate)) {
            (0, _) => (candidate, lead) = (at, 1),
            (_, true) => lead += 1,
            (_, false) => lead -= 1,
        }
    }
    let n_alike = (0..n_images).filter(|at| image(*at) == image(candidate));
    (candidate, n_alike.count())
}

/// The one value, 0 to 1, of all pixels of the image of this point.
fn one_value(images: &NpzObservations, point: usize) -> Option<f32> {
    let mut pixels = vec![0.0; images.n_pixels()];
    images.write(point, &mut pixels);
    let first = *pixels.first()?;
    pixels.iter().all(|pixel| *pixel == first).then_some(first)
}

/// A whole number with its thousands apart: `1,234`.
fn thousands(n: usize) -> String {
    let digits = n.to_string();
    let is_first = |at: usize| at != 0 && (digits.len() - at).is_multiple_of(3);
    let separated = digits.char_indices().map(|(at, digit)| match is_first(at) {
        true => format!(",{digit}"),
        false => digit.to_string(),
    });
    separated.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_of_the_majority_is_found() {
        assert_eq!(most(&[1, 1, 2, 2, 1, 1, 1, 1], 2), (2, 3));
        assert_eq!(most(&[0_u8; 30], 3), (0, 10));
        assert_eq!(most(&[3, 4, 5], 1).1, 1);
    }

    #[test]
    fn thousands_are_apart() {
        assert_eq!(
            [7, 999, 4096, 1_234_567].map(thousands),
            ["7", "999", "4,096", "1,234,567"]
        );
    }
}
