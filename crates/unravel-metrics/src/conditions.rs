//! Conditions under which scores are misleading: one list, with a sentence for each.
//!
//! A metric that *cannot* be computed is rejected ([`crate::MetricExt::check`]). These conditions are for tables that can
//! be scored but whose scores are misleading. None occurs for a complete grid with at least two factors that vary, with
//! at most 40 values or at least 10 rows for each value of a factor, and codes that vary around 0. Rows that are not a
//! complete grid are a sample, so more is checked for them.

mod codes;
mod factors;

use serde::Serialize;
use unravel_score::{Metric, Variant};

use crate::grid::FactorGrid;
use crate::table::CodeTable;

use Metric::{
    ActiveUnits, BetaVaeScore, Dci, Dcimig, Downstream, Explicitness, FactorVaeScore, Infomec, Irs,
    Jemmig, Mig, MigChen, MigSup, Modularity, Sap, Udr, Unsupervised,
};

/// A condition under which scores are misleading.
#[derive(Clone, Copy, Debug)]
pub struct Condition {
    /// Its name in results: `many-values`.
    pub name: &'static str,
    /// When it occurs, with its threshold.
    pub when: &'static str,
    /// Its consequence for the scores.
    pub effect: &'static str,
    /// How the user can remove it.
    pub remedy: &'static str,
    concerns: fn(Metric, Variant) -> bool,
    find: Find,
}

/// The check for a condition. It returns the first part of the note's sentence if the condition occurs.
#[derive(Clone, Copy, Debug)]
enum Find {
    /// Needs only the factors, and what their file shows.
    Factors(fn(&FactorGrid, &AsRead) -> Option<String>),
    /// Needs the codes, and what their file shows.
    Codes(fn(&CodeTable<'_>, &AsRead) -> Option<String>),
}

/// What the file of a table shows and the table itself does not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AsRead {
    /// Names of the columns with one value in all rows, which are not factors of the table's grid.
    pub constant: Vec<String>,
    /// Indices of the float64 codes whose differences between rows change when they are rounded to float32, ascending.
    pub rounded: Vec<usize>,
}

/// A note on the scores of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// The name of the [`Condition`].
    pub condition: &'static str,
    /// What was found, its consequence and the remedy.
    pub sentence: String,
    /// Names of the requested metrics that are affected.
    pub metrics: Vec<&'static str>,
}

