//! The classifiers and regressions that metrics train, small and with the results of scikit-learn's.

pub mod balanced_logistic;
mod blocked;
pub mod boosting;
mod cholesky;
mod exp;
pub mod forest;
pub mod indicators;
pub mod knn_information;
pub mod lasso;
mod lbfgs;
pub mod linear_svm;
pub mod logistic;
pub mod logistic_cv;
mod multinomial;
mod newton_cg;
pub mod one_vs_rest;
pub mod roc;
mod step_halving;
mod tree;
mod vectors;
