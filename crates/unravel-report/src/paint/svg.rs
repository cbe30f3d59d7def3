//! Compact SVG, with a title and a description for screen readers.
//!
//! A page contains about thirty figures with hundreds of marks each. Attributes that neighbouring marks share are
//! therefore written once, and shapes are paths with relative integer steps.

use super::{coord, length, text::BASELINE};
use crate::scene::{Anchor, Mark, Point, Scene, TextStyle};
use crate::style::{FONT_FAMILY, Shape, Theme, hex, size::SCALE};
use std::fmt::Write as _;
use unravel_sweep::printable;

/// Paints `scene` as one SVG element; colours are those of `theme`.
pub fn svg(scene: &Scene, theme: Theme) -> String {
    let (width, height) = coord((scene.width, scene.height));
    let size = format!(r#"width="{}" height="{}""#, scene.width, scene.height);
    // Without hinting, which rounds the width of each letter to whole screen pixels.
    let look = format!(r#"text-rendering="geometricPrecision" font-family="{FONT_FAMILY}""#);
    let mut text = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" {size} viewBox="0 0 {width} {height}" stroke-linejoin="round" {look}>"#
    );
    text.push('\n');
    for run in scene.marks.chunk_by(look_alike) {
        text.push_str(&painted(run, theme));
        text.push('\n');
    }
    text.push_str("</svg>\n");
    text
}

/// Whether two neighbouring marks can be written as one element. Areas cannot, because overlaps would look different in
/// one path.
fn look_alike(a: &Mark, b: &Mark) -> bool {
    match (a, b) {
        (
            Mark::Line {
                ink,
                opacity,
                width,
                ..
            },
            Mark::Line {
                ink: other_ink,
                opacity: other_opacity,
                width: other_width,
                ..
            },
        ) => (ink, opacity, width) == (other_ink, other_opacity, other_width),
        (
            Mark::Text { style, anchor, .. },
            Mark::Text {
                style: other_style,
                anchor: other_anchor,
                ..
            },
        ) => (style, anchor) == (other_style, other_anchor),
        _ => false,
    }
}

/// The element of marks that look alike.
fn painted(run: &[Mark], theme: Theme) -> String {
    let outlines = || run.iter().map(outline).collect::<String>();
    match &run[0] {
        Mark::Line {
            ink,
            opacity,
            width,
            ..
        } => format!(
            r#"<path fill="none" stroke="{}" stroke-width="{}"{} d="{}"/>"#,
            hex(ink.in_theme(theme)),
            length(*width),
            faint(*opacity),
            outlines()
        ),
        Mark::Area { ink, opacity, .. } => format!(
            r#"<path fill="{}"{} d="{}"/>"#,
            hex(ink.in_theme(theme)),
            faint(*opacity),
            outlines()
        ),
        Mark::Disc {
            centre,
            radius,
            ink,
            opacity,
        } => {
            let (x, y) = coord(*centre);
            let (radius, fill) = (length(*radius), hex(ink.in_theme(theme)));
            let faint = faint(*opacity);
            format!(r#"<circle cx="{x}" cy="{y}" r="{radius}" fill="{fill}"{faint}/>"#)
        }
        Mark::Dots { .. } => dots(&run[0], theme),
        Mark::Text { style, anchor, .. } => words(run, *style, *anchor, theme),
    }
}

/// `value` in parts of `1 / parts`.
fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// The opacity attribute; empty if the mark is opaque.
fn faint(opacity: f64) -> String {
    if opacity < 1.0 {
        format!(r#" opacity="{}""#, rounded(opacity, 1000.0))
    } else {
        String::new()
    }
}

/// Equal marks as one path, which saves space in sweeps with thousands of trials. Overlapping marks are not more opaque
/// than single ones.
fn dots(mark: &Mark, theme: Theme) -> String {
    let Mark::Dots {
        shape,
        centres,
        radius,
        ink,
        opacity,
    } = mark
    else {
        return String::new();
    };
    let (color, faint) = (hex(ink.in_theme(theme)), faint(*opacity));
    if *shape == Shape::Disc {
        let width = 2 * length(*radius);
        let place = |centre: &Point| {
            let (x, y) = coord(*centre);
            format!("M{x} {y}h0")
        };
        let places: String = centres.iter().map(place).collect();
        format!(
            r#"<path fill="none" stroke="{color}" stroke-width="{width}" stroke-linecap="round"{faint} d="{places}"/>"#
        )
    } else {
        let corners = |centre: &Point| path(&shape.corners_at(*centre, *radius), true);
        let places: String = centres.iter().map(corners).collect();
        format!(r#"<path fill="{color}"{faint} d="{places}"/>"#)
    }
}

fn outline(mark: &Mark) -> String {
    match mark {
        Mark::Line { points, .. } => path(points, false),
        Mark::Area { corners, .. } => path(corners, true),
        Mark::Disc { .. } | Mark::Dots { .. } | Mark::Text { .. } => String::new(),
    }
}

/// A path through points: a place, then steps.
fn path(points: &[Point], is_closed: bool) -> String {
    let mut text = String::new();
    let mut before: Option<(i32, i32)> = None;
    for (x, y) in points.iter().copied().map(coord) {
        // Writing to a String cannot fail.
        let _ = match before.map(|(from_x, from_y)| (x - from_x, y - from_y)) {
            None => write!(text, "M{x} {y}"),
            Some((0, 0)) => Ok(()),
            Some((dx, 0)) => write!(text, "h{dx}"),
            Some((0, dy)) => write!(text, "v{dy}"),
            Some((dx, dy)) if dy < 0 => write!(text, "l{dx}{dy}"),
            Some((dx, dy)) => write!(text, "l{dx} {dy}"),
        };
        before = Some((x, y));
    }
    if is_closed {
        text.push('z');
    }
    text
}

/// Lines of text of one style.
fn words(run: &[Mark], style: TextStyle, anchor: Anchor, theme: Theme) -> String {
    let size = rounded(style.size * f64::from(SCALE), 10.0);
    let mut look = format!(
        r#"font-size="{size}" fill="{}""#,
        hex(style.ink.in_theme(theme))
    );
    look.push_str(match anchor {
        Anchor::Start => "",
        Anchor::Middle => r#" text-anchor="middle""#,
        Anchor::End => r#" text-anchor="end""#,
    });
    if style.bold {
        look.push_str(r#" font-weight="600""#);
    }
    let line = |mark: &Mark, look: &str| {
        let Mark::Text { at, text, .. } = mark else {
            return String::new();
        };
        let (x, y) = coord((at.0, at.1 + BASELINE * style.size));
        format!(r#"<text x="{x}" y="{y}"{look}>{}</text>"#, escape(text))
    };
    match run {
        [only] => line(only, &format!(" {look}")),
        _ => {
            let lines: String = run.iter().map(|mark| line(mark, "")).collect();
            format!("<g {look}>{lines}</g>")
        }
    }
}

/// Adds `title` and `description` to `svg`, which screen readers announce as one image.
pub fn described(svg: &str, title: &str, description: &str) -> String {
    let (open, body) = svg.split_once('>').unwrap_or((svg, ""));
    let (title, description) = (escape(title), escape(description));
    format!(r#"{open} role="img"><title>{title}</title><desc>{description}</desc>{body}"#)
}

/// Escapes the text of an element. Control characters, which XML does not allow, are replaced, because factor names can
/// come from untrusted files.
fn escape(text: &str) -> String {
    printable::markup(text)
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::{GRID, TEXT};

    #[test]
    fn a_hostile_name_leaves_the_file_well_formed() {
        let svg = described("<svg></svg>", "a\u{1b}[2J<b>", "\u{0}&\u{7f}\u{202e}");
        assert!(
            svg.contains("<title>a\u{fffd}[2J&lt;b&gt;</title>"),
            "{svg}"
        );
        assert!(
            svg.contains("<desc>\u{fffd}&amp;\u{fffd}\u{fffd}</desc>"),
            "{svg}"
        );
    }

    #[test]
    fn neighbours_of_one_look_share_an_element() {
        let mut scene = Scene::new(10.0, 10.0);
        scene.line(vec![(0.0, 1.0), (5.0, 1.0)], GRID, 1.0, 1.0);
        scene.line(vec![(0.0, 2.0), (5.0, 1.0), (5.0, 4.0)], GRID, 1.0, 1.0);
        scene.rectangle((1.0, 1.0), (2.0, 2.0), TEXT, 0.5);
        scene.rectangle((1.0, 1.0), (2.0, 2.0), TEXT, 0.5);
        let style = TextStyle::new(10.0, TEXT);
        scene.text((1.0, 1.0), "a<b", style, Anchor::Start);
        scene.text((1.0, 5.0), "c", style, Anchor::Start);
        let text = svg(&scene, Theme::Light);
        let body: Vec<&str> = text.lines().skip(1).collect();
        let area = r##"<path fill="#1B1F27" opacity="0.5" d="M4 4h4v4h-4z"/>"##;
        assert_eq!(
            body,
            [
                r##"<path fill="#FFFFFF" d="M0 0h40v40h-40z"/>"##,
                r##"<path fill="none" stroke="#E6E9EE" stroke-width="4" d="M0 4h20M0 8l20-4v12"/>"##,
                area,
                area,
                r##"<g font-size="40" fill="#1B1F27"><text x="4" y="15">a&lt;b</text><text x="4" y="31">c</text></g>"##,
                "</svg>",
            ]
        );
    }
}
