//! The `.npy` header: element type, order and shape.
//!
//! NumPy's format, versions 1 to 3: a magic string, a length, and a Python dictionary in text,
//! such as `{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4), }`. Parsed by hand, because
//! nothing but this very dictionary is wanted: no Python expressions, no nesting to run deep.

use std::io::{self, Read};

/// The longest header text that is read, as in NumPy itself.
const MAX_TEXT: usize = 10_000;

/// The most axes that an array has in NumPy.
const MAX_AXES: usize = 64;

/// Longer than any type string of a single value.
const MAX_DESCR: usize = 32;

pub(super) const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// What a header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// NumPy's type string, such as `|u1` or `<i8`; `|O` for pickled objects. Of a structure its list of fields.
    pub descr: String,
    /// Whether the first index is the fastest.
    pub fortran_order: bool,
    /// Lengths of the axes.
    pub shape: Vec<u64>,
}

/// Why a header cannot be read.
#[derive(Debug)]
pub enum HeaderFault {
    /// It could not be read to its end.
    Read(io::Error),
    /// It is no such header, for this reason.
    Text(String),
}

impl From<io::Error> for HeaderFault {
    fn from(error: io::Error) -> Self {
        Self::Read(error)
    }
}

impl Header {
    /// Reads a header, and says how many bytes it took.
    ///
    /// # Errors
    /// When it ends early, is longer than NumPy's own limit, or says anything but dtype, order and shape.
    pub fn read(from: &mut impl Read) -> Result<(Self, u64), HeaderFault> {
        let mut start = [0; 8];
        from.read_exact(&mut start)?;
        if &start[..6] != MAGIC {
            return Err(HeaderFault::Text("the magic string is missing".into()));
        }
        let mut length = [0; 4];
        let n_length = match start[6] {
            1 => 2,
            2 | 3 => 4,
            other => return Err(HeaderFault::Text(format!("version {other} is unknown"))),
        };
        from.read_exact(&mut length[..n_length])?;
        let n_text = u32::from_le_bytes(length) as usize;
        if n_text > MAX_TEXT {
            return Err(HeaderFault::Text(format!("it is {n_text} bytes long")));
        }
        let mut text = vec![0; n_text];
        from.read_exact(&mut text)?;
        let header = std::str::from_utf8(&text)
            .ok()
            .and_then(parse)
            .filter(|header| {
                let is_short = header.descr.len() <= MAX_DESCR || header.is_of_fields();
                is_short && header.shape.len() <= MAX_AXES
            })
            .ok_or_else(|| HeaderFault::Text(describe(&text)))?;
        Ok((header, (start.len() + n_length + n_text) as u64))
    }

    /// The header as NumPy writes it, padded to a multiple of 64 bytes.
    ///
    /// # Panics
    /// When there are thousands of axes, which no array has.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut shape: String = self.shape.iter().map(|n| format!("{n}, ")).collect();
        if 1 < self.shape.len() {
            shape.truncate(shape.len() - 2);
        }
        let order = if self.fortran_order { "True" } else { "False" };
        let mut text = format!(
            "{{'descr': '{}', 'fortran_order': {order}, 'shape': ({}), }}",
            self.descr,
            shape.trim_end()
        );
        let n_before = MAGIC.len() + 4;
        let padded = (n_before + text.len() + 1).next_multiple_of(64);
        text.extend(std::iter::repeat_n(' ', padded - n_before - text.len() - 1));
        text.push('\n');
        let length = u16::try_from(text.len()).expect("a type and a few axes fit 64 KiB");
        let mut bytes = MAGIC.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(length.to_le_bytes());
        bytes.extend(text.bytes());
        bytes
    }

    /// Whether its elements are structures of several fields.
    pub(super) fn is_of_fields(&self) -> bool {
        self.descr.starts_with('[')
    }

    /// Whether its elements are, or hold, Python objects.
    pub(super) fn is_of_objects(&self) -> bool {
        match self.is_of_fields() {
            // A field's name may hold any letter.
            true => self.descr.contains("'|O'"),
            false => self.descr.contains('O'),
        }
    }

    /// Whether the size of an element is known, as it is of all types of which arrays are read.
    pub(super) fn is_of_known_size(&self) -> bool {
        element_bytes(&self.descr).is_some()
    }

    /// Bytes of all elements; `None` when that overflows or the type has no known size.
    #[must_use]
    pub fn n_bytes(&self) -> Option<u64> {
        let element = element_bytes(&self.descr)?;
        self.shape
            .iter()
            .try_fold(element, |n, &axis| n.checked_mul(axis))
    }
}

/// Bytes of one element; `None` for types of no fixed size or unknown spelling.
fn element_bytes(descr: &str) -> Option<u64> {
    let plain = descr.strip_prefix(['<', '>', '|', '=']).unwrap_or(descr);
    let (kind, count) = plain.split_at_checked(1)?;
    let count: u64 = count.parse().ok()?;
    match kind {
        "b" | "i" | "u" | "f" | "c" | "S" => Some(count),
        "U" => count.checked_mul(4),
        _ => None,
    }
}

/// The start of a header that could not be parsed, for the message.
fn describe(text: &[u8]) -> String {
    let shown: String = String::from_utf8_lossy(text)
        .trim()
        .chars()
        .take(80)
        .collect();
    format!("it reads {shown:?}")
}

