//! The classifiers and regressions that metrics train, small and with the results of scikit-learn's.

mod cholesky;
pub mod logistic;
mod multinomial;
