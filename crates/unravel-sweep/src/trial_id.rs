//! The name of a trial: a hash of everything that decides its result.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// 16 lowercase hexadecimal digits: the first 8 bytes of the BLAKE3 hash of a trial's canonical text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrialId(String);

/// A text that is not a trial id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a trial id: 16 digits, each 0-9 or a-f")]
pub struct TrialIdError(String);

impl TrialId {
    /// The id's digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of what this text describes.
    pub(crate) fn of(text: &str) -> Self {
        let mut digits = blake3::hash(text.as_bytes()).to_hex().to_string();
        digits.truncate(16);
        Self(digits)
    }
}

impl fmt::Display for TrialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TrialId {
    type Err = TrialIdError;

    fn from_str(text: &str) -> Result<Self, TrialIdError> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if text.len() == 16 && text.bytes().all(is_digit) {
            Ok(Self(text.to_owned()))
        } else {
            Err(TrialIdError(text.chars().take(40).collect()))
        }
    }
}

impl TryFrom<String> for TrialId {
    type Error = TrialIdError;

    fn try_from(text: String) -> Result<Self, TrialIdError> {
        text.parse()
    }
}

impl From<TrialId> for String {
    fn from(id: TrialId) -> Self {
        id.0
    }
}

#[cfg(test)]
mod tests {
    use super::TrialId;

    #[test]
    fn only_sixteen_lowercase_digits_are_an_id() {
        assert_eq!(
            "0123456789abcdef".parse::<TrialId>().unwrap().as_str(),
            "0123456789abcdef"
        );
        for bad in [
            "",
            "0123456789abcde",
            "0123456789ABCDEF",
            "../../etc/passwd",
            "0123456789abcdef0",
        ] {
            assert!(bad.parse::<TrialId>().is_err(), "{bad}");
        }
    }
}
