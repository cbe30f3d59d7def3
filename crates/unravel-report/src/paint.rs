//! Paints a [`Scene`](crate::scene::Scene) as SVG text or PNG bytes in a theme.

mod fallback_font_widths;
mod png;
mod svg;
mod text;

pub use png::{encode_png, encode_small_png, png};
pub use svg::{described, svg};
pub use text::{blend_text, drawn_width, text_width};

use crate::scene::Point;
use crate::style::{Rgb, size::SCALE};
use plotters::style::{RGBAColor, ShapeStyle};

/// Converts pixels to the integer coordinates of plotters, with `SCALE` units per pixel.
fn coord((x, y): Point) -> (i32, i32) {
    let whole = |v: f64| (v * f64::from(SCALE)).round() as i32;
    (whole(x), whole(y))
}

fn length(pixels: f64) -> u32 {
    (pixels * f64::from(SCALE)).round().max(1.0) as u32
}

/// Converts the errors of plotters, which contain only a text, to I/O errors.
fn drawn<E: std::fmt::Display>(result: Result<(), E>) -> std::io::Result<()> {
    result.map_err(|error| std::io::Error::other(error.to_string()))
}

fn stroke(rgb: Rgb, opacity: f64, width: f64) -> ShapeStyle {
    ShapeStyle {
        color: RGBAColor(rgb[0], rgb[1], rgb[2], opacity),
        filled: true,
        stroke_width: length(width),
    }
}
