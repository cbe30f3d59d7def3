//! Numbers for people.

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (idx, digit) in digits.chars().enumerate() {
        if 0 < idx && (digits.len() - idx).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `a whole number from 1 to 1,000`; a limit beyond what anyone writes is left out.
pub(crate) fn whole_numbers(min: u64, max: u64) -> String {
    if max == i64::MAX as u64 {
        format!("a whole number, {min} or more")
    } else {
        format!(
            "a whole number from {} to {}",
            grouped(min.into()),
            grouped(max.into())
        )
    }
}

/// The shortest form that reads back the same, without an exponent: 4 and 4.0 are one text, and so are 0 and -0.
pub(crate) fn plain(number: f64) -> String {
    (number + 0.0).to_string() // -0 + 0 is 0
}

/// The same for labels: with an exponent where that is far from 1, so that it takes no more than some 20 characters.
pub(crate) fn short(number: f64) -> String {
    let size = number.abs();
    match size == 0.0 || (1e-6..1e12).contains(&size) {
        true => plain(number),
        false => format!("{number:e}"),
    }
}

/// Whether float32, in which trials train, has the number: 0, or in size from the least normal number to the greatest.
pub(crate) fn fits_float32(number: f64) -> bool {
    let normal = f64::from(f32::MIN_POSITIVE)..=f64::from(f32::MAX);
    number == 0.0 || normal.contains(&number.abs())
}

#[cfg(test)]
mod tests {
    use super::{fits_float32, grouped, short};

    #[test]
    fn labels_are_short_and_usual_numbers_as_people_write_them() {
        let usual = [0.0, -0.0, 4.0, 0.0001, 1e-6, 300_000.0, 1e9, -2.5];
        let texts = [
            "0",
            "0",
            "4",
            "0.0001",
            "0.000001",
            "300000",
            "1000000000",
            "-2.5",
        ];
        assert_eq!(usual.map(short), texts);
        assert_eq!(
            [1e-7, 3e38, -1.5e-20].map(short),
            ["1e-7", "3e38", "-1.5e-20"]
        );
    }

    #[test]
    fn numbers_of_training_are_those_of_float32() {
        for number in [0.0, -0.0, 1e-37, -1e-37, 3.4e38, 1.0] {
            assert!(fits_float32(number), "{number:e}");
        }
        for number in [
            5e-324,
            1e-39,
            3.5e38,
            1e300,
            -1e300,
            f64::NAN,
            f64::INFINITY,
        ] {
            assert!(!fits_float32(number), "{number:e}");
        }
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        assert_eq!(
            ["7", "737,280", "1,000,000"],
            [7, 737_280, 1_000_000]
                .map(grouped)
                .each_ref()
                .map(String::as_str)
        );
    }
}
