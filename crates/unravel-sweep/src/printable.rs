//! Texts from files and from other programs, made harmless for a terminal, a table and a page.
//!
//! A name in a stranger's file may hold an escape sequence that clears the screen, renames the window or answers for
//! the user, and a bidirectional override that shows a text in another order than it has. Such characters are printed
//! as visible escapes, for example `\u{1b}`. XML and HTML, which may not hold most of them, get U+FFFD in their place.

use std::borrow::Cow;
use std::ops::Range;

/// Whether a terminal may obey the character in place of showing it: control characters save line ends and tabs, and
/// the marks that change the direction of a text.
fn is_harmful(character: char) -> bool {
    let is_layout = matches!(character, '\n' | '\t');
    let is_of_direction = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    (character.is_control() && !is_layout) || is_of_direction
}

/// The text with U+FFFD, the sign of a character that cannot be shown, for harmful characters. Line ends and tabs stay.
#[must_use]
pub fn markup(text: &str) -> Cow<'_, str> {
    match text.contains(is_harmful) {
        true => Cow::Owned(text.replace(is_harmful, "\u{fffd}")),
        false => Cow::Borrowed(text),
    }
}

/// The text with visible escapes for harmful characters. Line ends and tabs stay.
#[must_use]
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(text, is_harmful)
}

/// As [`text`], for a place that has one line: line ends and tabs are escaped as well.
#[must_use]
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |character| {
        is_harmful(character) || character.is_control()
    })
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut harmless = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match is_escaped(character) {
            true => harmless.extend(character.escape_unicode()),
            false => harmless.push(character),
        }
    }
    Cow::Owned(harmless)
}

/// JSON that means the same, with harmful characters as JSON's own escapes. JSON has them in strings only.
#[must_use]
pub fn json(json: &str) -> Cow<'_, str> {
    if !json.contains(is_harmful) {
        return Cow::Borrowed(json);
    }
    let mut harmless = String::with_capacity(json.len() + 8);
    for character in json.chars() {
        match is_harmful(character) {
            // All of them are below U+10000.
            true => harmless.push_str(&format!("\\u{:04x}", u32::from(character))),
            false => harmless.push(character),
        }
    }
    Cow::Owned(harmless)
}

/// A whole file and a place in it, in bytes: the file with visible escapes, and where the place is then. Line ends of
/// either kind stay.
#[must_use]
pub fn source(text: &str, place: Range<usize>) -> (String, Range<usize>) {
    let mut harmless = String::with_capacity(text.len());
    let mut moved = None::<usize>..None::<usize>;
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        if place.start <= at {
            moved.start.get_or_insert(harmless.len());
        }
        if place.end <= at {
            moved.end.get_or_insert(harmless.len());
        }
        let is_line_end = character == '\r' && characters.peek().is_some_and(|next| next.1 == '\n');
        match is_harmful(character) && !is_line_end {
            true => harmless.extend(character.escape_unicode()),
            false => harmless.push(character),
        }
    }
    let end = harmless.len();
    (
        harmless,
        moved.start.unwrap_or(end)..moved.end.unwrap_or(end),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clears the screen, sets the title, in C1 too, and turns the direction.
    const HOSTILE: &str = "a\u{1b}[2Jb\u{9d}0;t\u{7}\r\u{7f}\u{202e}c\u{2066}";

    #[test]
    fn what_steers_a_terminal_becomes_visible() {
        let expected = r"a\u{1b}[2Jb\u{9d}0;t\u{7}\u{d}\u{7f}\u{202e}c\u{2066}";
        assert_eq!(text(HOSTILE), expected);
        assert_eq!(line(HOSTILE), expected);
        assert_eq!(line("a\nb\tc"), r"a\u{a}b\u{9}c");
        let sign = "\u{fffd}";
        let expected = format!("a{sign}[2Jb{sign}0;t{sign}{sign}{sign}{sign}c{sign}");
        assert_eq!(markup(HOSTILE), expected);
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for usual in ["β-VAE β=4 ± 1\n\tπ → 10 %", "日本語", "עברית", ""] {
            assert!(matches!(text(usual), Cow::Borrowed(same) if same == usual));
        }
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ HOSTILE: [HOSTILE, 1.5] });
        let printed = format!("{value:#}");
        let harmless = json(&printed);
        assert!(!harmless.contains(is_harmful));
        assert_eq!(
            serde_json::from_str::<serde_json::Value>(&harmless).unwrap(),
            value
        );
    }

    #[test]
    fn a_place_in_a_file_stays_with_its_text() {
        let file = "x = 1\r\ny\u{1b} = \"\u{202e}z\"\r\n";
        let place = file.find('"').unwrap()..file.rfind('"').unwrap() + 1;
        let (harmless, moved) = source(file, place);
        assert_eq!(harmless, "x = 1\r\ny\\u{1b} = \"\\u{202e}z\"\r\n");
        assert_eq!(&harmless[moved], "\"\\u{202e}z\"");
        let (harmless, moved) = source(file, file.len()..file.len());
        assert_eq!(moved, harmless.len()..harmless.len());
    }
}
