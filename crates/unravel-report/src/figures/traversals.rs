//! Latent traversals, reconstructions and samples from the prior of each setting's best trial.

mod animate;
mod choose;
mod draw;

pub use animate::animation;
pub use choose::{Best, BestTrials, best_trials};
pub use draw::{POSTERIOR_TRAVERSALS, Pictured, SheetFile, sheets};
