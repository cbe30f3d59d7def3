//! Transforms a group of images to the points and back, tile by tile, for all channels.

use pulp::{Simd, WithSimd};

use super::domain::Domain;
use super::transform::{
    large_tile_to_points, points_to_large_tile, points_to_small_tile, small_tile_to_points,
};
use super::{SPAN, TILE};
use crate::kernels::ConvShape;
use crate::kernels::cpu::lanes::Lanes;

/// Maximum number of channels of the large image. The padding is read from this number of zeros.
pub const MAX_CHANNELS: usize = 1024;

static ZEROS: [f32; MAX_CHANNELS] = [0.0; MAX_CHANNELS];

/// Number of tiles of an image, down and across.
fn tiles(shape: ConvShape) -> (usize, usize) {
    (shape.small_height() / TILE, shape.small_width() / TILE)
}

/// The phases `(rows, columns)` of a large image. Phase 0 has the odd rows and the padding above. Phase 1 has the even
/// rows and the padding below.
const PHASES: [(usize, usize); 4] = [(0, 0), (0, 1), (1, 0), (1, 1)];

/// The pixel of the large image, along one axis, that has index `at` in a tile of a phase. Returns `None` beyond the
/// edge.
#[inline(always)]
fn pixel(tile: usize, at: usize, phase: usize, len: usize) -> Option<usize> {
    (2 * (TILE * tile + at) + phase)
        .checked_sub(1)
        .filter(|pixel| *pixel < len)
}

/// Transforms each phase of each tile of `large`: `[POINTS, tiles, 4 * large_channels]`.
pub struct LargeToPoints<'a> {
    pub shape: ConvShape,
    pub large: &'a [f32],
    pub points: &'a mut [f32],
    pub domain: Domain,
}

impl WithSimd for LargeToPoints<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let v = Lanes(simd);
        let Self {
            shape,
            large,
            points,
            domain,
        } = self;
        let channels = shape.large_channels;
        let (down, across) = tiles(shape);
        let n_tiles = large.len() / shape.large_len() * down * across;
        check(channels, Lanes::<S>::N);
        domain.check(n_tiles, 4 * channels, points);
        let mut first = 0;
        for image in large.chunks_exact(shape.large_len()) {
            for at in 0..down * across {
                for (phase, (py, px)) in PHASES.into_iter().enumerate() {
                    let mut pixels = [[ZEROS.as_ptr(); SPAN]; SPAN];
                    for row in 0..SPAN {
                        for column in 0..SPAN {
                            let y = pixel(at / across, row, py, shape.height);
                            let x = pixel(at % across, column, px, shape.width);
                            if let (Some(y), Some(x)) = (y, x) {
                                let place = (y * shape.width + x) * channels;
                                pixels[row][column] = image[place..].as_ptr();
                            }
                        }
                    }
                    let target = (first + at) * domain.features + phase * channels;
                    for channel in (0..channels).step_by(Lanes::<S>::N) {
                        // SAFETY: each pixel has `channels` values, which the vectors divide; `check` has checked the
                        // points.
                        unsafe {
                            let mut values = [[v.splat(0.0); SPAN]; SPAN];
                            for row in 0..SPAN {
                                for column in 0..SPAN {
                                    values[row][column] = v.load(pixels[row][column].add(channel));
                                }
                            }
                            let values = large_tile_to_points(v, values);
                            store_points(v, values, points, target + channel, domain);
                        }
                    }
                }
            }
            first += down * across;
        }
    }
}

/// The adjoint of [`LargeToPoints`]: each pixel of `large` is the sum over the tiles that contain it.
pub struct PointsToLarge<'a> {
    pub shape: ConvShape,
    pub points: &'a [f32],
    pub domain: Domain,
    pub large: &'a mut [f32],
}

impl WithSimd for PointsToLarge<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let v = Lanes(simd);
        let Self {
            shape,
            points,
            domain,
            large,
        } = self;
        let channels = shape.large_channels;
        let (down, across) = tiles(shape);
        let n_tiles = large.len() / shape.large_len() * down * across;
        check(channels, Lanes::<S>::N);
        domain.check(n_tiles, 4 * channels, points);
        let mut first = 0;
        for image in large.chunks_exact_mut(shape.large_len()) {
            for at in 0..down * across {
                let (ty, tx) = (at / across, at % across);
                for (phase, (py, px)) in PHASES.into_iter().enumerate() {
                    let source = (first + at) * domain.features + phase * channels;
                    for channel in (0..channels).step_by(Lanes::<S>::N) {
                        // SAFETY: `check` has checked the points. Each pixel is within the image and has `channels`
                        // values, which the vectors divide.
                        unsafe {
                            let values = load_points(v, points, source + channel, domain);
                            let values = points_to_large_tile(v, values);
                            for row in 0..SPAN {
                                let Some(y) = pixel(ty, row, py, shape.height) else {
                                    continue;
                                };
                                for column in 0..SPAN {
                                    let Some(x) = pixel(tx, column, px, shape.width) else {
                                        continue;
                                    };
                                    let place = (y * shape.width + x) * channels + channel;
                                    let place = image.as_mut_ptr().add(place);
                                    let mut value = values[row][column];
                                    // The tiles above and to the left have already written.
                                    if row == 0 && ty > 0 || column == 0 && tx > 0 {
                                        value = v.add(v.load(place), value);
                                    }
                                    v.store(place, value);
                                }
                            }
                        }
                    }
                }
            }
            first += down * across;
        }
    }
}

