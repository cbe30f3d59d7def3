//! What figures and sentences compute from scores; each file one idea, none of them knows where numbers come from.

pub mod density;
pub mod difference;
pub mod interval;
pub mod pareto;
pub mod rank;
mod spread;
pub mod variance;

pub use spread::Spread;
