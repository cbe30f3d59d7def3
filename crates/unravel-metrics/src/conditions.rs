//! Conditions under which scores say little: one list, with a sentence for each.
//!
//! A metric that *cannot* be computed is refused ([`crate::MetricExt::check`]). These conditions are about tables that
//! can be scored, and whose scores mislead whoever does not know them. Their thresholds leave alone every complete grid
//! of two factors or more and every representation that varies; what is listed row by row is looked at more closely,
//! since its rows are a sample of something.

mod codes;
mod factors;

use serde::Serialize;
use unravel_score::{Metric, Variant};

use crate::grid::FactorGrid;
use crate::table::CodeTable;

use Metric::{
    ActiveUnits, BetaVaeScore, Dci, Dcimig, Downstream, Explicitness, FactorVaeScore, Infomec,
    Jemmig, Mig, MigChen, MigSup, Modularity, Sap, Udr, Unsupervised,
};

/// A condition under which scores say little.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// Its name in results: `many-values`.
    pub name: &'static str,
    /// When it holds, with its threshold.
    pub when: &'static str,
    /// What it does to the scores.
    pub effect: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
    concerns: fn(Metric, Variant) -> bool,
    find: Find,
}

/// How a condition is found: a sentence without its end where it holds.
#[derive(Clone, Copy, Debug)]
enum Find {
    /// By the factors alone; columns that never change are no factors of the grid, and are given by name.
    Factors(fn(&FactorGrid, &[String]) -> Option<String>),
    /// By the codes.
    Codes(fn(&CodeTable<'_>) -> Option<String>),
}

/// What there is to say of the scores of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The name of the [`Condition`].
    pub condition: &'static str,
    /// What was found, what it does, and what to do about it.
    pub sentence: String,
    /// Names of the metrics that it concerns, of those that are asked for.
    pub metrics: Vec<&'static str>,
}

/// Every condition, those of the factors first.
pub const CONDITIONS: [Condition; 13] = [
    Condition {
        name: "many-values",
        when: "a factor has more than 40 values and fewer than 10 rows for each on average (in a complete grid: fewer than 2)",
        effect: "each value is a class, so codes of the factor and codes of noise get similar scores",
        remedy: "bin such values with --factor-bins 20",
        concerns: of_factors,
        find: Find::Factors(factors::many_values),
    },
    Condition {
        name: "rare-values",
        when: "rows are listed, and a tenth or more of a factor's values have fewer than 10 rows",
        effect: "such values are never fixed, and predictors have very few training rows for them",
        remedy: "merge rare values, or remove their rows",
        concerns: learns_or_matches,
        find: Find::Factors(factors::rare_values),
    },
    Condition {
        name: "never-fixed",
        when: "rows are listed, and a factor has fewer than two values with 10 rows",
        effect: "the factor is never fixed, so the score has no information about it",
        remedy: "provide more rows, or fewer values with --factor-bins",
        concerns: |metric, _| metric.needs().matching_points,
        find: Find::Factors(factors::never_fixed),
    },
    Condition {
        name: "one-value",
        when: "rows are listed, and 95 of 100 or more have the same value of a factor",
        effect: "the score of the factor depends on a few rows",
        remedy: "provide more rows with other values, or remove the factor",
        concerns: of_factors,
        find: Find::Factors(factors::one_value),
    },
    Condition {
        name: "constant-factor",
        when: "rows are listed, and all of them have the same value of a factor",
        effect: "it does not vary, so no score has information about it",
        remedy: "provide rows in which it varies",
        concerns: of_factors,
        find: Find::Factors(factors::constant),
    },
    Condition {
        name: "determined",
        when: "rows are listed, and the value of one factor tells that of another (95 of 100 of its entropy, by 5 rows or \
               more for each value on average, or one to one)",
        effect: "a code of one factor also encodes the other, so gaps between the two factors vanish",
        remedy: "remove one of the two",
        concerns: of_factors,
        find: Find::Factors(factors::determined),
    },
    Condition {
        name: "few-rows",
        when: "fewer than 5,000 rows are listed",
        effect: "predictors are tested on some of their training rows, because points are drawn with replacement",
        remedy: "provide at least 5,000 rows",
        concerns: |metric, variant| {
            let splits = matches!(variant, Variant::Study | Variant::RandomForest);
            splits && matches!(metric, Dci | Sap | Explicitness | Downstream)
        },
        find: Find::Factors(factors::few_rows),
    },
    Condition {
        name: "repeated-rows",
        when: "rows are listed, and a tenth or more repeat the factor values and the codes of another row",
        effect: "predictors are tested on copies of their training rows, and copies are nearest neighbours of each other",
        remedy: "remove the repeated rows",
        concerns: |metric, _| matches!(metric, Dci | Sap | Explicitness | Downstream | Infomec),
        find: Find::Codes(codes::repeated_rows),
    },
    Condition {
        name: "constant-codes",
        when: "no code varies",
        effect: "there is no representation to score",
        remedy: "check whether the model collapsed or the array is wrong",
        concerns: |metric, _| metric != Udr,
        find: Find::Codes(codes::constant),
    },
    Condition {
        name: "one-code",
        when: "there is only one code",
        effect: "there is no second code for comparison",
        remedy: "provide all codes of the representation, one per column",
        concerns: |metric, _| {
            let compares_codes = matches!(metric, Mig | MigChen | Sap | Jemmig | Dci | Infomec);
            compares_codes || metric == FactorVaeScore
        },
        find: Find::Codes(codes::single),
    },
    Condition {
        name: "equal-codes",
        when: "two codes that vary are equal in every row",
        effect: "no factor is encoded by only one of them",
        remedy: "remove the duplicate column",
        concerns: |metric, _| {
            let compares_codes = matches!(metric, Mig | MigChen | Sap | Jemmig | Dci | Infomec);
            compares_codes || metric == Unsupervised
        },
        find: Find::Codes(codes::equal),
    },
    Condition {
        name: "one-bin",
        when: "a code varies within one of its 20 bins of equal width, and 99 of 100 rows or more are in that bin",
        effect: "metrics that use bins or the range treat it as constant",
        remedy: "clip or remove the rows with outliers",
        concerns: |metric, _| {
            let bins = matches!(metric, Mig | MigSup | Jemmig | Dcimig | Modularity);
            bins || matches!(metric, Unsupervised | Infomec)
        },
        find: Find::Codes(codes::one_bin),
    },
    Condition {
        name: "small-codes",
        when: "codes vary, and none has a standard deviation of 0.05 or more",
        effect: "no code is active, so the score is 0",
        remedy: "scale the codes",
        concerns: |metric, variant| metric == FactorVaeScore && variant != Variant::Lin2020,
        find: Find::Codes(codes::small),
    },
];

/// Looks at the factors.
fn of_factors(metric: Metric, _: Variant) -> bool {
    !matches!(metric, Unsupervised | ActiveUnits | Udr)
}

/// Trains predictors of the factors or weighs their values alike, or holds values fixed.
fn learns_or_matches(metric: Metric, _: Variant) -> bool {
    let learns = matches!(metric, Dci | Sap | Explicitness | Downstream | Infomec);
    learns || matches!(metric, BetaVaeScore | FactorVaeScore)
}

/// What there is to say of these scores of a table, in the order of [`CONDITIONS`]. `constant` are names of columns
/// that have one value in all rows, and so are no factors of the table's grid.
pub fn notes(table: &CodeTable<'_>, pairs: &[(Metric, Variant)], constant: &[String]) -> Vec<Note> {
    let find = |condition: &Condition| {
        let found = match condition.find {
            Find::Factors(find) => find(table.grid(), constant),
            Find::Codes(find) => find(table),
        };
        found.map(|found| format!("{found}; {}; {}", condition.effect, condition.remedy))
    };
    found(pairs, find)
}

/// What there is to say of these scores of any codes of a grid, without remedies, which are about tables.
pub fn notes_of_grid(grid: &FactorGrid, pairs: &[(Metric, Variant)]) -> Vec<Note> {
    found(pairs, |condition| match condition.find {
        Find::Factors(find) => Some(format!("{}; {}", find(grid, &[])?, condition.effect)),
        Find::Codes(_) => None,
    })
}

fn found(pairs: &[(Metric, Variant)], find: impl Fn(&Condition) -> Option<String>) -> Vec<Note> {
    let note = |condition: &Condition| {
        let mut metrics: Vec<&str> = pairs
            .iter()
            .filter(|&&(metric, variant)| (condition.concerns)(metric, variant))
            .map(|(metric, _)| metric.name())
            .collect();
        metrics.dedup();
        if metrics.is_empty() {
            return None;
        }
        Some(Note {
            condition: condition.name,
            sentence: find(condition)?,
            metrics,
        })
    };
    CONDITIONS.iter().filter_map(note).collect()
}

/// The first of many items, and how many there are beside them.
fn listed(items: &[String]) -> String {
    const SHOWN: usize = 4;
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>();
    match items.len().saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests;
