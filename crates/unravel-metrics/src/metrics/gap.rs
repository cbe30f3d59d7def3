//! The gap between the largest of some values and the second largest.

/// The position of the largest of some values, and its distance to the second largest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Gap {
    /// Position of the largest value, the first of them on a tie.
    pub(super) best: usize,
    /// The largest value minus the second largest, or minus zero if there is no second.
    pub(super) width: f64,
}

/// The gap of values that are at least zero.
pub(super) fn gap(values: impl Iterator<Item = f64>) -> Gap {
    let (mut best, mut largest, mut second) = (0, 0.0_f64, 0.0_f64);
    for (at, value) in values.enumerate() {
        if largest < value {
            (best, second, largest) = (at, largest, value);
        } else {
            second = second.max(value);
        }
    }
    Gap {
        best,
        width: largest - second,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_the_largest_is_best() {
        let found = |values: &[f64]| {
            let Gap { best, width } = gap(values.iter().copied());
            (best, width)
        };
        assert_eq!(found(&[1.0, 4.0, 3.0]), (1, 1.0));
        assert_eq!(found(&[4.0, 4.0]), (0, 0.0));
        assert_eq!(found(&[2.0]), (0, 2.0));
        assert_eq!(found(&[0.0, 0.0]), (0, 0.0));
        assert_eq!(found(&[]), (0, 0.0));
    }
}
