//! A smooth density of a few values, for violins.

/// The Gaussian kernel density of `values` at each of `at`, with Silverman's bandwidth
/// 0.9 · min(sd, IQR / 1.34) · n^(−1/5); zeros where that is 0.
pub fn density(values: &[f64], at: &[f64]) -> Vec<f64> {
    let bandwidth = bandwidth(values);
    if bandwidth <= 0.0 {
        return vec![0.0; at.len()];
    }
    let scale = 1.0 / (values.len() as f64 * bandwidth * std::f64::consts::TAU.sqrt());
    let kernel = |at: f64, value: f64| (-0.5 * ((at - value) / bandwidth).powi(2)).exp();
    at.iter()
        .map(|&at| scale * values.iter().map(|&value| kernel(at, value)).sum::<f64>())
        .collect()
}

/// Silverman's rule of thumb (1986, equation 3.31).
pub fn bandwidth(values: &[f64]) -> f64 {
    let Some(sd) = super::Spread::of(values.iter().copied()).and_then(|spread| spread.sd) else {
        return 0.0;
    };
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let quartile = |p| super::interval::quantile(&sorted, p);
    let iqr = (quartile(0.75) - quartile(0.25)) / 1.34;
    let scale = if 0.0 < iqr { sd.min(iqr) } else { sd };
    0.9 * scale * (values.len() as f64).powf(-0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_density_has_area_one_and_is_highest_where_values_are() {
        let values = [0.1, 0.2, 0.22, 0.25, 0.7];
        let at: Vec<f64> = (0..2000).map(|i| i as f64 * 1e-3 - 0.5).collect();
        let density = density(&values, &at);
        let area: f64 = density.iter().sum::<f64>() * 1e-3;
        assert!((area - 1.0).abs() < 1e-3, "{area}");
        let top = (0..at.len())
            .max_by(|&a, &b| density[a].total_cmp(&density[b]))
            .unwrap();
        assert!((0.15..0.25).contains(&at[top]));
    }

    #[test]
    fn equal_values_have_no_density() {
        assert_eq!(density(&[1.0, 1.0], &[1.0]), [0.0]);
        assert_eq!(density(&[1.0], &[1.0]), [0.0]);
    }
}
