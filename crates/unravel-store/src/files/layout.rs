//! The files in a trial's folder: their names and kinds.

use unravel_score::named;

pub(crate) const TRIAL: &str = "trial.toml";
pub(crate) const STATE: &str = "state.json";
pub(crate) const LOCK: &str = "lock";
pub(crate) const LOG: &str = "log.txt";
pub(crate) const TRAIN_LOG: &str = "train.csv";
pub(crate) const CHECKPOINT: &str = "checkpoint.safetensors";
pub(crate) const PREVIOUS_CHECKPOINT: &str = "checkpoint.previous.safetensors";
pub(crate) const MODEL: &str = "model.safetensors";
pub(crate) const PICTURES: &str = "pictures.npz";
pub(crate) const PROBE: &str = "probe.npz";
pub(crate) const CODES: &str = "codes.npz";
pub(crate) const SCORES: &str = "scores";
pub(crate) const SCORE_SUFFIX: &str = ".json";

/// Every file of a trial's folder with its kind, except the lock. A new file is one row here.
pub(crate) const FILES: [(&str, FileKind); 10] = [
    (TRIAL, FileKind::Records),
    (STATE, FileKind::Records),
    (LOG, FileKind::Records),
    (TRAIN_LOG, FileKind::Curves),
    (CHECKPOINT, FileKind::Checkpoints),
    (PREVIOUS_CHECKPOINT, FileKind::Checkpoints),
    (MODEL, FileKind::Models),
    (PICTURES, FileKind::Pictures),
    (PROBE, FileKind::Probes),
    (CODES, FileKind::Codes),
];

named! {
    /// Kinds of files in a trial's folder, in the order in which they are listed.
    pub enum FileKind {
        /// Checkpoints: weights and optimiser moments.
        Checkpoints = "checkpoints",
        /// The final weights.
        Models = "models",
        /// Complete tables of codes.
        Codes = "codes",
        /// Codes at fixed points.
        Probes = "probes",
        /// Traversals, reconstructions and samples.
        Pictures = "pictures",
        /// Scores with their matrices.
        Scores = "scores",
        /// Training curves.
        Curves = "curves",
        /// Metadata: configuration, state, log, lock.
        Records = "records",
    }
}

impl FileKind {
    /// The kind of the file with this name.
    pub(crate) fn of(file_name: &str) -> Self {
        let row = FILES.iter().find(|(name, _)| *name == file_name);
        row.map_or(Self::Records, |(_, kind)| *kind)
    }
}

/// No metric of the field has a longer name.
pub(crate) const MAX_NAME_BYTES: usize = 64;

/// Whether this may be the name of a metric and so of a file: nothing in it can lead out of the folder.
pub(crate) fn is_metric_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(is_allowed)
}

/// Folders that are being removed, or that a crash kept from it.
pub(crate) const TRASH_PREFIX: &str = ".trash-";
