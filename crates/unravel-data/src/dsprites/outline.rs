//! The 720 outlines: three polygons at every scale and orientation.

use std::f64::consts::TAU;

use super::latents::{self, linspace};

/// Sub-pixel steps in a pixel: vertices are snapped to these.
pub(super) const STEPS: i32 = 256;

/// Half the side of the square at scale 1, in pixels; the other shapes follow from it.
const RADIUS: f64 = 9.6;

/// Vertices of the ellipse. With another number, or another starting phase, pixels differ.
const ELLIPSE_VERTICES: usize = 100;

/// Vertices of the heart, the most of any shape.
pub(super) const HEART_VERTICES: usize = 150;

/// A polygon about the origin, y down, in 1/256 pixel, not snapped yet.
pub(super) struct Outline {
    pub(super) x: Vec<f64>,
    pub(super) y: Vec<f64>,
}

/// All outlines, orientation fastest, then scale, then shape.
pub(super) fn all() -> Vec<Outline> {
    let [_, _, n_scales, n_orientations, ..] = latents::SIZES;
    let mut outlines = Vec::new();
    for shape in [square(), ellipse(), heart()] {
        for s in 0..n_scales {
            let scale = linspace(0.5, 1.0, n_scales, s);
            for o in 0..n_orientations {
                let angle = linspace(0.0, TAU, n_orientations, o);
                outlines.push(transformed(&shape, scale, angle));
            }
        }
    }
    outlines
}

/// `shape` scaled, turned counter-clockwise as seen on the picture, and in 1/256 pixel.
fn transformed(shape: &[[f64; 2]], scale: f64, angle: f64) -> Outline {
    let (sin, cos) = angle.sin_cos();
    let scale = scale * f64::from(STEPS);
    Outline {
        x: shape
            .iter()
            .map(|[x, y]| scale * (x * cos + y * sin))
            .collect(),
        y: shape
            .iter()
            .map(|[x, y]| scale * (-x * sin + y * cos))
            .collect(),
    }
}

fn square() -> Vec<[f64; 2]> {
    [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]
        .map(|[x, y]| [RADIUS * x, RADIUS * y])
        .to_vec()
}

fn ellipse() -> Vec<[f64; 2]> {
    let vertex = |t: f64| [RADIUS * 1.33 * t.cos(), RADIUS / 1.33 * t.sin()];
    around(ELLIPSE_VERTICES).map(vertex).collect()
}

/// The well-known heart curve; from its notch on top, over the right lobe to the tip below.
fn heart() -> Vec<[f64; 2]> {
    let vertex = |t: f64| {
        let x = t.sin().powi(3);
        let up = 13.0 * t.cos() - 5.0 * (2.0 * t).cos() - 2.0 * (3.0 * t).cos() - (4.0 * t).cos();
        [RADIUS * x, -RADIUS * (up / 14.5 + 0.15)]
    };
    around(HEART_VERTICES).map(vertex).collect()
}

/// `n` angles around the circle, in radians, from 0.
fn around(n: usize) -> impl Iterator<Item = f64> {
    (0..n).map(move |k| TAU * k as f64 / n as f64)
}
