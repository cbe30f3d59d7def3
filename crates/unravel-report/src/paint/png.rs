//! PNG with plotters' bitmap backend. Scenes are drawn at a larger scale and averaged down, which smooths the edges.

use super::{coord, drawn, length, stroke, text::blend_text};
use crate::scene::{Mark, Point, Scene};
use crate::style::{PAPER, Shape, Theme, mix, size::PNG_SCALE, size::SCALE};
use plotters::backend::BitMapBackend;
use plotters::prelude::DrawingBackend;
use plotters::style::ShapeStyle;
use std::io;

/// Paints `scene` as an RGB PNG file of `PNG_SCALE` times its size.
///
/// # Errors
/// If plotters cannot draw a mark or the pixels cannot be encoded.
pub fn png(scene: &Scene, theme: Theme) -> io::Result<Vec<u8>> {
    let (width, height) = coord((scene.width, scene.height));
    let (width, height) = (width as usize, height as usize);
    // Scenes begin with the background, which is faster to fill directly than to paint.
    let mut pixels = PAPER.in_theme(theme).repeat(width * height);
    for mark in scene.marks.iter().filter(|mark| !is_ground(mark, scene)) {
        if let Mark::Text {
            at,
            text,
            style,
            anchor,
        } = mark
        {
            let at = (at.0 * f64::from(SCALE), at.1 * f64::from(SCALE));
            let style = crate::scene::TextStyle {
                size: style.size * f64::from(SCALE),
                ..*style
            };
            blend_text(&mut pixels, width, at, text, style, *anchor, theme);
            continue;
        }
        let mut backend = BitMapBackend::with_buffer(&mut pixels, (width as u32, height as u32));
        paint(&mut backend, mark, theme)?;
    }
    let factor = (SCALE / PNG_SCALE) as usize;
    encode_png(
        &average(&pixels, width, factor),
        width / factor,
        height / factor,
        ::png::ColorType::Rgb,
    )
}

/// Whether the mark is the background of the whole scene.
fn is_ground(mark: &Mark, scene: &Scene) -> bool {
    *mark == Scene::new(scene.width, scene.height).marks[0]
}

/// Encodes 8-bit pixels, row by row from the top.
///
/// # Errors
/// If the number of pixels is not `width * height`, or the encoder fails.
pub fn encode_png(
    pixels: &[u8],
    width: usize,
    height: usize,
    color: ::png::ColorType,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width as u32, height as u32);
    encoder.set_color(color);
    encoder.set_depth(::png::BitDepth::Eight);
    // Fast compression: a report has hundreds of these files, and time matters more than size.
    encoder.set_compression(::png::Compression::Fast);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

/// Encodes 8-bit pixels, grey or RGB, as small as possible. Pixels of the shade `clear` are transparent.
///
/// # Errors
/// If there are no pixels, if a pixel has neither one nor three bytes, or if the encoder fails.
pub fn encode_small_png(
    pixels: &[u8],
    width: usize,
    height: usize,
    clear: u8,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, width as u32, height as u32);
    let channels = pixels.len() / (width * height).max(1);
    encoder.set_color(match channels {
        1 => ::png::ColorType::Grayscale,
        _ => ::png::ColorType::Rgb,
    });
    encoder.set_depth(::png::BitDepth::Eight);
    encoder.set_trns([0, clear].repeat(channels));
    encoder.set_compression(::png::Compression::Balanced);
    encoder.write_header()?.write_image_data(pixels)?;
    Ok(bytes)
}

fn paint(backend: &mut BitMapBackend<'_>, mark: &Mark, theme: Theme) -> io::Result<()> {
    match mark {
        Mark::Line {
            points,
            ink,
            opacity,
            width,
        } => {
            // Drawn opaque, because pieces overlap at the joints.
            let rgb = mix(PAPER.in_theme(theme), ink.in_theme(theme), *opacity);
            let style = stroke(rgb, 1.0, *width);
            points
                .windows(2)
                .try_for_each(|ends| segment(backend, ends[0], ends[1], *width, &style))
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
        Mark::Dots {
            shape,
            centres,
            radius,
            ink,
            opacity,
        } => {
            let style = stroke(ink.in_theme(theme), *opacity, 1.0);
            centres.iter().try_for_each(|centre| {
                if *shape == Shape::Disc {
                    drawn(backend.draw_circle(coord(*centre), length(*radius), &style, true))
                } else {
                    let corners = shape.corners_at(*centre, *radius).into_iter().map(coord);
                    drawn(backend.fill_polygon(corners, &style))
                }
            })
        }
        Mark::Text { .. } => Ok(()),
    }
}

/// One segment of a line: a rectangle with round ends. The thick paths of plotters have spikes at sharp turns.
fn segment(
    backend: &mut BitMapBackend<'_>,
    from: Point,
    to: Point,
    width: f64,
    style: &ShapeStyle,
) -> io::Result<()> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let distance = dx.hypot(dy);
    if distance == 0.0 {
        return Ok(());
    }
    let side = (-dy / distance * width / 2.0, dx / distance * width / 2.0);
    let corner = |p: Point, sign: f64| coord((p.0 + sign * side.0, p.1 + sign * side.1));
    let corners = [
        corner(from, 1.0),
        corner(to, 1.0),
        corner(to, -1.0),
        corner(from, -1.0),
    ];
    drawn(backend.fill_polygon(corners, style))?;
    if 1.5 <= width && dx != 0.0 && dy != 0.0 {
        drawn(backend.draw_circle(coord(to), length(width / 2.0), style, true))?;
    }
    Ok(())
}

/// The means of blocks of `factor` by `factor` RGB pixels.
fn average(pixels: &[u8], width: usize, factor: usize) -> Vec<u8> {
    let (columns, n) = (width / factor, (factor * factor) as u32);
    let mut means = Vec::with_capacity(pixels.len() / n as usize);
    let mut sums = vec![0_u32; columns * 3];
    for rows in pixels.chunks_exact(width * 3 * factor) {
        sums.fill(n / 2);
        for row in rows.chunks_exact(width * 3) {
            let blocks = row.chunks_exact(factor * 3);
            for (sum, block) in sums.chunks_exact_mut(3).zip(blocks) {
                for pixel in block.chunks_exact(3) {
                    (0..3).for_each(|channel| sum[channel] += u32::from(pixel[channel]));
                }
            }
        }
        means.extend(sums.iter().map(|sum| (sum / n) as u8));
    }
    means
}
