//! Regularisers in f64 against closed forms, against numerical integration, and against loops written from the
//! equations.

mod closed_forms;
mod discriminator;
mod documented;
mod estimators;
mod integration;
mod loops;
mod naive;
mod posteriors;
