//! Names of the files in a trial's folder.

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

/// Every file of a trial's folder but the lock, which comes and goes by rules of its own.
pub(crate) const FILES: [&str; 10] = [
    TRIAL,
    STATE,
    LOG,
    TRAIN_LOG,
    CHECKPOINT,
    PREVIOUS_CHECKPOINT,
    MODEL,
    PICTURES,
    PROBE,
    CODES,
];

/// No metric of the field has a longer name.
pub(crate) const MAX_NAME_BYTES: usize = 64;

/// Whether this may be the name of a metric and so of a file: nothing in it can lead out of the folder.
pub(crate) fn is_metric_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.bytes().all(is_allowed)
}

/// Folders that are being removed, or that a crash kept from it.
pub(crate) const TRASH_PREFIX: &str = ".trash-";
