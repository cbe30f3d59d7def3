//! A weight at the points, in the two layouts that products read, and the inverse transform of a weight gradient.

use pulp::{Simd, WithSimd};

use super::domain::Domain;
use super::transform::{points_to_taps, taps_to_points};
use super::{POINTS, SPAN};
use crate::kernels::ConvShape;
use crate::kernels::cpu::arch::arch;
use crate::kernels::cpu::buffer::Buffer;
use crate::kernels::cpu::lanes::Lanes;
use crate::kernels::cpu::linear::transpose;
use crate::kernels::cpu::product::{PANEL, Right};

/// One model's weight at every point: `[POINTS, columns / PANEL, inner, PANEL]`.
pub struct PointWeight {
    values: Buffer,
    inner: usize,
    columns: usize,
}

impl PointWeight {
    /// For the convolution: the inner terms are the phases' channels, the columns are the small channels.
    pub fn down(weight: &[f32], shape: ConvShape) -> Self {
        let (large, small) = (shape.large_channels, shape.small_channels);
        Self::new(weight, [large, small], 4 * large, |phase, channel| {
            (phase * large + channel, 0)
        })
    }

    /// For the transposed convolution: the inner terms are the small channels, the columns are the phases' channels.
    pub fn up(weight: &[f32], shape: ConvShape) -> Self {
        let (large, small) = (shape.large_channels, shape.small_channels);
        let mut transposed = Buffer::unspecified(weight.len());
        let taps = weight.chunks_exact(large * small);
        let targets = transposed.values_mut().chunks_exact_mut(large * small);
        for (tap, target) in taps.zip(targets) {
            transpose(tap, large, small, target);
        }
        Self::new(
            transposed.values(),
            [small, large],
            small,
            |phase, channel| (channel, phase * large),
        )
    }

    /// Transforms a weight `[4, 4, rows, run]`. `place` maps the phase and the row of a run to its inner term and first
    /// column.
    fn new(
        weight: &[f32],
        [rows, run]: [usize; 2],
        inner: usize,
        place: impl Fn(usize, usize) -> (usize, usize),
    ) -> Self {
        let columns = 4 * rows * run / inner;
        let domain = Domain {
            tiles: inner,
            features: columns,
        };
        let mut values = Buffer::unspecified(domain.len());
        let points = values.values_mut();
        for phase in 0..4 {
            for row in 0..rows {
                let (term, column) = place(phase, row);
                arch().dispatch(TapsToPoints {
                    weight,
                    tap_len: rows * run,
                    first_tap: 4 * (phase / 2) + phase % 2,
                    start: row * run,
                    run,
                    points,
                    point_stride: domain.point_stride(),
                    column,
                    inner,
                    term,
                });
            }
        }
        Self {
            values,
            inner,
            columns,
        }
    }

    /// The weight at a point, as the right side of a product.
    pub fn at(&self, point: usize) -> Right<'_> {
        let domain = Domain {
            tiles: self.inner,
            features: self.columns,
        };
        Right {
            values: domain.at(point, self.values.values()),
            panel_stride: self.inner * PANEL,
            inner_stride: PANEL,
        }
    }
}

/// One run of values of the four taps of a phase.
struct TapsToPoints<'a> {
    weight: &'a [f32],
    tap_len: usize,
    first_tap: usize,
    start: usize,
    run: usize,
    points: &'a mut [f32],
    point_stride: usize,
    column: usize,
    inner: usize,
    term: usize,
}

impl WithSimd for TapsToPoints<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let v = Lanes(simd);
        let taps = [0, 2, 8, 10].map(|tap| {
            let start = (self.first_tap + tap) * self.tap_len + self.start;
            &self.weight[start..][..self.run]
        });
        for at in (0..self.run).step_by(Lanes::<S>::N) {
            let column = self.column + at;
            let place = column / PANEL * PANEL * self.inner + self.term * PANEL + column % PANEL;
            // SAFETY: vectors divide runs and panels; the last point is checked below.
            assert!(
                (POINTS - 1) * self.point_stride + place + Lanes::<S>::N <= self.points.len()
                    && at + Lanes::<S>::N <= self.run
            );
            unsafe {
                let load = |tap: usize| v.load(taps[tap].as_ptr().add(at));
                let values = taps_to_points(v, [[load(0), load(1)], [load(2), load(3)]]);
                for row in 0..SPAN {
                    for column in 0..SPAN {
                        let point = SPAN * row + column;
                        let to = self
                            .points
                            .as_mut_ptr()
                            .add(point * self.point_stride + place);
                        v.store(to, values[row][column]);
                    }
                }
            }
        }
    }
}

/// Adds a gradient at the points, `[POINTS, 4 * large_channels, small_channels]`, to the weight gradient.
pub struct AddPointsToWeight<'a> {
    pub shape: ConvShape,
    pub points: &'a [f32],
    pub domain: Domain,
    pub grad_weight: &'a mut [f32],
}

impl WithSimd for AddPointsToWeight<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let v = Lanes(simd);
        let Self {
            shape,
            points,
            domain,
            grad_weight,
        } = self;
        let (large, small) = (shape.large_channels, shape.small_channels);
        domain.check(4 * large, small, points);
        assert!(small.is_multiple_of(Lanes::<S>::N) && grad_weight.len() == shape.weight_len());
        for phase in 0..4 {
            let first_tap = 4 * (phase / 2) + phase % 2;
            for at in (0..large * small).step_by(Lanes::<S>::N) {
                // SAFETY: vectors divide the `large * small` values of a phase at each point, and of a tap in the
                // weight.
                unsafe {
                    let mut values = [[v.splat(0.0); SPAN]; SPAN];
                    for row in 0..SPAN {
                        for column in 0..SPAN {
                            let from = (SPAN * row + column) * domain.point_stride()
                                + phase * large * small
                                + at;
                            values[row][column] = v.load(points.as_ptr().add(from));
                        }
                    }
                    let taps = points_to_taps(v, values);
                    for row in 0..2 {
                        for column in 0..2 {
                            let tap = first_tap + 8 * row + 2 * column;
                            let to = grad_weight.as_mut_ptr().add(tap * large * small + at);
                            v.store(to, v.add(v.load(to), taps[row][column]));
                        }
                    }
                }
            }
        }
    }
}
