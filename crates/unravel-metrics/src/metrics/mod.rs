//! One file a metric: what it computes, its paper, range, direction, cost, variants and known traps.

pub mod active_units;
pub mod beta_vae_score;
pub mod dci;
pub mod dcimig;
pub mod downstream;
pub mod explicitness;
pub mod factor_vae_score;
mod gap;
pub mod infomec;
pub mod irs;
pub mod jemmig;
pub mod mig;
pub mod mig_chen;
pub mod mig_sup;
pub mod modularity;
pub mod sap;
pub mod udr;
pub mod unsupervised;
