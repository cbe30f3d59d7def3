//! A sweep file's text, validated and expanded into trials.
//!
//! Pure: no input, no output, no clock, no randomness. It knows the words of a sweep file and what they may hold; it
//! knows nothing of tensors, pixels, stores or devices, and of
//! scores only their names. Its reference for people is `docs/sweep-file.md`.
//!
//! ```
//! let text = r#"
//!     format-version = 1
//!     name = "example"
//!     [[arm]]
//!     seeds = 10
//!     objective.beta-vae = { beta = [1, 4, 16] }
//! "#;
//! let sweep = unravel_sweep::parse(text)?;
//! assert_eq!(sweep.n_trials(), 30);
//! let settings = unravel_sweep::settings(&sweep.trials("dsprites"));
//! assert_eq!(settings[1].label, "β-VAE β=4");
//!
//! let faults = unravel_sweep::parse(&text.replace("seeds", "sedes")).unwrap_err();
//! assert_eq!(faults.positions(), [(5, 5)]);
//! # Ok::<(), unravel_sweep::Faults>(())
//! ```
//!
//! A new key is one entry in `field/`; a new objective is a variant of [`Objective`], a [`Family`] and its keys there.

mod claim;
mod data;
mod evaluation;
mod fault;
mod field;
mod identity;
mod key_constraints;
mod loss_weight;
mod model;
mod number;
mod objective;
pub mod printable;
mod published;
mod read;
mod report;
mod requests;
mod setting;
mod sweep;
mod training;
mod trial;
mod trial_id;
mod validity;

pub use claim::{Claim, Claimed, Measure, Trend};
pub use data::{DSPRITES_FACTORS, DataConfig, DatasetSource};
pub use evaluation::EvaluationConfig;
pub use fault::{Fault, Faults};
pub use identity::SEMANTICS_VERSION;
pub use loss_weight::{Cycle, Ramp, Schedule, Weight};
pub use model::{Architecture, Initialisation, Likelihood, ModelConfig};
pub use objective::{
    Combined, DipKind, DiscriminatorConfig, Estimator, Family, Objective, PermutedBatch,
};
pub use published::{Published, PublishedMeasure, PublishedPoint, SpreadKind, Trust};
pub use read::{FORMAT_VERSION, MAX_TRIALS, parse, span_of};
pub use report::{FIGURES, ReportConfig};
pub use setting::{Setting, settings};
pub use sweep::{Arm, Sweep};
pub use training::TrainingConfig;
pub use trial::Trial;
pub use trial_id::{TrialId, TrialIdError};
pub use unravel_score::Representation;
pub use validity::TrialError;
