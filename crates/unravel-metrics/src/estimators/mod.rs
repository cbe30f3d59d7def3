//! The classifiers and regressions that metrics train, small and with the results of scikit-learn's.

pub mod balanced_logistic;
mod cholesky;
pub mod knn_information;
mod lbfgs;
pub mod logistic;
mod multinomial;
