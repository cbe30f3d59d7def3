//! SVG through plotters, with a title and a description for readers of screens.

use super::{coord, drawn, length, stroke};
use crate::scene::{Anchor, Mark, Point, Scene};
use crate::style::{FONT_FAMILY, Shape, Theme, hex, size::SCALE};
use plotters::prelude::{DrawingBackend, FontFamily, FontStyle, IntoFont, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{RGBColor, TextStyle};
use std::fmt::Write as _;
use std::io;

/// plotters divides font sizes by this before it writes them.
const PLOTTERS_FONT_FACTOR: f64 = 1.24;

/// Paints `scene` as one SVG element; colours are those of `theme`.
///
/// # Errors
/// When plotters cannot draw a mark.
pub fn svg(scene: &Scene, theme: Theme) -> io::Result<String> {
    let (width, height) = coord((scene.width, scene.height));
    let size = format!(r#"width="{}" height="{}""#, scene.width, scene.height);
    let mut text = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" stroke-linejoin="round">"#
    );
    let is_dots = |mark: &Mark| matches!(mark, Mark::Dots { .. });
    for run in scene.marks.chunk_by(|a, b| is_dots(a) == is_dots(b)) {
        match run {
            [Mark::Dots { .. }, ..] => run
                .iter()
                .for_each(|mark| paint_dots(&mut text, mark, theme)),
            _ => text.push_str(&painted(run, theme)?),
        }
    }
    text.push_str("</svg>\n");
    Ok(text)
}

/// The elements of marks that plotters draws.
fn painted(marks: &[Mark], theme: Theme) -> io::Result<String> {
    let mut text = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut text, (1, 1));
        for mark in marks {
            paint(&mut backend, mark, theme)?;
        }
        drawn(backend.present())?;
    }
    // Without plotters' own opening and closing tags.
    let body = text.split_once('>').map_or("", |(_, body)| body);
    let body = body.rsplit_once("</svg>").map_or(body, |(body, _)| body);
    Ok(body.to_owned())
}

/// Marks of one look as one path: a sweep of 1,800 trials has as many on every figure, and plotters would give each an
/// element of its own.
fn paint_dots(text: &mut String, mark: &Mark, theme: Theme) {
    let Mark::Dots {
        shape,
        centres,
        radius,
        ink,
        opacity,
    } = mark
    else {
        return;
    };
    let color = hex(ink.in_theme(theme));
    // Writing to a String cannot fail.
    let _ = if *shape == Shape::Disc {
        let width = 2 * length(*radius);
        write!(
            text,
            r#"<path fill="none" stroke="{color}" stroke-opacity="{opacity:.3}" stroke-width="{width}" stroke-linecap="round" d=""#
        )
    } else {
        write!(text, r#"<path fill="{color}" opacity="{opacity:.3}" d=""#)
    };
    for centre in centres {
        let (x, y) = coord(*centre);
        let _ = if *shape == Shape::Disc {
            write!(text, "M{x} {y}h0")
        } else {
            write!(text, "{}", closed(&shape.corners_at(*centre, *radius)))
        };
    }
    text.push_str("\"/>\n");
}

/// A polygon in the relative words of a path.
fn closed(corners: &[Point]) -> String {
    let mut path = String::new();
    let mut before = (0, 0);
    for (i, corner) in corners.iter().enumerate() {
        let (x, y) = coord(*corner);
        let _ = match i {
            0 => write!(path, "M{x} {y}l"),
            1 => write!(path, "{} {}", x - before.0, y - before.1),
            _ => write!(path, " {} {}", x - before.0, y - before.1),
        };
        before = (x, y);
    }
    path.push('z');
    path
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
        Mark::Dots { .. } => Ok(()),
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
