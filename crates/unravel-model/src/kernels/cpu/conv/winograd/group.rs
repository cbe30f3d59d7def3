//! Images at the points, and their products.

use super::domain::Domain;
use super::tiles::{LargeToPoints, PointsToLarge, PointsToSmall, SmallToPoints};
use super::weight::{AddPointsToWeight, PointWeight};
use crate::kernels::ConvShape;
use crate::kernels::cpu::arch::arch;
use crate::kernels::cpu::product::{Product, Right};
use crate::kernels::cpu::scratch::{Scratch, Space};

/// A few images of one model at the points.
///
/// A product replaces its other side point by point: it has the same size, and no later point reads the replaced
/// values.
pub struct ImageGroup<'a> {
    shape: ConvShape,
    large_domain: Domain,
    small_domain: Domain,
    large: &'a mut [f32],
    small: &'a mut [f32],
}

impl<'a> ImageGroup<'a> {
    pub fn new(shape: ConvShape, images: usize, scratch: &'a mut Scratch) -> Self {
        let large_domain = Domain::large(shape, images);
        let small_domain = Domain::small(shape, images);
        Self {
            shape,
            large_domain,
            small_domain,
            large: Space::unspecified(&mut scratch.large, large_domain.len()),
            small: Space::unspecified(&mut scratch.small, small_domain.len()),
        }
    }

    pub fn transform_large(&mut self, large: &[f32]) {
        arch().dispatch(LargeToPoints {
            shape: self.shape,
            large,
            points: self.large,
            domain: self.large_domain,
        });
    }

    pub fn transform_small(&mut self, small: &[f32]) {
        arch().dispatch(SmallToPoints {
            shape: self.shape,
            small,
            points: self.small,
            domain: self.small_domain,
        });
    }

    /// Replaces the small images by the product of the large ones and the weight.
    pub fn multiply_down(&mut self, point: usize, weight: &PointWeight) {
        arch().dispatch(Product {
            rows: self.small_domain.tiles,
            inner: self.large_domain.features,
            columns: self.small_domain.features,
            left: self.large_domain.as_left(point, self.large),
            right: weight.at(point),
            out: self.small_domain.at_mut(point, self.small),
            is_added: false,
        });
    }

    /// Replaces the large images by the product of the small ones and the weight.
    pub fn multiply_up(&mut self, point: usize, weight: &PointWeight) {
        arch().dispatch(Product {
            rows: self.large_domain.tiles,
            inner: self.small_domain.features,
            columns: self.large_domain.features,
            left: self.small_domain.as_left(point, self.small),
            right: weight.at(point),
            out: self.large_domain.at_mut(point, self.large),
            is_added: false,
        });
    }

    pub fn write_small(&self, small: &mut [f32]) {
        arch().dispatch(PointsToSmall {
            shape: self.shape,
            points: self.small,
            domain: self.small_domain,
            small,
        });
    }

    pub fn write_large(&self, large: &mut [f32]) {
        arch().dispatch(PointsToLarge {
            shape: self.shape,
            points: self.large,
            domain: self.large_domain,
            large,
        });
    }
}

/// The weight gradient at the points, summed over groups.
pub struct PointSum<'a> {
    shape: ConvShape,
    domain: Domain,
    points: &'a mut [f32],
    /// Whether a group was added. Before that, the points have no meaning.
    pub has_group: bool,
}

impl<'a> PointSum<'a> {
    pub fn new(shape: ConvShape, space: &'a mut Space) -> Self {
        let domain = Domain {
            tiles: 4 * shape.large_channels,
            features: shape.small_channels,
        };
        Self {
            shape,
            domain,
            points: space.unspecified(domain.len()),
            has_group: false,
        }
    }

    pub fn add(&mut self, point: usize, group: &ImageGroup<'_>) {
        let columns = self.domain.features;
        arch().dispatch(Product {
            rows: self.domain.tiles,
            inner: group.large_domain.tiles,
            columns,
            left: group.large_domain.as_left_transposed(point, group.large),
            right: Right::by_rows(group.small_domain.at(point, group.small), columns),
            out: self.domain.at_mut(point, self.points),
            is_added: self.has_group,
        });
    }

    pub fn add_to(self, grad_weight: &mut [f32]) {
        arch().dispatch(AddPointsToWeight {
            shape: self.shape,
            points: self.points,
            domain: self.domain,
            grad_weight,
        });
    }
}
