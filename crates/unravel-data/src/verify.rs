//! Comparing an npz of dSprites with the rendering.

use std::path::Path;

use crate::arrays::{Archive, NpzError};
use crate::bits;
use crate::dsprites::{Dsprites, SIDE, latents};
use crate::factorial::{Factorial, FactorialKeys};
use crate::npz::IMAGES_PER_REPORT;
use crate::npz::images::Images;
use crate::observations::{Observations, PackedObservations};

/// How many differing images are listed one by one.
const MAX_LISTED: usize = 10;

/// How far a real latent value may be off and still count as the same.
const VALUE_TOLERANCE: f64 = 1e-9;

/// How an npz compares with the rendering.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// Images compared.
    pub n_images: usize,
    /// Images with at least one differing pixel.
    pub differing_images: usize,
    /// Pixels that differ, over all images.
    pub differing_pixels: u64,
    /// The first differing images of the file, at most ten, by their dSprites index.
    pub first_differing: Vec<usize>,
    /// Whether the rows are in the official order, posY fastest.
    pub official_order: bool,
    /// Rows whose `latents_values` are off by more than 1e-9; `None` when the file has none.
    pub differing_values: Option<usize>,
}

impl Verification {
    /// Whether every pixel and every latent value there is agrees, in whatever order.
    #[must_use]
    pub fn is_identical(&self) -> bool {
        self.differing_images == 0 && self.differing_values.unwrap_or(0) == 0
    }
}

/// Compares the npz of dSprites at `path` with the rendering, image by image, matched by
/// `latents_classes`; nothing but one image is held at a time.
///
/// `progress(done, total)` is called with numbers of images now and then.
///
/// # Errors
/// When the file cannot be read (see [`NpzError`]), or is of another dataset.
pub fn verify_npz(
    path: impl AsRef<Path>,
    mut progress: impl FnMut(usize, usize),
) -> Result<Verification, NpzError> {
    let mut archive = Archive::open(path.as_ref())?;
    let factorial = Factorial::read(&mut archive, FactorialKeys::OFFICIAL)?;
    let dsprites = Dsprites::new();
    let images = Images::open(&mut archive, factorial.point_of_row.len())?;
    let (sizes, shape) = (factorial.space.sizes(), images.shape());
    if sizes != dsprites.space().sizes() || shape != [SIDE, SIDE, 1] {
        let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
        let [height, width, channels] = shape;
        return Err(NpzError::NotDsprites {
            path: path.as_ref().to_owned(),
            found: format!("{} images of {height}x{width}x{channels}", sizes.join("x")),
        });
    }
    let points = &factorial.point_of_row;
    let mut verification = compare(images, points, &dsprites, &mut progress)?;
    verification.differing_values = differing_values(&mut archive, points)?;
    Ok(verification)
}

