//! SVG through plotters, with a title and a description for readers of screens.

use super::{coord, drawn, length, stroke};
use crate::scene::{Anchor, Mark, Scene};
use crate::style::{FONT_FAMILY, Theme, size::SCALE};
use plotters::prelude::{DrawingBackend, FontFamily, FontStyle, IntoFont, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{RGBColor, TextStyle};
use std::io;

/// plotters divides font sizes by this before it writes them.
const PLOTTERS_FONT_FACTOR: f64 = 1.24;

/// Paints `scene` as one SVG element; colours are those of `theme`.
///
/// # Errors
/// When plotters cannot draw a mark.
pub fn svg(scene: &Scene, theme: Theme) -> io::Result<String> {
    let mut text = String::new();
    {
        let whole = coord((scene.width, scene.height));
        let mut backend = SVGBackend::with_string(&mut text, (whole.0 as u32, whole.1 as u32));
        for mark in &scene.marks {
            paint(&mut backend, mark, theme)?;
        }
        drawn(backend.present())?;
    }
    // plotters' own opening tag gives the size in drawing units; ours is sized in pixels.
    let body = text.split_once('>').map_or("", |(_, body)| body);
    let size = format!(r#"width="{}" height="{}""#, scene.width, scene.height);
    let (width, height) = coord((scene.width, scene.height));
    Ok(format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" stroke-linejoin="round">{body}"#
    ))
}

/// `svg` with `title` and `description` inside, announced as one image.
pub fn described(svg: &str, title: &str, description: &str) -> String {
    let (open, body) = svg.split_once('>').unwrap_or((svg, ""));
    let (title, description) = (escape(title), escape(description));
    format!(r#"{open} role="img"><title>{title}</title><desc>{description}</desc>{body}"#)
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn paint(backend: &mut SVGBackend<'_>, mark: &Mark, theme: Theme) -> io::Result<()> {
    match mark {
        Mark::Line {
            points,
            ink,
            opacity,
            width,
        } => {
            let points = points.iter().copied().map(coord);
            drawn(backend.draw_path(points, &stroke(ink.in_theme(theme), *opacity, *width)))
        }
        Mark::Area {
            corners,
            ink,
            opacity,
        } => {
            let corners = corners.iter().copied().map(coord);
            drawn(backend.fill_polygon(corners, &stroke(ink.in_theme(theme), *opacity, 1.0)))
        }
        Mark::Disc {
            centre,
            radius,
            ink,
            opacity,
        } => {
            let style = stroke(ink.in_theme(theme), *opacity, 1.0);
            drawn(backend.draw_circle(coord(*centre), length(*radius), &style, true))
        }
        Mark::Text {
            at,
            text,
            style,
            anchor,
        } => {
            let [r, g, b] = style.ink.in_theme(theme);
            let weight = if style.bold {
                FontStyle::Bold
            } else {
                FontStyle::Normal
            };
            let size = style.size * PLOTTERS_FONT_FACTOR * f64::from(SCALE);
            let horizontal = match anchor {
                Anchor::Start => HPos::Left,
                Anchor::Middle => HPos::Center,
                Anchor::End => HPos::Right,
            };
            let font = (FontFamily::Name(FONT_FAMILY), size, weight).into_font();
            let color = RGBColor(r, g, b);
            let style = TextStyle::from(font)
                .color(&color)
                .pos(Pos::new(horizontal, VPos::Center));
            drawn(backend.draw_text(text, &style, coord(*at)))
        }
    }
}