fn parse(text: &str) -> Option<Header> {
    let mut rest = eat(text, "{")?;
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    while eat(rest, "}").is_none() {
        let (key, after) = quoted(rest)?;
        let after = eat(after, ":")?;
        rest = match key {
            "descr" => {
                let (value, after) = quoted(after).or_else(|| list(after))?;
                descr = Some(value.to_owned());
                after
            }
            "fortran_order" => {
                let yes = eat(after, "True");
                fortran_order = Some(yes.is_some());
                yes.or_else(|| eat(after, "False"))?
            }
            "shape" => {
                let (value, after) = tuple(after)?;
                shape = Some(value);
                after
            }
            _ => return None,
        };
        rest = eat(rest, ",").unwrap_or(rest);
    }
    eat(rest, "}")?.trim().is_empty().then_some(())?;
    Some(Header {
        descr: descr?,
        fortran_order: fortran_order?,
        shape: shape?,
    })
}

/// What follows `token`, if the text starts with it, blanks apart.
fn eat<'a>(text: &'a str, token: &str) -> Option<&'a str> {
    text.trim_start().strip_prefix(token)
}

/// A quoted word without escapes, and what follows it.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

/// A list as it is written, and what follows it.
fn list(text: &str) -> Option<(&str, &str)> {
    let text = text.trim_start();
    let (mut depth, mut open_quote) = (0_usize, None);
    for (at, c) in text.char_indices() {
        match (open_quote, c) {
            (Some(quote), _) if quote == c => open_quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => open_quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth = depth.checked_sub(1)?,
            (None, _) => {}
        }
        if depth == 0 {
            return (c == ']').then(|| text.split_at(at + 1));
        }
    }
    None
}

/// A tuple of lengths, and what follows it. Python 2 may have written `3L` for 3.
fn tuple(text: &str) -> Option<(Vec<u64>, &str)> {
    let (inside, after) = eat(text, "(")?.split_once(')')?;
    let mut parts: Vec<&str> = inside.split(',').map(str::trim).collect();
    // A trailing comma, or nothing between the parentheses.
    if parts.last().is_some_and(|last| last.is_empty()) {
        parts.pop();
    }
    let number = |part: &&str| part.strip_suffix('L').unwrap_or(part).parse().ok();
    Some((parts.iter().map(number).collect::<Option<_>>()?, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(descr: &str, shape: &[u64]) -> Header {
        Header {
            descr: descr.into(),
            fortran_order: false,
            shape: shape.to_vec(),
        }
    }

    #[test]
    fn what_is_written_is_read() {
        for header in [
            header("|u1", &[737_280, 64, 64]),
            header("<f8", &[7]),
            header("|O", &[]),
        ] {
            let bytes = header.to_bytes();
            assert_eq!(bytes.len() % 64, 0);
            let (read, n) = Header::read(&mut bytes.as_slice()).unwrap();
            assert_eq!((read, n), (header, bytes.len() as u64));
        }
    }

    #[test]
    fn written_as_numpy_writes_it() {
        let text = |shape: &[u64]| {
            let bytes = header("|u1", shape).to_bytes();
            String::from_utf8_lossy(&bytes[10..]).trim_end().to_owned()
        };
        let expected = "{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4), }";
        assert_eq!(text(&[3, 4]), expected);
        assert_eq!(text(&[3]), expected.replace("(3, 4)", "(3,)"));
        assert_eq!(text(&[]), expected.replace("(3, 4)", "()"));
    }

    #[test]
    fn other_spellings_are_understood() {
        let expected = Some(header("<i8", &[3, 4]));
        assert_eq!(
            parse("{'shape': (3L, 4L), 'fortran_order': False, 'descr': '<i8'}"),
            expected
        );
        assert_eq!(
            parse("{\"descr\":\"<i8\",\"fortran_order\":False,\"shape\":(3,4,)} \n"),
            expected
        );
    }

    #[test]
    fn a_structure_is_its_list_of_fields() {
        let fields = "[('a]', '<i8'), ('b', [('c', '|O')])]";
        let text = format!("{{'descr': {fields}, 'fortran_order': False, 'shape': (3,), }}");
        let found = parse(&text).unwrap();
        assert_eq!(found, header(fields, &[3]));
        assert!(found.is_of_fields() && found.is_of_objects() && !found.is_of_known_size());
        assert!(!header("[('O', '<i8')]", &[]).is_of_objects());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "{}",
            "{'descr': '<i8', 'fortran_order': False}",
            "{'descr': [('a', '<i8'), 'fortran_order': False, 'shape': (3,), }",
            "{'descr': ], 'fortran_order': False, 'shape': (3,), }",
            "{'descr': '<i8', 'fortran_order': 0, 'shape': (3,), }",
            "{'descr': '<i8', 'fortran_order': False, 'shape': (-3,), }",
            "{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999999999999,), }",
            "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), } + 1",
            "{'descr': '<i8', 'fortran_order': False, 'shape': ((((((",
            "{'é",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_header_of_four_gigabytes_is_not_allocated() {
        let bytes = [MAGIC.as_slice(), &[2, 0], &u32::MAX.to_le_bytes()].concat();
        let fault = Header::read(&mut bytes.as_slice()).unwrap_err();
        assert!(matches!(fault, HeaderFault::Text(text) if text.contains("4294967295")));
    }

    #[test]
    fn no_header_makes_a_message_endless() {
        for header in [header("|u1", &[1; 65]), header(&"0".repeat(33), &[1])] {
            let fault = Header::read(&mut header.to_bytes().as_slice()).unwrap_err();
            assert!(matches!(fault, HeaderFault::Text(text) if text.len() < 200));
        }
    }

    #[test]
    fn sizes_in_bytes() {
        let size = |descr, shape| header(descr, shape).n_bytes();
        assert_eq!(size("|u1", &[3, 4]), Some(12));
        assert_eq!(size("<i8", &[5]), Some(40));
        assert_eq!(size("<U12", &[]), Some(48));
        assert_eq!(size("|O", &[]), None);
        assert_eq!(size("|u1", &[u64::MAX, 2]), None);
    }
}
