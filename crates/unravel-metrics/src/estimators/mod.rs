//! The classifiers and regressions that metrics train, small and with the results of scikit-learn's.

pub mod boosting;
mod cholesky;
pub mod logistic;
mod multinomial;
mod tree;
