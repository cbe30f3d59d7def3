//! Conditions under which scores say little: one list, with a sentence for each.
//!
//! A metric that *cannot* be computed is refused ([`crate::MetricExt::check`]). These conditions are about tables that can be scored,
//! and whose scores mislead whoever does not know them. Their thresholds leave alone every complete grid that has ten
//! rows or more for each value of its factors, or at most 40 values, with codes that vary around zero; tables that are listed row by row are
//! looked at more closely, since their rows are a sample.

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
    /// By the factors alone, and what their file shows beside them.
    Factors(fn(&FactorGrid, &AsRead) -> Option<String>),
    /// By the codes, and what their file shows beside them.
    Codes(fn(&CodeTable<'_>, &AsRead) -> Option<String>),
}

/// What the file of a table shows and the table does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsRead {
    /// Names of the columns of factor values that have one value in all rows, and so are no factors of the table's
    /// grid.
    pub constant: Vec<String>,
    /// Codes of float64 that vary, and of which rounding to float32 changes the differences between rows, ascending.
    pub rounded: Vec<usize>,
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
pub const CONDITIONS: [Condition; 15] = [
    Condition {
        name: "many-values",
        when: "a factor has more than 40 values and fewer than 10 rows for each on average",
        effect: "where each value is a class, codes of the factor and codes of noise score alike",
        remedy: "put such values into bins with --factor-bins 20",
        concerns: of_factors,
        find: Find::Factors(|grid, _| factors::many_values(grid)),
    },
    Condition {
        name: "rare-values",
        when: "rows are listed, and a tenth or more of a factor's values have fewer than 10 rows",
        effect: "such values are never held fixed, and predictors learn them from next to nothing",
        remedy: "merge rare values, or leave their rows out",
        concerns: learns_or_matches,
        find: Find::Factors(|grid, _| factors::rare_values(grid)),
    },
    Condition {
        name: "never-fixed",
        when: "rows are listed, and a factor has fewer than two values with 10 rows",
        effect: "the score says nothing of the factor, which is never held fixed",
        remedy: "give more rows, or fewer values with --factor-bins",
        concerns: |metric, _| metric.needs().matching_points,
        find: Find::Factors(|grid, _| factors::never_fixed(grid)),
    },
    Condition {
        name: "one-value",
        when: "rows are listed, and 95 of 100 or more have the same value of a factor",
        effect: "the score of the factor is that of a few rows",
        remedy: "give more rows with other values, or leave the factor out",
        concerns: of_factors,
        find: Find::Factors(|grid, _| factors::one_value(grid)),
    },
    Condition {
        name: "constant-factor",
        when: "rows are listed, and all of them have the same value of a factor",
        effect: "it is no factor, and no score says anything of it",
        remedy: "give rows in which it varies",
        concerns: of_factors,
        find: Find::Factors(|grid, read| factors::constant(grid, &read.constant)),
    },
    Condition {
        name: "determined",
        when: "rows are listed, and the value of one factor tells that of another (in 90 of 100 rows, or 95 of 100 of its \
               entropy, by 5 rows or more for each value on average, or one to one)",
        effect: "a code of one is a code of the other, so gaps between factors and codes vanish",
        remedy: "leave one of the two out",
        concerns: of_factors,
        find: Find::Factors(|grid, _| factors::determined(grid)),
    },
    Condition {
        name: "few-rows",
        when: "fewer than 5,000 rows are listed",
        effect: "predictors are tested on rows that they were trained on, as points are drawn with replacement",
        remedy: "give more rows",
        concerns: |metric, variant| {
            let splits = matches!(variant, Variant::Study | Variant::RandomForest);
            splits && matches!(metric, Dci | Sap | Explicitness | Downstream)
        },
        find: Find::Factors(|grid, _| factors::few_rows(grid)),
    },
    Condition {
        name: "repeated-rows",
        when: "rows are listed, and a tenth or more repeat the factor values and the codes of another row",
        effect: "predictors are tested on copies of what they were trained on, and copies are each other's nearest neighbours",
        remedy: "give each row once",
        concerns: |metric, _| matches!(metric, Dci | Sap | Explicitness | Downstream | Infomec),
        find: Find::Codes(|table, _| codes::repeated_rows(table)),
    },
    Condition {
        name: "constant-codes",
        when: "no code varies",
        effect: "there is no representation to score",
        remedy: "look for a model that collapsed, or for a wrong array",
        concerns: |metric, _| metric != Udr,
        find: Find::Codes(|table, _| codes::constant(table)),
    },
    Condition {
        name: "one-code",
        when: "there is a single code",
        effect: "there is no second code to compare it with",
        remedy: "give all codes of the representation, a column each",
        concerns: |metric, _| {
            let compares_codes = matches!(metric, Mig | MigChen | Sap | Jemmig | Dci | Infomec);
            compares_codes || metric == FactorVaeScore
        },
        find: Find::Codes(|table, _| codes::single(table)),
    },
    Condition {
        name: "equal-codes",
        when: "two codes that vary are equal in every row",
        effect: "no factor is in one code alone",
        remedy: "look for a column that is there twice",
        concerns: |metric, _| {
            let compares_codes = matches!(metric, Mig | MigChen | Sap | Jemmig | Dci | Infomec);
            compares_codes || metric == Unsupervised
        },
        find: Find::Codes(|table, _| codes::equal(table)),
    },
    Condition {
        name: "one-bin",
        when: "a code varies within one of its 20 bins of equal width, and 99 of 100 rows or more are in that bin",
        effect: "metrics that bin it, or go by its range, see a constant",
        remedy: "look for rows with outlying codes, and clip them or leave them out",
        concerns: |metric, _| {
            let bins = matches!(metric, Mig | MigSup | Jemmig | Dcimig | Modularity);
            bins || matches!(metric, Unsupervised | Infomec)
        },
        find: Find::Codes(|table, _| codes::one_bin(table)),
    },
    Condition {
        name: "rounded-codes",
        when: "a code of float64 varies, and rounding it to float32 moves its values by a thousandth of its standard \
               deviation or more (root mean square)",
        effect: "its small differences are lost, and it is scored as what is left of it",
        remedy: "write codes - codes.mean(axis=0), or scale codes whose values are below 1e-37",
        concerns: |metric, _| metric != Udr,
        find: Find::Codes(|_, read| codes::rounded(read)),
    },
    Condition {
        name: "offset-codes",
        when: "the mean of a code is more than 2 of its standard deviations away from 0 (of codes whose standard deviation \
               is a twentieth of the largest or more)",
        effect: "the classifiers of `sap` penalise the intercept that such a code needs, as those of scikit-learn do, so the \
                 score depends on the offset",
        remedy: "write codes - codes.mean(axis=0)",
        concerns: |metric, _| metric == Sap,
        find: Find::Codes(|table, _| codes::offset(table)),
    },
    Condition {
        name: "small-codes",
        when: "codes vary, and none has a standard deviation of 0.05 or more",
        effect: "no code is active, so the score is 0 whatever they hold",
        remedy: "scale the codes",
        concerns: |metric, variant| metric == FactorVaeScore && variant != Variant::Lin2020,
        find: Find::Codes(|table, _| codes::small(table)),
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

/// What there is to say of these scores of a table, in the order of [`CONDITIONS`].
pub fn notes(table: &CodeTable<'_>, pairs: &[(Metric, Variant)], read: &AsRead) -> Vec<Note> {
    let find = |condition: &Condition| {
        let found = match condition.find {
            Find::Factors(find) => find(table.grid(), read),
            Find::Codes(find) => find(table, read),
        };
        found.map(|found| format!("{found}: {}; {}", condition.effect, condition.remedy))
    };
    found(pairs, find)
}

/// What there is to say of these scores of any codes of a grid, without remedies, which are about tables.
pub fn notes_of_grid(grid: &FactorGrid, pairs: &[(Metric, Variant)]) -> Vec<Note> {
    found(pairs, |condition| match condition.find {
        Find::Factors(find) => {
            let found = find(grid, &AsRead::default())?;
            Some(format!("{found}: {}", condition.effect))
        }
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
