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

#[cfg(test)]
mod tests {
    use super::grouped;

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
