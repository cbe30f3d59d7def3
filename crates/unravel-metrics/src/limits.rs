//! Limits of what can be scored.

/// Log variances whose variance single precision can hold.
pub const LOGVAR_RANGE: [f32; 2] = [-87.0, 88.0];

/// Rows that a value of a factor needs to be held fixed: fewer say little of how codes vary around it.
pub const MIN_MATCHING_ROWS: usize = 10;
