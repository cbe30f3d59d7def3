//! What the codes do: traversals, reconstructions and prior samples of each setting's best trial.

mod choose;
mod draw;

pub use choose::{Best, BestTrials, best_trials};
pub use draw::{SheetFile, sheets};
