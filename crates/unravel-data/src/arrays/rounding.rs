//! What rounding float64 to float32 does to the columns of a matrix.

use super::elements::Element;
use super::fault::NpzError;
use super::reader::ArrayReader;

/// The rounding errors of a column, as a share of its standard deviation (root mean square), from which on differences
/// between its rows are lost.
const LOSS: f64 = 1e-3;

/// One column of float64, beside the same as float32.
#[derive(Clone, Copy, Debug)]
pub struct Rounding {
    lo: f64,
    hi: f64,
    n: f64,
    /// Sums of the distances to the first value, and of their squares.
    sum: f64,
    squares: f64,
    /// Sum of the squared rounding errors.
    errors: f64,
    first: f64,
}

impl Rounding {
    fn new() -> Self {
        Self {
            lo: f64::INFINITY,
            hi: f64::NEG_INFINITY,
            n: 0.0,
            sum: 0.0,
            squares: 0.0,
            errors: 0.0,
            first: f64::NAN,
        }
    }

    fn add(&mut self, value: f64) {
        if self.n == 0.0 {
            self.first = value;
        }
        self.n += 1.0;
        (self.lo, self.hi) = (self.lo.min(value), self.hi.max(value));
        let distance = value - self.first;
        self.sum += distance;
        self.squares += distance * distance;
        self.errors += (value - f64::from(value as f32)).powi(2);
    }

    /// Whether two rows differ, as float64.
    #[must_use]
    pub fn varies(&self) -> bool {
        self.lo < self.hi
    }

    /// Whether the column varies and float32 moves its values by a thousandth of their standard deviation or more (root
    /// mean square), or makes all of them one.
    #[must_use]
    pub fn loses_differences(&self) -> bool {
        let squares = (self.squares - self.sum * self.sum / self.n).max(0.0);
        let is_one = self.lo as f32 == self.hi as f32;
        self.varies() && (is_one || LOSS * LOSS * squares < self.errors)
    }
}

impl ArrayReader<'_> {
    /// As [`Self::floats`] of a matrix with `n_columns` columns, and what rounding does to each of them: nothing to
    /// float32, of which there is none.
    ///
    /// # Errors
    /// As [`Self::values`].
    pub fn rounded(self, n_columns: usize) -> Result<(Vec<f32>, Vec<Rounding>), NpzError> {
        if self.descr() != f64::DESCR {
            return Ok((self.floats()?, Vec::new()));
        }
        let mut columns = vec![Rounding::new(); n_columns];
        let mut values = self.room(self.n_elements(), 0.0)?;
        self.each_float(|at, value| {
            values[at] = value as f32;
            columns[at % n_columns].add(value);
            Ok(())
        })?;
        Ok((values, columns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl IntoIterator<Item = f64>) -> [bool; 2] {
        let mut column = Rounding::new();
        values.into_iter().for_each(|value| column.add(value));
        [column.varies(), column.loses_differences()]
    }

    #[test]
    fn differences_that_are_small_beside_the_mean_are_lost() {
        let wave =
            |scale: f64, offset: f64| (0..1000).map(move |i| offset + scale * f64::from(i).sin());
        for (scale, offset) in [
            (1.0, 1e8),
            (1e-9, 1.0),
            (1.0, -1e5),
            (1e-60, 0.0),
            (1e-300, 0.0),
        ] {
            assert_eq!(of(wave(scale, offset)), [true, true], "{scale} {offset}");
        }
        for (scale, offset) in [
            (1.0, 0.0),
            (1.0, 1e3),
            (1e-9, 0.0),
            (1e-9, 1e-6),
            (1e8, 1.0),
        ] {
            assert_eq!(of(wave(scale, offset)), [true, false], "{scale} {offset}");
        }
        // Whole numbers that float32 has, however large; and a value that no float32 is, but that never changes.
        assert_eq!(of([1e8, 1e8 + 8.0]), [true, false]);
        assert_eq!(of([1e8, 1e8 + 1.0]), [true, true]);
        assert_eq!(of([0.1; 5]), [false, false]);
    }
}