/// Every condition, those of the factors first.
pub const CONDITIONS: [Condition; 16] = [
    Condition {
        name: "many-values",
        when: "a factor has more than 40 values and fewer than 10 rows for each on average",
        effect: "metrics that treat each value as a class give informative and random codes similar scores",
        remedy: "put such values into bins with --factor-bins 20",
        concerns: of_factors,
        find: Find::Factors(|grid, _| factors::many_values(grid)),
    },
    Condition {
        name: "rare-values",
        when: "the rows are not a complete grid, and a tenth or more of a factor's values have fewer than 10 rows",
        effect: "such values are never held fixed, predictors have almost no training points for them, and mutual information \
                 is overestimated",
        remedy: "merge rare values, or leave their rows out",
        concerns: of_factors,
        find: Find::Factors(|grid, _| factors::rare_values(grid)),
    },
    Condition {
        name: "never-fixed",
        when: "the rows are not a complete grid, and a factor has fewer than two values with 10 rows or more",
        effect: "the factor is never held fixed, so the score does not depend on it",
        remedy: "provide more rows, or fewer values with --factor-bins",
        concerns: |metric, _| metric.needs().matching_points,
        find: Find::Factors(|grid, _| factors::never_fixed(grid)),
    },
    Condition {
        name: "one-value",
        when: "the rows are not a complete grid, and at least 95 % of them have the same value of a factor",
        effect: "the score of the factor depends on a few rows",
        remedy: "provide more rows with other values, or leave out the factor",
        concerns: of_factors,
        find: Find::Factors(|grid, _| factors::one_value(grid)),
    },
    Condition {
        name: "constant-factor",
        when: "the rows are not a complete grid, and all of them have the same value of a factor",
        effect: "the factor is ignored in all scores",
        remedy: "provide rows with other values of the factor",
        concerns: of_factors,
        find: Find::Factors(|grid, read| factors::constant(grid, &read.constant)),
    },
    Condition {
        name: "determined",
        when: "the rows are not a complete grid, and one factor determines another (in at least 90 % of the rows, or at least \
               95 % of its entropy, with 5 rows or more per value on average, or one to one)",
        effect: "a code for one factor is also a code for the other, so gaps such as MIG are near 0",
        remedy: "remove one of the two factors",
        concerns: of_factors,
        find: Find::Factors(|grid, _| factors::determined(grid)),
    },
    Condition {
        name: "few-rows",
        when: "the rows are not a complete grid, and there are fewer than 5,000",
        effect: "predictors are tested on some of their training rows, because points are drawn with replacement",
        remedy: "provide more rows",
        concerns: |metric, variant| {
            let splits = matches!(variant, Variant::Study | Variant::RandomForest);
            splits && matches!(metric, Dci | Sap | Explicitness | Downstream)
        },
        find: Find::Factors(|grid, _| factors::few_rows(grid)),
    },
    Condition {
        name: "repeated-rows",
        when: "the rows are not a complete grid, and a tenth or more have the same factor values and codes as another row",
        effect: "predictors are tested on copies of training rows, and copies are each other's nearest neighbours",
        remedy: "remove duplicate rows",
        concerns: |metric, _| matches!(metric, Dci | Sap | Explicitness | Downstream | Infomec),
        find: Find::Codes(|table, _| codes::repeated_rows(table)),
    },
    Condition {
        name: "constant-codes",
        when: "no code varies",
        effect: "the scores are those of constant codes",
        remedy: "check whether the model collapsed or the wrong array was saved",
        concerns: |metric, _| metric != Udr,
        find: Find::Codes(|table, _| codes::constant(table)),
    },
    Condition {
        name: "one-code",
        when: "there is only one code",
        effect: "metrics that compare a code with the second best have no second code",
        remedy: "provide all codes of the representation, one per column",
        concerns: |metric, _| {
            let compares_codes = matches!(metric, Mig | MigChen | Sap | Jemmig | Dci | Infomec);
            compares_codes || metric == FactorVaeScore
        },
        find: Find::Codes(|table, _| codes::single(table)),
    },
    Condition {
        name: "equal-codes",
        when: "two varying codes are equal in every row",
        effect: "a factor that one of them encodes is also encoded by the other",
        remedy: "remove the duplicate column",
        concerns: |metric, _| {
            let compares_codes = matches!(metric, Mig | MigChen | Sap | Jemmig | Dci | Infomec);
            compares_codes || metric == Unsupervised
        },
        find: Find::Codes(|table, _| codes::equal(table)),
    },
    Condition {
        name: "one-bin",
        when: "at least 99 % of the values of a code are in one of its 20 equal-width bins, and vary within it",
        effect: "metrics that use the bins or the range treat the code as constant",
        remedy: "clip outliers of this code, or remove their rows",
        concerns: |metric, _| {
            let bins = matches!(metric, Mig | MigSup | Jemmig | Dcimig | Modularity);
            bins || matches!(metric, Unsupervised | Infomec | Irs)
        },
        find: Find::Codes(|table, _| codes::one_bin(table)),
    },
    Condition {
        name: "rounded-codes",
        when: "a code of float64 varies, and rounding it to float32 moves its values by a thousandth of its standard \
               deviation or more (root mean square)",
        effect: "the small differences of this code are lost and are not scored",
        remedy: "write codes - codes.mean(axis=0), or scale codes whose values are below 1e-37",
        concerns: |metric, _| metric != Udr,
        find: Find::Codes(|_, read| codes::rounded(read)),
    },
    Condition {
        name: "offset-codes",
        when: "the mean of a code is more than 2 of its standard deviations away from 0 (of codes whose standard deviation \
               is a twentieth of the largest or more)",
        effect: "`sap` depends on the offset, because its classifiers penalise the intercept, as scikit-learn's do",
        remedy: "write codes - codes.mean(axis=0)",
        concerns: |metric, _| metric == Sap,
        find: Find::Codes(|table, _| codes::offset(table)),
    },
    Condition {
        name: "small-codes",
        when: "codes vary, but none has a standard deviation of 0.05 or more",
        effect: "no code is active, so the score is 0",
        remedy: "scale the codes",
        concerns: |metric, variant| metric == FactorVaeScore && variant != Variant::Lin2020,
        find: Find::Codes(|table, _| codes::small(table)),
    },
    Condition {
        name: "unscaled-codes",
        when: "codes vary, but none has a standard deviation of 0.05 or more",
        effect: "the classifiers are regularised and use the codes as they are, so the score falls with their scale",
        remedy: "divide the codes by a common factor that makes their standard deviations about 1",
        concerns: |metric, _| matches!(metric, BetaVaeScore | Sap),
        find: Find::Codes(|table, _| codes::small(table)),
    },
];

/// Whether the metric uses the factors.
fn of_factors(metric: Metric, _: Variant) -> bool {
    !matches!(metric, Unsupervised | ActiveUnits | Udr)
}

/// The notes on these scores of a table, in the order of [`CONDITIONS`]. `read` is what the table's file shows.
pub fn notes(table: &CodeTable<'_>, pairs: &[(Metric, Variant)], read: &AsRead) -> Vec<Note> {
    let find = |condition: &Condition| {
        let found = match condition.find {
            Find::Factors(find) => find(table.grid(), read),
            Find::Codes(find) => find(table, read),
        };
        found.map(|found| format!("{found}; {}; {}", condition.effect, condition.remedy))
    };
    found(pairs, find)
}

/// The notes on these scores that hold for any codes of the grid. They contain no remedies, because remedies are for tables.
pub fn notes_of_grid(grid: &FactorGrid, pairs: &[(Metric, Variant)]) -> Vec<Note> {
    found(pairs, |condition| match condition.find {
        Find::Factors(find) => {
            let found = find(grid, &AsRead::default())?;
            Some(format!("{found}; {}", condition.effect))
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

/// The first few items, and the number of the others.
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
