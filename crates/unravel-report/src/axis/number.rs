//! Numbers as figures and pages write them.

/// Numbers of at least this size are written with a power of ten if they have decimals.
const LARGE: f64 = 1e9;
/// The same for whole numbers. It is larger, because counts are exact.
const LARGE_COUNT: f64 = 1e15;

/// Formats a number with `decimals`, commas between thousands and a true minus sign. Very large numbers are written as
/// `1.5e30`, infinity as `∞`, and NaN as a dash.
pub fn plain(value: f64, decimals: usize) -> String {
    let large = if decimals == 0 { LARGE_COUNT } else { LARGE };
    if value.is_nan() {
        return "–".to_owned();
    }
    if large <= value.abs() {
        return scientific(value, decimals.min(3));
    }
    let text = format!("{:.decimals$}", value.abs());
    let (whole, fraction) = text
        .split_once('.')
        .map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if 0 < i && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let is_zero = text.bytes().all(|b| b == b'0' || b == b'.');
    let sign = if value < 0.0 && !is_zero { "−" } else { "" };
    fraction.map_or_else(
        || format!("{sign}{grouped}"),
        |f| format!("{sign}{grouped}.{f}"),
    )
}

/// `1.50e30` with two decimals, `−1e−12` with none, with true minus signs.
pub fn scientific(value: f64, decimals: usize) -> String {
    if value.is_infinite() {
        return if value < 0.0 { "−∞" } else { "∞" }.to_owned();
    }
    format!("{value:.decimals$e}").replace('-', "−")
}

/// Formats a number with as few digits as possible and at most four decimals: `0.5`, `1,000`, `1e−7`.
pub fn short(value: f64) -> String {
    if value != 0.0 && !(1e-4..LARGE).contains(&value.abs()) {
        let text = format!("{value:e}");
        let n_digits = text.bytes().take_while(|b| *b != b'e').count();
        return if n_digits <= 6 {
            text.replace('-', "−")
        } else {
            scientific(value, 3)
        };
    }
    let text = format!("{value}");
    let decimals = text.split_once('.').map_or(0, |(_, f)| f.len().min(4));
    plain(value, decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_commas_a_true_minus_and_their_decimals() {
        let said = [(1234.5678, 2), (-0.2, 3), (-0.0001, 3), (0.0, 0)].map(|(v, d)| plain(v, d));
        assert_eq!(said, ["1,234.57", "−0.200", "0.000", "0"]);
    }

    #[test]
    fn very_large_numbers_have_a_power_of_ten_and_counts_all_their_digits() {
        let said =
            [(1e30, 2), (-1.2341e300, 3), (1.5e9, 1), (f64::MAX, 0)].map(|(v, d)| plain(v, d));
        assert_eq!(said, ["1.00e30", "−1.234e300", "1.5e9", "2e308"]);
        assert_eq!(plain(12_000_000_000.0, 0), "12,000,000,000");
        let odd = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(|value| plain(value, 2));
        assert_eq!(odd, ["∞", "−∞", "–"]);
    }

    #[test]
    fn strengths_are_as_short_as_they_can_be() {
        let values = [
            0.5,
            1000.0,
            0.000_123,
            1e-7,
            1e300,
            2.0 / 3.0,
            1.0 / 3e20,
            0.0,
            -4.0,
        ];
        let said = values.map(short);
        let expected = [
            "0.5",
            "1,000",
            "0.0001",
            "1e−7",
            "1e300",
            "0.6667",
            "3.333e−21",
            "0",
            "−4",
        ];
        assert_eq!(said, expected);
    }
}