/// Transforms each tile of `small`: `[POINTS, tiles, small_channels]`.
pub struct SmallToPoints<'a> {
    pub shape: ConvShape,
    pub small: &'a [f32],
    pub points: &'a mut [f32],
    pub domain: Domain,
}

impl WithSimd for SmallToPoints<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let v = Lanes(simd);
        let Self {
            shape,
            small,
            points,
            domain,
        } = self;
        let channels = shape.small_channels;
        let (down, across) = tiles(shape);
        let n_tiles = small.len() / shape.small_len() * down * across;
        check(channels, Lanes::<S>::N);
        domain.check(n_tiles, channels, points);
        let row_len = shape.small_width() * channels;
        let mut first = 0;
        for image in small.chunks_exact(shape.small_len()) {
            for at in 0..down * across {
                let corner = at / across * TILE * row_len + at % across * TILE * channels;
                let target = (first + at) * domain.features;
                for channel in (0..channels).step_by(Lanes::<S>::N) {
                    // SAFETY: the tile is within the image, and vectors divide its channels; `check` has checked the
                    // points.
                    unsafe {
                        let from = image.as_ptr().add(corner + channel);
                        let mut pixels = [[v.splat(0.0); TILE]; TILE];
                        for row in 0..TILE {
                            for column in 0..TILE {
                                pixels[row][column] =
                                    v.load(from.add(row * row_len + column * channels));
                            }
                        }
                        let values = small_tile_to_points(v, pixels);
                        store_points(v, values, points, target + channel, domain);
                    }
                }
            }
            first += down * across;
        }
    }
}

/// The adjoint of [`SmallToPoints`]: each tile of `small` from its points.
pub struct PointsToSmall<'a> {
    pub shape: ConvShape,
    pub points: &'a [f32],
    pub domain: Domain,
    pub small: &'a mut [f32],
}

impl WithSimd for PointsToSmall<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let v = Lanes(simd);
        let Self {
            shape,
            points,
            domain,
            small,
        } = self;
        let channels = shape.small_channels;
        let (down, across) = tiles(shape);
        let n_tiles = small.len() / shape.small_len() * down * across;
        check(channels, Lanes::<S>::N);
        domain.check(n_tiles, channels, points);
        let row_len = shape.small_width() * channels;
        let mut first = 0;
        for image in small.chunks_exact_mut(shape.small_len()) {
            for at in 0..down * across {
                let corner = at / across * TILE * row_len + at % across * TILE * channels;
                let source = (first + at) * domain.features;
                for channel in (0..channels).step_by(Lanes::<S>::N) {
                    // SAFETY: as in `SmallToPoints`.
                    unsafe {
                        let values = load_points(v, points, source + channel, domain);
                        let to = image.as_mut_ptr().add(corner + channel);
                        let values = points_to_small_tile(v, values);
                        for row in 0..TILE {
                            for column in 0..TILE {
                                let to = to.add(row * row_len + column * channels);
                                v.store(to, values[row][column]);
                            }
                        }
                    }
                }
            }
            first += down * across;
        }
    }
}

/// Checks that vectors divide the channels.
fn check(channels: usize, lanes: usize) {
    assert!(channels.is_multiple_of(lanes) && channels <= MAX_CHANNELS);
}

/// # Safety
/// A vector at `at` is within the domain's tiles and features, and the domain is within `points`.
#[inline(always)]
unsafe fn store_points<S: Simd>(
    v: Lanes<S>,
    values: [[S::f32s; SPAN]; SPAN],
    points: &mut [f32],
    at: usize,
    domain: Domain,
) {
    for row in 0..SPAN {
        for column in 0..SPAN {
            let point = SPAN * row + column;
            // SAFETY: guaranteed by the caller.
            unsafe {
                let to = points.as_mut_ptr().add(point * domain.point_stride() + at);
                v.store(to, values[row][column]);
            }
        }
    }
}

/// # Safety
/// As [`store_points`].
#[inline(always)]
unsafe fn load_points<S: Simd>(
    v: Lanes<S>,
    points: &[f32],
    at: usize,
    domain: Domain,
) -> [[S::f32s; SPAN]; SPAN] {
    let mut values = [[v.splat(0.0); SPAN]; SPAN];
    for row in 0..SPAN {
        for column in 0..SPAN {
            let point = SPAN * row + column;
            // SAFETY: guaranteed by the caller.
            values[row][column] =
                unsafe { v.load(points.as_ptr().add(point * domain.point_stride() + at)) };
        }
    }
    values
}
