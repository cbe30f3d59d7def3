//! Trains, encodes and scores one cohort: the only place where data, model, metrics and store meet.
