//! Fits text into a width: shrinks it, cuts it, or breaks it into lines.

use crate::paint::text_width;
use crate::scene::{Anchor, Point, Scene, TextStyle};

/// Text is shrunk to at least this share of its size. Text that is still too wide is cut.
const SMALLEST: f64 = 0.72;
/// Replaces the part that was cut.
const ELLIPSIS: char = '…';

/// The style, shrunk if the text would be wider than `width`.
pub fn fitting(text: &str, style: TextStyle, width: f64) -> TextStyle {
    let share = width / text_width(text, style.size, style.bold).max(f64::MIN_POSITIVE);
    TextStyle {
        size: style.size * share.clamp(SMALLEST, 1.0),
        ..style
    }
}

/// The part of the text that fits into `width`, followed by `…`; the whole text if it fits.
pub fn cut(text: &str, style: TextStyle, width: f64) -> String {
    let of = |text: &str| text_width(text, style.size, style.bold);
    // A text that was shrunk to fit exactly can be wider by a rounding error.
    if of(text) <= width + 1e-6 {
        return text.to_owned();
    }
    let room = width - of(&ELLIPSIS.to_string());
    let mut used = 0.0;
    let is_in = |character: &char| {
        used += of(character.encode_utf8(&mut [0; 4]));
        used <= room
    };
    let kept: String = text.chars().take_while(is_in).collect();
    format!("{}{ELLIPSIS}", kept.trim_end())
}

/// The text followed by `tail`. If both do not fit into `width` even at the smallest size, the text before the tail is
/// cut.
pub fn cut_before(tail: &str, text: &str, style: TextStyle, width: f64) -> String {
    let smallest = TextStyle {
        size: style.size * SMALLEST,
        ..style
    };
    let room = width - text_width(tail, smallest.size, style.bold);
    format!("{}{tail}", cut(text, smallest, room))
}

/// Adds a line of text that is at most `width` wide.
pub fn text_within(
    scene: &mut Scene,
    at: Point,
    text: &str,
    (style, anchor): (TextStyle, Anchor),
    width: f64,
) {
    let style = fitting(text, style, width);
    scene.text(at, cut(text, style, width), style, anchor);
}

/// The text in lines of at most `width`, broken between words. A word that is wider than `width` is cut.
pub fn wrapped(text: &str, style: TextStyle, width: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let longer = lines.last().map(|line| format!("{line} {word}"));
        match (lines.last_mut(), longer) {
            (Some(line), Some(longer)) if text_width(&longer, style.size, style.bold) <= width => {
                *line = longer;
            }
            _ => lines.push(cut(word, style, width)),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::style::{TEXT, size};

    const TITLE: &str = "Total correlation (discriminator's estimate), nats per image (log scale)";

    fn width(text: &str, style: TextStyle) -> f64 {
        text_width(text, style.size, style.bold)
    }

    #[test]
    fn long_words_shrink_to_fit_and_short_ones_stay() {
        let style = fitting(TITLE, TextStyle::title(), 540.0);
        assert!((width(TITLE, style) - 540.0).abs() < 1e-6);
        assert_eq!(cut(TITLE, style, 540.0), TITLE);
        assert_eq!(
            fitting("MIG", TextStyle::title(), 500.0),
            TextStyle::title()
        );
    }

    #[test]
    fn what_would_become_too_small_is_cut() {
        let style = TextStyle::new(size::TICK, TEXT);
        for text in [TITLE.repeat(3), "超".repeat(90), "i".repeat(5000)] {
            for room in [90.0, 200.0, 500.0] {
                let mut scene = Scene::new(600.0, 20.0);
                text_within(&mut scene, (0.0, 10.0), &text, (style, Anchor::Start), room);
                let Some(crate::scene::Mark::Text { text, style, .. }) = scene.marks.last() else {
                    panic!("no text");
                };
                assert!(width(text, *style) <= room + 1e-6 && text.ends_with('…'));
                assert!(room - 20.0 < width(text, *style), "{text} could be longer");
                assert!(size::TICK * SMALLEST <= style.size + 1e-9);
            }
        }
        assert_eq!(cut("abc", style, 0.0), "…");
        let whole = cut_before(" 10", &TITLE.repeat(3), style, 200.0);
        assert!(whole.ends_with("… 10"), "{whole}");
        assert_eq!(cut(&whole, fitting(&whole, style, 200.0), 200.0), whole);
        assert_eq!(cut_before(" 10", "MIG", style, 200.0), "MIG 10");
    }

    #[test]
    fn lines_break_between_words_and_keep_all_of_them() {
        let style = TextStyle::new(size::NOTE, TEXT);
        let text = format!("{TITLE}. {TITLE}.");
        let lines = wrapped(&text, style, 300.0);
        assert!(2 < lines.len());
        assert!(lines.iter().all(|line| width(line, style) <= 300.0));
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrapped("", style, 300.0), Vec::<String>::new());
        assert!(wrapped(&"x".repeat(200), style, 300.0)[0].ends_with('…'));
    }
}
