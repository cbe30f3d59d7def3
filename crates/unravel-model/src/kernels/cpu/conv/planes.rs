//! The layout for one channel: one plane for each kernel tap, so that rows of pixels are copied at once.

use crate::kernels::ConvShape;
use crate::kernels::cpu::product::PANEL;

/// Whether images of this shape are split into planes.
pub fn suit(shape: ConvShape) -> bool {
    shape.large_channels == 1 && shape.kernel == 4
}

/// Whether planes are multiplied without packing. With few channels, packing is faster.
pub fn products_suit(shape: ConvShape) -> bool {
    shape.small_channels.is_multiple_of(PANEL)
}

/// Splits an image `[H, W]` into planes `[16, H / 2 * W / 2]`: plane `4 ky + kx` has the pixel that tap `(ky, kx)`
/// reads for each small pixel.
pub fn split(large: &[f32], shape: ConvShape, planes: &mut [f32]) {
    let (height, width) = (shape.small_height(), shape.small_width());
    for (tap, plane) in planes.chunks_exact_mut(height * width).enumerate() {
        let (ky, kx) = (tap / 4, tap % 4);
        for (y, target) in plane.chunks_exact_mut(width).enumerate() {
            let Some(row) = (2 * y + ky)
                .checked_sub(1)
                .filter(|row| *row < shape.height)
            else {
                target.fill(0.0);
                continue;
            };
            let row = &large[row * shape.width..][..shape.width];
            let (pairs, _) = row.as_chunks::<2>();
            // Column 2 x + kx - 1 of the image.
            match kx {
                0 => {
                    target[0] = 0.0;
                    target[1..]
                        .iter_mut()
                        .zip(pairs)
                        .for_each(|(t, pair)| *t = pair[1]);
                }
                1 => target
                    .iter_mut()
                    .zip(pairs)
                    .for_each(|(t, pair)| *t = pair[0]),
                2 => target
                    .iter_mut()
                    .zip(pairs)
                    .for_each(|(t, pair)| *t = pair[1]),
                _ => {
                    target
                        .iter_mut()
                        .zip(&pairs[1..])
                        .for_each(|(t, pair)| *t = pair[0]);
                    target[width - 1] = 0.0;
                }
            }
        }
    }
}

/// The adjoint of [`split`]: sums the planes into `[H, W]`.
pub fn merge(planes: &[f32], shape: ConvShape, large: &mut [f32]) {
    let (height, width) = (shape.small_height(), shape.small_width());
    let row_of = |tap: usize, y: usize| &planes[(tap * height + y) * width..][..width];
    for (at, target) in large.chunks_exact_mut(shape.width).enumerate() {
        let (pairs, _) = target.as_chunks_mut::<2>();
        pairs.fill([0.0; 2]);
        // Row `at` of the image is row `2 y + ky - 1` for two kernel rows.
        for ky in [1 - at % 2, 3 - at % 2] {
            let Some(y) = (at + 1)
                .checked_sub(ky)
                .map(|twice| twice / 2)
                .filter(|y| *y < height)
            else {
                continue;
            };
            let taps = [0, 1, 2, 3].map(|kx| row_of(4 * ky + kx, y));
            for ((pair, one), two) in pairs.iter_mut().zip(taps[1]).zip(taps[2]) {
                pair[0] += one;
                pair[1] += two;
            }
            pairs
                .iter_mut()
                .zip(&taps[0][1..])
                .for_each(|(pair, zero)| pair[1] += zero);
            pairs[1..]
                .iter_mut()
                .zip(taps[3])
                .for_each(|(pair, three)| pair[0] += three);
        }
    }
}
