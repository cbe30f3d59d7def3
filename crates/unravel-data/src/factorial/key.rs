//! Factor values as keys: 64-bit integers that differ where the values differ.

use crate::arrays::{ArrayFault, ArrayReader, Element, NpzError};

/// The largest whole number up to which every one is a float64.
const MAX_WHOLE: f64 = 9_007_199_254_740_992.0;

/// What makes class numbers of values that are none.
const NUMBERING: &str = "convert it to class indices with np.unique(x, return_inverse=True)[1].reshape(x.shape); .astype would \
                         merge different values";

/// What makes numbers of texts. The order of texts is not that of the numbers in them.
const TEXT: &str = "convert numbers in text with x.astype(np.float64), and names of classes with \
                    np.unique(x, return_inverse=True)[1].reshape(x.shape)";

/// Which values a table may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Accepted {
    /// Integers, booleans, and floats that are whole numbers.
    Whole {
        /// What to do about other numbers.
        remedy: &'static str,
    },
    /// The same, and every finite float.
    Real,
}

impl Accepted {
    /// Class numbers, of which nothing else can be made here.
    pub(super) const CLASSES: Self = Self::Whole { remedy: NUMBERING };
    /// Class numbers, where numbers of other kinds can be put into bins.
    pub(super) const OR_BINS: Self = Self::Whole {
        remedy: "for a continuous factor, use --factor-bins 20; for classes, convert the column with \
                 numpy.unique(column, return_inverse=True)[1]",
    };
}

/// How the values of one array become keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keys {
    /// Integers are their own keys.
    Signed,
    /// Integers of which those above `i64::MAX` wrap around.
    Unsigned,
    /// Floats that are whole numbers, as integers.
    Whole {
        /// What to do about others.
        remedy: &'static str,
    },
    /// Floats by their bits, in the order of the numbers.
    Real,
}

impl Keys {
    /// The keys of this array.
    ///
    /// # Errors
    /// When its dtype is not accepted.
    pub(super) fn of(array: &ArrayReader<'_>, accepted: Accepted) -> Result<Self, NpzError> {
        let is_float = [f32::DESCR, f64::DESCR].contains(&array.descr());
        match (is_float, accepted) {
            (true, Accepted::Whole { remedy }) => Ok(Self::Whole { remedy }),
            (true, Accepted::Real) => Ok(Self::Real),
            _ if array.descr() == u64::DESCR => Ok(Self::Unsigned),
            (false, _) if array.is_of_integers() => Ok(Self::Signed),
            _ => {
                let is_of_floats = array.descr().trim_start_matches('<').starts_with('f');
                let is_text = array.descr().contains(['U', 'S']);
                let remedy = match (is_of_floats, is_text) {
                    (true, _) => array.to_floats(),
                    (_, true) => TEXT,
                    _ => NUMBERING,
                };
                Err(array.wrong_dtype("a little-endian integer, float32 or float64", remedy))
            }
        }
    }

    /// Calls `each` with the place, rows first, and the key of every value of an array with `n_columns` columns.
    ///
    /// # Errors
    /// When the array is damaged, a float has no key, and what `each` returns.
    pub(super) fn each(
        self,
        array: ArrayReader<'_>,
        n_columns: usize,
        mut each: impl FnMut(usize, i64) -> Result<(), ArrayFault>,
    ) -> Result<(), NpzError> {
        if matches!(self, Self::Signed | Self::Unsigned) {
            return array.each_integer(each);
        }
        let dtype = array.descr().to_owned();
        array.each_float(|at, value| {
            let (row, column) = (at / n_columns, at % n_columns);
            if !value.is_finite() {
                return Err(ArrayFault::NotFinite { row, column, value });
            }
            let Self::Whole { remedy } = self else {
                return each(at, sortable(value));
            };
            if value.fract() != 0.0 || MAX_WHOLE < value.abs() {
                let dtype = dtype.clone();
                return Err(ArrayFault::NotWhole {
                    dtype,
                    row,
                    column,
                    value,
                    remedy,
                });
            }
            each(at, value as i64)
        })
    }

    /// The number that has this key, rounded to float64.
    pub(super) fn number(self, key: i64) -> f64 {
        match self {
            Self::Signed | Self::Whole { .. } => key as f64,
            Self::Unsigned => key.cast_unsigned() as f64,
            Self::Real => f64::from_bits(flipped(key).cast_unsigned()),
        }
    }
}

/// The bits of a number, as an integer that is larger for a larger number; zero has one key, whatever its sign.
fn sortable(value: f64) -> i64 {
    flipped((value + 0.0).to_bits().cast_signed())
}

/// All bits but the sign flipped where that is negative: its own inverse.
fn flipped(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_in_the_order_of_the_numbers_and_lead_back_to_them() {
        let ascending = [
            f64::MIN,
            -1.5,
            -1.0,
            -f64::from_bits(1),
            0.0,
            f64::MIN_POSITIVE,
            0.25,
            1e300,
            f64::MAX,
        ];
        let keys = ascending.map(sortable);
        assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
        assert_eq!(keys.map(|key| Keys::Real.number(key)), ascending);
        assert_eq!(sortable(-0.0), sortable(0.0));
        assert_eq!(Keys::Unsigned.number(-1), u64::MAX as f64);
    }
}
