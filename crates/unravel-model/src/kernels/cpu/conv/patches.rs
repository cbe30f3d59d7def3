//! Patches, copied into the rows of a matrix. With the channels last, a row of a patch is one contiguous run of the
//! image.

use crate::kernels::ConvShape;

/// Bytes of the patches of one product: half of a common second-level cache.
const PATCH_BYTES: usize = 512 * 1024;

/// The number of images whose patches fit into [`PATCH_BYTES`].
pub fn images_per_product(shape: ConvShape) -> usize {
    let bytes = shape.small_pixels() * shape.patch_len() * size_of::<f32>();
    (PATCH_BYTES / bytes.max(1)).clamp(1, super::IMAGES_PER_TASK)
}

/// Copies the patch under each small pixel into a row of `patches`, with zeros outside the image.
pub fn unfold(large: &[f32], shape: ConvShape, patches: &mut [f32]) {
    let images = large.chunks_exact(shape.large_len());
    let targets = patches.chunks_exact_mut(shape.small_pixels() * shape.patch_len());
    for (image, target) in images.zip(targets) {
        let mut rows = target.chunks_exact_mut(shape.patch_len());
        for y in 0..shape.small_height() {
            for x in 0..shape.small_width() {
                let Some(patch) = rows.next() else { return };
                let run_len = shape.kernel * shape.large_channels;
                for (ky, run) in patch.chunks_exact_mut(run_len).enumerate() {
                    match PatchRow::of(shape, y, x, ky) {
                        Some(inside) => {
                            run[..inside.skip].fill(0.0);
                            run[inside.skip..inside.skip + inside.len]
                                .copy_from_slice(&image[inside.start..][..inside.len]);
                            run[inside.skip + inside.len..].fill(0.0);
                        }
                        None => run.fill(0.0),
                    }
                }
            }
        }
    }
}

/// Adds each row of `patches` to the pixels that it was copied from: the adjoint of [`unfold`].
pub fn fold(patches: &[f32], shape: ConvShape, large: &mut [f32]) {
    let images = large.chunks_exact_mut(shape.large_len());
    let sources = patches.chunks_exact(shape.small_pixels() * shape.patch_len());
    for (image, source) in images.zip(sources) {
        let mut rows = source.chunks_exact(shape.patch_len());
        for y in 0..shape.small_height() {
            for x in 0..shape.small_width() {
                let Some(patch) = rows.next() else { return };
                let run_len = shape.kernel * shape.large_channels;
                for (ky, run) in patch.chunks_exact(run_len).enumerate() {
                    if let Some(inside) = PatchRow::of(shape, y, x, ky) {
                        let target = &mut image[inside.start..][..inside.len];
                        let values = &run[inside.skip..][..inside.len];
                        target
                            .iter_mut()
                            .zip(values)
                            .for_each(|(sum, value)| *sum += value);
                    }
                }
            }
        }
    }
}

/// The part of one row of a patch that lies inside the large image.
struct PatchRow {
    /// Its first value in the image.
    start: usize,
    /// Its number of values.
    len: usize,
    /// Number of values of the patch row to the left of the image.
    skip: usize,
}

impl PatchRow {
    /// Row `ky` of the patch under small pixel `(y, x)`. Returns `None` if it is outside the image.
    #[inline]
    fn of(shape: ConvShape, y: usize, x: usize, ky: usize) -> Option<Self> {
        let row = (2 * y + ky)
            .checked_sub(shape.padding())
            .filter(|row| *row < shape.height)?;
        let outside_left = shape.padding().saturating_sub(2 * x);
        let first = (2 * x + outside_left) - shape.padding();
        let last = (2 * x + shape.kernel - shape.padding()).min(shape.width);
        Some(Self {
            start: (row * shape.width + first) * shape.large_channels,
            len: (last - first) * shape.large_channels,
            skip: outside_left * shape.large_channels,
        })
    }
}
