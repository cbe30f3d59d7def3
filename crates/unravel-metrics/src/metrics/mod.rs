//! One file a metric: what it computes, its paper, range, direction, cost, variants and known traps.

pub mod beta_vae_score;
pub mod factor_vae_score;
pub mod mig;
