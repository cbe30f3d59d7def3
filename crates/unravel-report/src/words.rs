//! Names and numbers for people.

use crate::axis::plain;
use crate::stats::Spread;
use unravel_metrics::MetricExt;
use unravel_score::{MetricName, Representation, RepresentationName, Variant, VariantName};

/// A metric's name for people. It also works for metrics that this version does not know.
pub fn metric_title(metric: &MetricName) -> String {
    let known = metric.known();
    known.map_or_else(
        || title_case(metric.as_str()),
        |metric| metric.title().to_owned(),
    )
}

fn title_case(name: &str) -> String {
    capital(&name.replace(['-', '_'], " "))
}

/// What a metric measures and where it was published; empty for an unknown metric.
pub fn metric_sentence(metric: &MetricName) -> String {
    metric.known().map_or_else(String::new, |metric| {
        let definition = metric.definition();
        format!("{}. {}.", capital(definition.one_line), definition.paper)
    })
}

/// Capitalises the first letter.
pub fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// A description of a variant, without the final stop; empty for an unknown variant.
pub fn variant_sentence(variant: &VariantName) -> &'static str {
    let known = match variant {
        VariantName::Known(known) => known,
        VariantName::Probe => return "mean over a fixed, evenly spaced set of grid points",
        VariantName::Unknown(_) => return "",
    };
    match known {
        Variant::Study => {
            "samples points with the settings of Locatello et al. 2019, once per evaluation seed"
        }
        Variant::Exact => "computed on every point of the grid, without sampling",
        Variant::Lasso => "uses linear regression with an L1 penalty, without sampling",
        Variant::RandomForest => "uses random forests, once per evaluation seed",
        Variant::Spearman => "uses rank correlations, without sampling",
        Variant::Lin2020 => {
            "uses the protocol of Lin et al. 2020 and scores predictors on their training points, once per evaluation seed"
        }
    }
}

/// A variant with a few words about it, for captions: `exact (every point of the grid)`.
pub fn variant_words(variant: &VariantName) -> String {
    let VariantName::Known(known) = variant else {
        return variant.to_string();
    };
    let words = match known {
        Variant::Study => "settings of Locatello et al. 2019",
        Variant::Exact => "every point of the grid",
        Variant::Lasso => "linear regression with an L1 penalty",
        Variant::RandomForest => "random forests",
        Variant::Spearman => "rank correlations",
        Variant::Lin2020 => "protocol of Lin et al. 2020",
    };
    format!("{variant} ({words})")
}

/// A representation for captions: `posterior mean`.
pub fn representation_words(representation: &RepresentationName) -> String {
    if *representation == Representation::Mean {
        "posterior mean".to_owned()
    } else if *representation == Representation::Sampled {
        "one sample of each posterior".to_owned()
    } else {
        representation.to_string()
    }
}

/// `MIG · exact`, and the representation unless it is the mean.
pub fn score_title(
    metric: &MetricName,
    variant: &VariantName,
    representation: &RepresentationName,
) -> String {
    let codes = if *representation == Representation::Mean {
        String::new()
    } else {
        format!(" · {representation} codes")
    };
    format!("{} · {variant}{codes}", metric_title(metric))
}

/// A loss term's name for people: `Reconstruction error`.
pub fn term_name(term: &str) -> String {
    let name = match term.strip_suffix("_nats").unwrap_or(term) {
        "reconstruction" => "Reconstruction error",
        "kl" => "KL divergence from the prior",
        "tc" | "total_correlation" => "Total correlation (estimate)",
        "elbo" => "Evidence lower bound",
        other => return title_case(other),
    };
    name.to_owned()
}

/// A loss term's unit; empty if its name has none.
pub fn term_unit(term: &str) -> &'static str {
    if term.ends_with("_nats") {
        "nats per image"
    } else {
        ""
    }
}

/// `Reconstruction error, nats per image`.
pub fn term_title(term: &str) -> String {
    match term_unit(term) {
        "" => term_name(term),
        unit => format!("{}, {unit}", term_name(term)),
    }
}

/// Decimals for a score or a number of nats.
pub fn decimals(quantity: &str) -> usize {
    if quantity.ends_with("_nats") { 2 } else { 3 }
}

/// `0.312 ± 0.041`; `0.312 ± –` if there is no sd (a single seed).
pub fn plus_minus(spread: &Spread, decimals: usize) -> String {
    let sd = spread
        .sd
        .map_or_else(|| "–".to_owned(), |sd| plain(sd, decimals));
    format!("{} ± {sd}", plain(spread.mean, decimals))
}

/// `1 trial`, `3 trials`.
pub fn count(n: usize, noun: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {noun}{s}", plain(n as f64, 0))
}

/// `a, b and c`.
pub fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// Seconds as `45 s`, `12 min` or `3.4 h`.
pub fn duration(secs: f64) -> String {
    if secs < 100.0 {
        format!("{} s", plain(secs, 0))
    } else if secs < 100.0 * 60.0 {
        format!("{} min", plain(secs / 60.0, 0))
    } else {
        format!("{} h", plain(secs / 3600.0, 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_counts() {
        let spread = |sd| Spread {
            mean: 1234.5678,
            sd,
            n: 2,
        };
        assert_eq!(plus_minus(&spread(Some(0.25)), 2), "1,234.57 ± 0.25");
        assert_eq!(plus_minus(&spread(None), 2), "1,234.57 ± –");
        assert_eq!(
            [count(1, "trial"), count(1800, "trial")],
            ["1 trial", "1,800 trials"]
        );
        assert_eq!(list(&["a", "b", "c"].map(str::to_owned)), "a, b and c");
        assert_eq!(
            [45.2, 700.0, 12_300.0].map(duration),
            ["45 s", "12 min", "3.4 h"]
        );
    }

    #[test]
    fn names_that_are_not_known_are_still_readable() {
        assert_eq!(metric_title(&"no-such-metric".into()), "No such metric");
        assert_eq!(
            term_title("discriminator_loss_nats"),
            "Discriminator loss, nats per image"
        );
    }
}
