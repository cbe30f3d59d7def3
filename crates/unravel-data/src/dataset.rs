//! Observations on a grid: what training, encoding and scoring read from.

use std::sync::Arc;

use crate::grid::Grid;
use crate::observations::Observations;

/// The images of a grid's points. Cheap to clone; the images are shared.
#[derive(Clone)]
pub struct Dataset {
    observations: Arc<dyn Observations>,
    grid: Grid,
}

impl Dataset {
    /// The observations of `grid`.
    ///
    /// # Panics
    /// When the grid is not a part of the observations' space.
    #[must_use]
    pub fn new(observations: Arc<dyn Observations>, grid: Grid) -> Self {
        assert_eq!(
            grid.source(),
            observations.space(),
            "the grid must lie in the space of the observations"
        );
        Self { observations, grid }
    }

    /// Number of points, and so of images.
    #[must_use]
    pub fn n_points(&self) -> usize {
        self.grid.n_points()
    }

    /// `[height, width, channels]` of an image, in pixels.
    #[must_use]
    pub fn shape(&self) -> [usize; 3] {
        self.observations.shape()
    }

    /// Values in an image: height * width * channels.
    #[must_use]
    pub fn n_pixels(&self) -> usize {
        self.observations.n_pixels()
    }

    /// The grid.
    #[must_use]
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The observations behind it, indexed by [`Grid::source_index`].
    #[must_use]
    pub fn observations(&self) -> &Arc<dyn Observations> {
        &self.observations
    }

    /// Writes the image of the grid's point `point`, `[H, W, C]`, values in `0.0..=1.0`.
    ///
    /// # Panics
    /// When `point` is no point of the grid or `out` is not [`Self::n_pixels`] long.
    pub fn write_image(&self, point: usize, out: &mut [f32]) {
        self.observations.write(self.grid.source_index(point), out);
    }

    /// Writes the images of `points`, `[N, H, W, C]`, in their order.
    ///
    /// # Panics
    /// When one is no point of the grid or `out` is not `N *` [`Self::n_pixels`] long.
    pub fn write_batch(&self, points: &[usize], out: &mut [f32]) {
        let n_pixels = self.n_pixels();
        assert_eq!(out.len(), points.len() * n_pixels, "one value per pixel");
        for (&point, image) in points.iter().zip(out.chunks_exact_mut(n_pixels)) {
            self.write_image(point, image);
        }
    }
}

impl std::fmt::Debug for Dataset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dataset")
            .field("content", &self.observations.content())
            .field("grid", &self.grid.name())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::dsprites::Dsprites;
    use crate::space::{Factor, FactorSpace};

    #[test]
    fn a_batch_is_the_images_of_its_points() {
        let observations = Arc::new(Dsprites::new());
        let keep = BTreeMap::from([("orientation".to_owned(), 10), ("pos-x".to_owned(), 4)]);
        let grid = Grid::keep(FactorSpace::dsprites(), &keep).unwrap();
        let dataset = Dataset::new(observations.clone(), grid);
        let points = [7, 0, dataset.n_points() - 1, 7];
        let mut batch = vec![0.5; points.len() * dataset.n_pixels()];
        dataset.write_batch(&points, &mut batch);
        for (&point, image) in points.iter().zip(batch.chunks(dataset.n_pixels())) {
            let mut expected = vec![0.5; 4096];
            observations.write(dataset.grid().source_index(point), &mut expected);
            assert_eq!(image, expected);
        }
    }

    #[test]
    fn a_grid_of_another_space_is_a_mistake() {
        let other = FactorSpace::new(vec![Factor::new("a", 2)]).unwrap();
        let made =
            std::panic::catch_unwind(|| Dataset::new(Arc::new(Dsprites::new()), Grid::full(other)));
        assert!(made.is_err());
    }
}
