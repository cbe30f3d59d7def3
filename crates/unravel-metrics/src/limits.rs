//! Limits of what can be scored.

/// Log variances whose variance is representable in single precision.
pub const LOGVAR_RANGE: [f32; 2] = [-87.0, 88.0];

/// The least number of rows of a factor value that can be held fixed. Fewer rows give poor estimates of how codes vary.
pub const MIN_MATCHING_ROWS: usize = 10;
