//! What the elements of `imgs` are, and how they become bytes without a loss.

use crate::arrays::{ArrayFault, ArrayReader, Element, NpzError, of_type};

/// How far a float may be off a 255th and still be meant as one: single precision is a tenth of it.
const TOLERANCE: f64 = 1e-6;

/// Of which type the elements are, and which byte each of them stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PixelType {
    /// NumPy's type string.
    descr: String,
    scale: Scale,
}

/// What a number stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// The byte that it is.
    Whole,
    /// As many 255ths.
    Parts,
}

impl PixelType {
    /// Of an array of bytes or booleans; none of an array of other numbers, which have to be seen first.
    pub(super) fn of(array: &ArrayReader<'_>) -> Result<Option<Self>, NpzError> {
        let descr = array.descr();
        if matches!(descr, "|u1" | "|b1") {
            return Ok(Some(Self {
                descr: descr.to_owned(),
                scale: Scale::Whole,
            }));
        }
        of_type!(
            descr,
            _T => Ok(None),
            _ => Err(array.wrong_dtype("uint8", conversion(descr)))
        )
    }

    /// Of an array of numbers, all of which are looked at.
    ///
    /// # Errors
    /// Where they are neither bytes nor 255ths; the sentence says what makes bytes of such numbers.
    pub(super) fn seen(array: ArrayReader<'_>) -> Result<Self, NpzError> {
        let (descr, place) = (array.descr().to_owned(), array.place());
        let mut seen = Seen::default();
        array.each_number(|_, value| {
            seen.add(value);
            Ok(())
        })?;
        match seen.scale() {
            Some(scale) => Ok(Self { descr, scale }),
            None => Err(place.fault(ArrayFault::Pixels {
                values: seen.values(),
                remedy: seen.remedy(),
                found: descr,
            })),
        }
    }

    /// NumPy's type string.
    pub(super) fn descr(&self) -> &str {
        &self.descr
    }

    /// Bytes of an element.
    pub(super) fn width(&self) -> usize {
        of_type!(self.descr.as_str(), T => size_of::<T>(), _ => 1)
    }

    pub(super) fn is_bool(&self) -> bool {
        self.descr == "|b1"
    }

    /// Writes the byte that each element of `raw` stands for; elements of one byte that stand for themselves are in
    /// `out` already.
    pub(super) fn to_bytes(&self, raw: &[u8], out: &mut [u8]) {
        if self.width() == 1 {
            return;
        }
        let factor = match self.scale {
            Scale::Whole => 1.0,
            Scale::Parts => 255.0,
        };
        of_type!(
            self.descr.as_str(),
            T => for (out, value) in out.iter_mut().zip(T::decode(raw)) {
                *out = (value.to_f64() * factor).round() as u8;
            },
            _ => ()
        );
    }

    /// What to say of numbers that are no bytes.
    pub(super) fn note(&self) -> Option<String> {
        if matches!(self.descr.as_str(), "|u1" | "|b1") {
            return None;
        }
        let values = match self.scale {
            Scale::Whole => "whole numbers from 0 to 255",
            Scale::Parts => "255ths from 0 to 1",
        };
        let descr = &self.descr;
        Some(format!(
            "imgs has the dtype '{descr}'; its values are {values} and are read as bytes"
        ))
    }
}

/// How to make numbers of elements that are none, or none that are read.
fn conversion(descr: &str) -> &'static str {
    match descr.trim_start_matches(['<', '|']) {
        "f2" => {
            "x.astype(np.float32) keeps the values; if these cannot be used, the next message has a conversion to bytes"
        }
        descr if descr.starts_with('f') => {
            "x.astype(np.float64) keeps 16 digits of the values; if these cannot be used, the next message has a conversion to bytes"
        }
        descr if descr.starts_with('c') => {
            "write its real part, its absolute values or its phases as bytes"
        }
        _ => "write the pixels as bytes, 0 black and 255 white",
    }
}

/// What has been seen of the elements.
struct Seen {
    lowest: f64,
    highest: f64,
    /// All are whole numbers.
    are_whole: bool,
    /// All are 255ths, from 0 to 1.
    are_parts: bool,
    /// How many are NaN or infinite.
    n_not_finite: u64,
}

impl Default for Seen {
    fn default() -> Self {
        Self {
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
            are_whole: true,
            are_parts: true,
            n_not_finite: 0,
        }
    }
}

impl Seen {
    fn add(&mut self, value: f64) {
        if !value.is_finite() {
            self.n_not_finite += 1;
            return;
        }
        self.lowest = self.lowest.min(value);
        self.highest = self.highest.max(value);
        self.are_whole &= value.fract() == 0.0;
        let part = 255.0 * value;
        self.are_parts &= (0.0..=255.0).contains(&part.round())
            && (part - part.round()).abs() <= 255.0 * TOLERANCE;
    }

    /// Which bytes they are, if all are some.
    fn scale(&self) -> Option<Scale> {
        if 0 < self.n_not_finite {
            return None;
        }
        let are_bytes = self.are_whole && 0.0 <= self.lowest && self.highest <= 255.0;
        match (are_bytes, self.are_parts) {
            (true, _) => Some(Scale::Whole),
            (false, true) => Some(Scale::Parts),
            (false, false) => None,
        }
    }

    /// In words.
    fn values(&self) -> String {
        let what = if self.are_whole {
            "whole numbers"
        } else {
            "values"
        };
        match self.n_not_finite {
            0 => format!(
                "{what} from {} to {}",
                shown(self.lowest),
                shown(self.highest)
            ),
            n => format!("{n} pixels that are NaN or infinite"),
        }
    }