/// Compares each row's image with the reference's image of its point.
fn compare(
    mut images: Images<'_>,
    point_of_row: &[usize],
    reference: &dyn PackedObservations,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Verification, NpzError> {
    let n_images = point_of_row.len();
    let mut found = Verification {
        n_images,
        differing_images: 0,
        differing_pixels: 0,
        first_differing: Vec::new(),
        official_order: point_of_row
            .iter()
            .enumerate()
            .all(|(row, &point)| row == point),
        differing_values: None,
    };
    let mut image = images.room(images.n_pixels(), 0)?;
    let mut expected = images.room(images.n_pixels(), 0)?;
    let (mut words, mut reference_words) =
        (vec![0; reference.n_words()], vec![0; reference.n_words()]);
    for (row, &point) in point_of_row.iter().enumerate() {
        if row % IMAGES_PER_REPORT == 0 {
            progress(row, n_images);
        }
        images.read(&mut image)?;
        reference.write_packed(point, &mut reference_words);
        let differing: u64 = if bits::pack(&image, &mut words) {
            let pairs = words.iter().zip(&reference_words);
            pairs.map(|(a, b)| u64::from((a ^ b).count_ones())).sum()
        } else {
            bits::unpack_bytes(&reference_words, &mut expected);
            image
                .iter()
                .zip(&expected)
                .map(|(a, b)| u64::from(a != b))
                .sum()
        };
        if differing != 0 {
            found.differing_images += 1;
            found.differing_pixels += differing;
            if found.first_differing.len() < MAX_LISTED {
                found.first_differing.push(point);
            }
        }
    }
    images.finish()?;
    progress(n_images, n_images);
    Ok(found)
}

/// Rows of `latents_values` that are not those of their point.
fn differing_values(
    archive: &mut Archive,
    point_of_row: &[usize],
) -> Result<Option<usize>, NpzError> {
    let key = "latents_values";
    if !archive.has(key) {
        return Ok(None);
    }
    let values = archive.array(key)?;
    let shape = [point_of_row.len(), latents::SIZES.len()];
    if values.shape() != shape.map(|axis| axis as u64) {
        return Err(values.wrong_shape(format!("{shape:?}")));
    }
    let values: Vec<f64> = values.values()?;
    let rows = values.chunks_exact(latents::SIZES.len()).zip(point_of_row);
    let differs = |&(row, &point): &(&[f64], &usize)| {
        let expected = latents::values(point);
        // Written so that a NaN differs.
        !row.iter()
            .zip(expected)
            .all(|(&value, expected)| (value - expected).abs() <= VALUE_TOLERANCE)
    };
    Ok(Some(rows.filter(differs).count()))
}

#[cfg(test)]
mod tests {
    use zip::CompressionMethod::Deflated;

    use super::*;
    use crate::arrays::sample;
    use crate::npz::NpzObservations;

    const CLASSES: [[i64; 2]; 4] = [[0, 0], [0, 1], [1, 0], [1, 1]];
    const IMAGES: [[u8; 3]; 4] = [[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 0, 0]];

    /// Compares `images`, in rows of `classes`, with [`IMAGES`] in order.
    fn compared(images: [[u8; 3]; 4], classes: [[i64; 2]; 4]) -> Verification {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.npz");
        let write = |images: [[u8; 3]; 4], classes| {
            let images = sample::array("|u1", &[4, 1, 3], images.as_flattened());
            let arrays = [
                ("imgs", images),
                ("latents_classes", sample::classes(classes)),
            ];
            sample::write(&path, Deflated, &arrays);
        };
        write(IMAGES, &CLASSES);
        let reference = NpzObservations::open(&path).unwrap();
        write(images, &classes);
        let mut archive = Archive::open(&path).unwrap();
        let points = Factorial::read(&mut archive, FactorialKeys::OFFICIAL)
            .unwrap()
            .point_of_row;
        let images = Images::open(&mut archive, 4).unwrap();
        compare(images, &points, reference.packed().unwrap(), &mut |_, _| {}).unwrap()
    }

    #[test]
    fn equal_images_are_identical_in_any_order() {
        let found = compared(IMAGES, CLASSES);
        assert!(found.is_identical() && found.official_order);
        let order = [3, 1, 0, 2];
        let found = compared(order.map(|i| IMAGES[i]), order.map(|i| CLASSES[i]));
        assert!(found.is_identical() && !found.official_order);
    }

    #[test]
    fn differing_pixels_are_counted_and_found() {
        let mut images = IMAGES;
        images[1] = [1, 1, 0];
        images[3] = [255, 0, 0];
        let found = compared(images, CLASSES);
        assert!(!found.is_identical());
        assert_eq!(
            (
                found.n_images,
                found.differing_images,
                found.differing_pixels
            ),
            (4, 2, 3)
        );
        assert_eq!(found.first_differing, [1, 3]);
    }

    #[test]
    fn latent_values_are_compared_row_by_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("values.npz");
        let points = [5, 700_000, 41_512];
        let mut rows = points.map(latents::values);
        rows[0][3] += 1e-12;
        rows[1][3] += 1e-6;
        rows[2][5] = f64::NAN;
        let bytes: Vec<u8> = rows
            .iter()
            .flatten()
            .flat_map(|v| v.to_le_bytes())
            .collect();
        sample::write(
            &path,
            Deflated,
            &[("latents_values", sample::array("<f8", &[3, 6], &bytes))],
        );
        let mut archive = Archive::open(&path).unwrap();
        assert_eq!(differing_values(&mut archive, &points).unwrap(), Some(2));
        let message = differing_values(&mut archive, &points[..2])
            .unwrap_err()
            .to_string();
        assert!(message.contains("[3, 6], but [2, 6]"), "{message}");
    }

    #[test]
    fn another_dataset_is_told_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.npz");
        let images = sample::array("|u1", &[4, 1, 3], IMAGES.as_flattened());
        let arrays = [
            ("imgs", images),
            ("latents_classes", sample::classes(&CLASSES)),
        ];
        sample::write(&path, Deflated, &arrays);
        let message = verify_npz(&path, |_, _| {}).unwrap_err().to_string();
        assert!(
            message.contains("is not dSprites: it has 2x2 images of 1x3x1"),
            "{message}"
        );
    }
}
