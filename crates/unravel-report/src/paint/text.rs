//! Text: its width, for layout in any font, and its pixels in Open Sans, for PNG files.

use super::fallback_font_widths::em_width;
use crate::scene::{Anchor, Point, TextStyle};
use crate::style::{REGULAR, SEMIBOLD, Theme, mix};
use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};
use std::sync::LazyLock;

/// The distance from the middle of lower-case letters to the baseline, in font sizes: half the x-height of Open Sans.
pub const BASELINE: f64 = 0.267;

static FONTS: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
    [REGULAR, SEMIBOLD]
        .map(|bytes| FontRef::try_from_slice(bytes).expect("the fonts are part of the program"))
});

fn font(bold: bool) -> &'static FontRef<'static> {
    &FONTS[usize::from(bold)]
}

/// The ab_glyph scale for a font size of `size` pixels per em. ab_glyph measures ascent to descent instead of ems.
fn scale(font: &FontRef<'_>, size: f64) -> PxScale {
    let units_per_em = font.units_per_em().unwrap_or(2048.0);
    PxScale::from(size as f32 * font.height_unscaled() / units_per_em)
}

/// The maximum width of `text` in pixels in Open Sans and in the fallback fonts. Layouts reserve this width.
pub fn text_width(text: &str, size: f64, bold: bool) -> f64 {
    let font = font(bold);
    let scaled = font.as_scaled(scale(font, size));
    let width = |c: char| {
        let drawn = f64::from(scaled.h_advance(scaled.glyph_id(c)));
        drawn.max(size * em_width(c, bold))
    };
    text.chars().map(width).sum()
}

/// The width of `text` in Open Sans, the font of the PNG files, in pixels.
pub fn drawn_width(text: &str, size: f64, bold: bool) -> f64 {
    let font = font(bold);
    let scaled = font.as_scaled(scale(font, size));
    text.chars()
        .map(|c| f64::from(scaled.h_advance(scaled.glyph_id(c))))
        .sum()
}

/// Draws `text` into RGB `pixels` of `width` pixels a row; `at` and the font size are in those pixels.
pub fn blend_text(
    pixels: &mut [u8],
    width: usize,
    at: Point,
    text: &str,
    style: TextStyle,
    anchor: Anchor,
    theme: Theme,
) {
    let font = font(style.bold);
    let scaled = font.as_scaled(scale(font, style.size));
    let shift = match anchor {
        Anchor::Start => 0.0,
        Anchor::Middle => 0.5,
        Anchor::End => 1.0,
    };
    let mut x = (at.0 - shift * drawn_width(text, style.size, style.bold)) as f32;
    let y = (at.1 + BASELINE * style.size) as f32;
    let rgb = style.ink.in_theme(theme);
    let height = pixels.len() / 3 / width;
    for c in text.chars() {
        let id = scaled.glyph_id(c);
        let glyph = id.with_scale_and_position(scaled.scale(), point(x, y));
        x += scaled.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else {
            continue;
        };
        let corner = outline.px_bounds().min;
        outline.draw(|dx, dy, coverage| {
            let (px, py) = (
                corner.x as i64 + i64::from(dx),
                corner.y as i64 + i64::from(dy),
            );
            if (0..width as i64).contains(&px) && (0..height as i64).contains(&py) {
                let start = (py as usize * width + px as usize) * 3;
                let under = [pixels[start], pixels[start + 1], pixels[start + 2]];
                pixels[start..start + 3].copy_from_slice(&mix(under, rgb, f64::from(coverage)));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Advance widths from the font's own table: "n" 1257 and "4" 1171 of 2048 units an em.
    #[test]
    fn widths_are_those_of_the_font_table() {
        for (text, units) in [("n", 1257.0), ("nn", 2514.0), ("4", 1171.0)] {
            let expected = units / 2048.0 * 16.0;
            let width = drawn_width(text, 16.0, false);
            assert!(
                (width - expected).abs() < 1e-3,
                "{text}: {width} against {expected}"
            );
        }
    }

    #[test]
    fn layouts_reserve_what_the_widest_font_takes() {
        // DejaVu Sans: "n" has 1298 of 2048 units an em.
        for text in [
            "n",
            "4",
            "Faint: 116 trials. Bold: mean ± 1 sd",
            "MIG · exact",
        ] {
            for bold in [false, true] {
                assert!(drawn_width(text, 16.0, bold) <= text_width(text, 16.0, bold));
            }
        }
        assert!((text_width("nn", 16.0, false) - 2.0 * 0.634 * 16.0).abs() < 1e-9);
    }

    #[test]
    fn the_fonts_have_every_sign_that_figures_write() {
        for bold in [false, true] {
            for c in "βγλτ ±−–·×=.,…0123456789%()/³²".chars() {
                assert_ne!(font(bold).glyph_id(c).0, 0, "{c} is missing (bold: {bold})");
            }
        }
    }
}