    /// What makes bytes of them that show the same.
    fn remedy(&self) -> String {
        let (lowest, highest) = (self.lowest, self.highest);
        if 0 < self.n_not_finite {
            return "correct these pixels, because no byte represents them; np.argwhere(~np.isfinite(imgs)) lists them".to_owned();
        }
        // A fixed scale is advised only where it leaves many shades.
        let spans = |of: f64| MIN_SPAN * of <= highest - lowest;
        if self.are_whole && (-128.0..-1.0).contains(&lowest) && highest <= 127.0 && spans(255.0) {
            return "write (imgs.astype(np.int16) + 128).astype(np.uint8) if -128 is black"
                .to_owned();
        }
        if self.are_whole && 0.0 <= lowest && spans(highest) {
            return format!(
                "write (imgs * (255 / {white})).round().astype(np.uint8) if {white} is white; .astype alone would keep \
                 only the lowest 8 bits",
                white = shown(highest)
            );
        }
        let within = |low: f64, high: f64| {
            let beyond = OVERSHOOT * (high - low);
            low - beyond <= lowest && highest <= high + beyond && spans(high - low)
        };
        let images = |low: f64, high: f64| match low <= lowest && highest <= high {
            true => "imgs".to_owned(),
            false => format!("imgs.clip({low}, {high})"),
        };
        if within(0.0, 1.0) {
            return format!(
                "write (255 * {}).round().astype(np.uint8) if 1 is white; .astype alone would make all pixels below 1 black",
                images(0.0, 1.0)
            );
        }
        if within(-1.0, 1.0) && lowest < -0.5 {
            return format!(
                "write (127.5 * ({} + 1)).round().astype(np.uint8) if -1 is black and 1 is white; .astype alone would \
                 make nearly all pixels black",
                images(-1.0, 1.0)
            );
        }
        if within(0.0, 255.0) {
            return format!(
                "write {}.round().astype(np.uint8) if 255 is white",
                images(0.0, 255.0)
            );
        }
        "scale it so that 0 is black and 255 is white: np.interp(imgs, [imgs.min(), imgs.max()], [0, \
         255]).round().astype(np.uint8) spreads the values over all 256 shades"
            .to_owned()
    }
}

/// How far values may lie beyond a range, as a share of it, and still be taken to be of it: resizing overshoots a
/// little.
const OVERSHOOT: f64 = 0.05;

/// The least share of a range that values of it span.
const MIN_SPAN: f64 = 0.4;

/// A number with as many digits as single precision has, if it is not whole.
fn shown(value: f64) -> String {
    match value.abs() {
        1e9.. => format!("{value:e}"),
        _ if value.fract() == 0.0 => value.to_string(),
        _ => (value as f32).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(values: &[f64]) -> Seen {
        let mut seen = Seen::default();
        values.iter().for_each(|value| seen.add(*value));
        seen
    }

    #[test]
    fn numbers_that_are_bytes_are_told_from_those_that_are_not() {
        assert_eq!(seen(&[0.0, 17.0, 255.0]).scale(), Some(Scale::Whole));
        assert_eq!(
            seen(&[0.0, 1.0]).scale(),
            Some(Scale::Whole),
            "binary images"
        );
        let parts: Vec<f64> = (0..=255)
            .map(|part| f64::from(part as f32 / 255.0))
            .collect();
        assert_eq!(seen(&parts).scale(), Some(Scale::Parts));
        for others in [
            &[0.0, 0.9] as &[f64],
            &[0.0, 256.0],
            &[-1.0, 1.0],
            &[0.0, 0.5, 255.0],
            &[0.0, f64::NAN],
            &[f64::INFINITY],
        ] {
            assert_eq!(seen(others).scale(), None, "{others:?}");
        }
    }

    #[test]
    fn numbers_are_as_short_as_they_can_be() {
        let single = f64::from(0.9_f32);
        let values = [single, 4095.0, -1.0, 0.25, 16_777_217.0, -1e300];
        let expected = ["0.9", "4095", "-1", "0.25", "16777217", "-1e300"];
        assert_eq!(values.map(shown), expected);
    }

    #[test]
    fn the_remedy_is_that_of_the_range() {
        let cases: [(&[f64], &str); 15] = [
            (&[0.0, 0.9], "(255 * imgs).round().astype(np.uint8)"),
            // An overshoot, as resizing makes it.
            (&[-0.01, 1.000_000_5], "(255 * imgs.clip(0, 1)).round()"),
            (&[-1.0, 0.3, 1.0], "(127.5 * (imgs + 1)).round()"),
            (&[-1.01, 1.0], "(127.5 * (imgs.clip(-1, 1) + 1)).round()"),
            (&[0.0, 0.5, 254.5], "write imgs.round()"),
            (
                &[-2.1, 2.6],
                "np.interp(imgs, [imgs.min(), imgs.max()], [0, 255])",
            ),
            (&[0.0, 4095.0], "(imgs * (255 / 4095)).round()"),
            (&[-128.0, 127.0], "(imgs.astype(np.int16) + 128)"),
            (&[0.0, f64::NAN], "np.isfinite"),
            // Of which a fixed scale would leave few shades, or none.
            (&[0.0, 0.001], "np.interp"),
            (&[0.0, 0.5, 2.0], "np.interp"),
            (&[0.0, 9.5], "np.interp"),
            (&[1000.0, 1001.0], "np.interp"),
            (&[-5.0, 0.0], "np.interp"),
            (&[-1.0, 256.0], "write imgs.clip(0, 255).round()"),
        ];
        for (values, expected) in cases {
            let remedy = seen(values).remedy();
            assert!(remedy.contains(expected), "{values:?}: {remedy}");
        }
    }
}
