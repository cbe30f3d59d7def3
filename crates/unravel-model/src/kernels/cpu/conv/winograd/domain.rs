//! The memory layout of images and gradients at the points.

use super::{POINTS, tiles_per_image};
use crate::kernels::ConvShape;
use crate::kernels::cpu::product::Left;

/// A matrix `[tiles, features]` at every point.
#[derive(Clone, Copy)]
pub struct Domain {
    pub tiles: usize,
    pub features: usize,
}

impl Domain {
    /// The layout for the phases of large images.
    pub fn large(shape: ConvShape, images: usize) -> Self {
        Self {
            tiles: images * tiles_per_image(shape),
            features: 4 * shape.large_channels,
        }
    }

    /// The layout for small images.
    pub fn small(shape: ConvShape, images: usize) -> Self {
        Self {
            tiles: images * tiles_per_image(shape),
            features: shape.small_channels,
        }
    }

    /// Values between two points: a cache line more than the matrix, so that the points of a tile do not share one
    /// cache set.
    pub fn point_stride(self) -> usize {
        self.tiles * self.features + 16
    }

    pub fn len(self) -> usize {
        POINTS * self.point_stride()
    }

    pub fn check(self, tiles: usize, features: usize, points: &[f32]) {
        assert!(self.tiles == tiles && self.features == features && self.len() <= points.len());
    }

    pub fn at(self, point: usize, points: &[f32]) -> &[f32] {
        &points[point * self.point_stride()..][..self.tiles * self.features]
    }

    pub fn at_mut(self, point: usize, points: &mut [f32]) -> &mut [f32] {
        &mut points[point * self.point_stride()..][..self.tiles * self.features]
    }

    /// The matrix, with one row per tile.
    pub fn as_left(self, point: usize, points: &[f32]) -> Left<'_> {
        Left {
            values: self.at(point, points),
            row_stride: self.features,
            inner_stride: 1,
        }
    }

    /// The transposed matrix, with one row per feature.
    pub fn as_left_transposed(self, point: usize, points: &[f32]) -> Left<'_> {
        Left {
            values: self.at(point, points),
            row_stride: 1,
            inner_stride: self.features,
        }
    }
}
